//! How single attributes are written in a directory and how they are meant: texts, moments,
//! GUIDs and SIDs.

use jiff::civil::Time;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use tenure_model::Value;

use super::dialect::{Dialect, one_of};
use super::entry::{texts_of, value_of};

/// How the values of an attribute are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// As they are meant.
    Text,
    /// Moments in tenths of a microsecond since 1601, where 0 and the greatest number are none.
    Moment,
}

/// Seconds from 1601, where Windows begins to count, to 1970.
const SECONDS_1601_TO_1970: i64 = 11_644_473_600;
const TICKS_IN_A_SECOND: i64 = 10_000_000;
/// What Windows writes for a moment that never comes.
const NEVER: &str = "9223372036854775807";
const MOMENTS: [&str; 5] = ["accountExpires", "pwdLastSet", "lastLogonTimestamp", "lastLogon", "lockoutTime"];

impl Form {
    /// Of this attribute.
    pub(super) fn of(dialect: Dialect, name: &str) -> Self {
        match dialect {
            Dialect::ActiveDirectory if one_of(name, &MOMENTS) => Self::Moment,
            Dialect::ActiveDirectory | Dialect::Rfc => Self::Text,
        }
    }

    /// What was read, as it is meant.
    pub(super) fn read(self, texts: Vec<String>) -> Option<Value> {
        match self {
            Self::Text => value_of(texts),
            Self::Moment => moment(texts.first()?).map(Value::Instant),
        }
    }

    /// What is meant, as it is written; none where it cannot be.
    pub(super) fn write(self, value: &Value) -> Option<Vec<String>> {
        match (self, value) {
            (Self::Text, _) => texts_of(value),
            (Self::Moment, Value::Cleared) => Some(vec![NEVER.to_owned()]),
            (Self::Moment, Value::Instant(moment)) => Some(vec![ticks(*moment)?.to_string()]),
            // The account can be used until the end of its last day.
            (Self::Moment, Value::Date(day)) => {
                let end = day.checked_add(1.day()).ok()?.to_datetime(Time::midnight());
                Some(vec![ticks(end.to_zoned(TimeZone::UTC).ok()?.timestamp())?.to_string()])
            }
            (Self::Moment, Value::Text(text)) => {
                let value = match text.parse::<Timestamp>() {
                    Ok(moment) => Value::Instant(moment),
                    Err(_) => Value::Date(text.parse().ok()?),
                };
                self.write(&value)
            }
            (Self::Moment, Value::Number(_) | Value::Flag(_) | Value::List(_)) => None,
        }
    }
}

fn moment(text: &str) -> Option<Timestamp> {
    let ticks: i64 = text.parse().ok().filter(|ticks| *ticks > 0 && *ticks != i64::MAX)?;
    let seconds = ticks / TICKS_IN_A_SECOND - SECONDS_1601_TO_1970;
    let nanoseconds = i32::try_from(ticks % TICKS_IN_A_SECOND * 100).ok()?;
    Timestamp::new(seconds, nanoseconds).ok()
}

fn ticks(moment: Timestamp) -> Option<i64> {
    let since_1601 = moment.as_second().checked_add(SECONDS_1601_TO_1970)?;
    let ticks = since_1601.checked_mul(TICKS_IN_A_SECOND)?;
    ticks.checked_add(i64::from(moment.subsec_nanosecond()) / 100).filter(|ticks| *ticks > 0)
}

/// Bytes of an attribute as a text; none where they are none.
pub(super) fn text(name: &str, bytes: Vec<u8>) -> Option<String> {
    match name {
        "objectguid" | "invocationid" => guid(&bytes),
        "objectsid" => sid(&bytes),
        _ => String::from_utf8(bytes).ok(),
    }
}

/// The first three fields of a GUID are stored with their last byte first.
const GUID_ORDER: [usize; 16] = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];

fn guid(bytes: &[u8]) -> Option<String> {
    let ordered = GUID_ORDER.into_iter().map(|from| bytes.get(from).copied()).collect::<Option<Vec<u8>>>()?;
    uuid_text(&ordered).filter(|_| bytes.len() == GUID_ORDER.len())
}

/// Sixteen bytes as the text that everybody writes for them.
pub(super) fn uuid_text(bytes: &[u8]) -> Option<String> {
    let digits: String = bytes.iter().copied().flat_map(digits).collect();
    let parts = [0..8, 8..12, 12..16, 16..20, 20..32].map(|range| digits.get(range));
    let text = parts.into_iter().collect::<Option<Vec<_>>>()?.join("-");
    (bytes.len() == 16).then_some(text)
}

/// The two hexadecimal digits of a byte.
pub(super) fn digits(byte: u8) -> [char; 2] {
    [byte >> 4, byte & 0xf].map(|digit| char::from_digit(digit.into(), 16).unwrap_or('0'))
}

/// A GUID as it is stored.
pub(super) fn guid_bytes(text: &str) -> Option<Vec<u8>> {
    let digits: String = text.split('-').collect();
    let shape: Vec<usize> = text.split('-').map(str::len).collect();
    if shape != [8, 4, 4, 4, 12] || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    let byte = |place: usize| u8::from_str_radix(digits.get(2 * place..2 * place + 2)?, 16).ok();
    GUID_ORDER.into_iter().map(byte).collect()
}

fn sid(bytes: &[u8]) -> Option<String> {
    let (revision, count) = (*bytes.first()?, usize::from(*bytes.get(1)?));
    let authority = bytes.get(2..8)?.iter().fold(0u64, |number, byte| (number << 8) | u64::from(*byte));
    let rest = bytes.get(8..)?;
    if rest.len() != count * 4 {
        return None;
    }
    let mut parts = vec!["S".to_owned(), revision.to_string(), authority.to_string()];
    for four in rest.chunks_exact(4) {
        parts.push(u32::from_le_bytes(four.try_into().ok()?).to_string());
    }
    Some(parts.join("-"))
}

/// A SID as it is stored.
pub(super) fn sid_bytes(text: &str) -> Option<Vec<u8>> {
    let mut parts = text.strip_prefix("S-")?.split('-');
    let revision: u8 = parts.next()?.parse().ok()?;
    let authority: u64 = parts.next()?.parse().ok()?;
    let rest = parts.map(|part| part.parse::<u32>().ok()).collect::<Option<Vec<_>>>()?;
    let mut bytes = vec![revision, u8::try_from(rest.len()).ok()?];
    bytes.extend(authority.to_be_bytes().get(2..)?);
    bytes.extend(rest.into_iter().flat_map(u32::to_le_bytes));
    Some(bytes)
}

/// The SID of an object with this number in the same domain.
pub(super) fn sid_beside(sid: &str, number: &str) -> Option<String> {
    let (domain, _) = sid.rsplit_once('-')?;
    number.bytes().all(|digit| digit.is_ascii_digit()).then(|| format!("{domain}-{number}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guid_is_read_and_written_in_the_order_of_windows() {
        let text = "28b0f7a5-fff5-4013-ac63-be35b821e511";
        let bytes = guid_bytes(text).unwrap();
        assert_eq!(bytes[..8], [0xa5, 0xf7, 0xb0, 0x28, 0xf5, 0xff, 0x13, 0x40]);
        assert_eq!(guid(&bytes).as_deref(), Some(text));
        for bad in ["", "28b0f7a5", "28b0f7a5-fff5-4013-ac63-be35b821e51x", "no-such-native-id"] {
            assert_eq!(guid_bytes(bad), None, "{bad}");
        }
        assert_eq!((guid(&bytes[1..]), guid(&[&bytes[..], &[0]].concat())), (None, None));
    }

    #[test]
    fn a_sid_is_readable_and_its_domain_is_found() {
        let text = "S-1-5-21-3612745276-1770898997-3598307791-1104";
        let bytes = sid_bytes(text).unwrap();
        assert_eq!((bytes.len(), sid(&bytes).as_deref()), (28, Some(text)));
        assert_eq!(sid_beside(text, "513").unwrap(), "S-1-5-21-3612745276-1770898997-3598307791-513");
        assert_eq!((sid(&bytes[..27]), sid(&[]), sid_beside(text, "5)(x"), sid_bytes("S-x")), (None, None, None, None));
    }

    #[test]
    fn a_last_day_ends_at_midnight_and_never_is_nothing() {
        let write = |value: Value| Form::Moment.write(&value).unwrap();
        let day = write(Value::Date("2026-11-30".parse().unwrap()));
        assert_eq!(day, ["134405568000000000"]);
        assert_eq!(write("2026-11-30".into()), day);
        assert_eq!(Form::Moment.read(day), Some(Value::Instant("2026-12-01T00:00:00Z".parse().unwrap())));
        for never in ["0", NEVER, "-1", "x"] {
            assert_eq!(Form::Moment.read(vec![never.to_owned()]), None, "{never}");
        }
        assert_eq!(write(Value::Cleared), [NEVER]);
        assert_eq!(Form::Moment.write(&"tomorrow".into()), None);
        assert_eq!(Form::of(Dialect::Rfc, "accountExpires"), Form::Text);
    }
}
