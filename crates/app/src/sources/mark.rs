//! Hashes of what a row says: of all of it, and of each value.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};
use tenure_model::{Attributes, Value};

use crate::estate::hex;

/// A hash of each value by the name of its column. Short: two values of one person that have the
/// same by chance, once in four thousand million changes, are told with the next change.
pub(crate) type Marks = BTreeMap<String, String>;

/// A hash of all that a row says, without the key: the same people under other keys are found by it.
pub(crate) fn of_row(key: &str, row: &Attributes) -> [u8; 16] {
    let mut hash = Sha256::new();
    for (name, value) in row.iter().filter(|(_, value)| !is_key(key, value)) {
        hash.update(name.as_bytes());
        hash.update([0]);
        hash.update(bytes(value));
        hash.update([0]);
    }
    let whole: [u8; 32] = hash.finalize().into();
    std::array::from_fn(|place| whole.get(place).copied().unwrap_or(0))
}

/// A hash of each value. What is cleared has none.
pub(crate) fn of_values(key: &str, row: &Attributes) -> Marks {
    let has_value = |value: &Value| *value != Value::Cleared && !is_key(key, value);
    row.iter().filter(|(_, value)| has_value(value)).map(|(name, value)| (name.clone(), of_value(value))).collect()
}

/// A hash of one value.
pub(crate) fn of_value(value: &Value) -> String {
    let whole: [u8; 32] = Sha256::digest(bytes(value)).into();
    hex(whole.get(..4).unwrap_or_default())
}

/// A number of so many bits from a hash, for sets of what was seen.
pub(crate) fn of_key(key: &str) -> u128 {
    let whole: [u8; 32] = Sha256::digest(key.as_bytes()).into();
    u128::from_be_bytes(std::array::from_fn(|place| whole.get(place).copied().unwrap_or(0)))
}

fn is_key(key: &str, value: &Value) -> bool {
    value.as_text() == Some(key)
}

fn bytes(value: &Value) -> Vec<u8> {
    // A value of ours always has a JSON form.
    serde_json::to_vec(value).unwrap_or_default()
}

/// The text that this one comes from, if it is UTF-8 that was read as Windows-1252.
pub(crate) fn read_rightly(text: &str) -> Option<String> {
    if text.is_ascii() {
        return None;
    }
    let bytes: Option<Vec<u8>> = text.chars().map(byte).collect();
    String::from_utf8(bytes?).ok()
}

/// The byte that Windows-1252 reads as this letter.
fn byte(letter: char) -> Option<u8> {
    const HIGH: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}', '‘',
        '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
    ];
    if let Some(place) = HIGH.iter().position(|high| *high == letter) {
        return u8::try_from(0x80 + place).ok();
    }
    u8::try_from(u32::from(letter)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_with_another_charset_is_found_out() {
        for name in ["Zoë Müller", "Łukasz", "Ásgeir Ö", "O’Brien"] {
            let wrong: String = name.bytes().map(encoding).collect();
            assert_eq!(read_rightly(&wrong).as_deref(), Some(name), "{wrong}");
        }
        for honest in ["Ada", "Zoë Müller", "Ñandú", ""] {
            assert_eq!(read_rightly(honest), None, "{honest}");
        }
    }

    fn encoding(wanted: u8) -> char {
        (0..=0x2122).filter_map(char::from_u32).find(|letter| byte(*letter) == Some(wanted)).unwrap()
    }

    #[test]
    fn a_row_is_known_by_what_it_says_and_not_by_its_key() {
        let row = |key: &str| Attributes::from([("id".into(), key.into()), ("name".into(), "Ada".into())]);
        assert_eq!(of_row("E1", &row("E1")), of_row("1", &row("1")));
        assert_ne!(of_row("E1", &row("E1")), of_row("E1", &row("E2")));
        assert_eq!(of_values("E1", &row("E1")).keys().collect::<Vec<_>>(), ["name"]);
    }
}
