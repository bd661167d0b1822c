//! One sequence of bytes per JSON value, by RFC 8785: members sorted by UTF-16 code units, no
//! white space, shortest escapes.
//!
//! Narrower than the RFC on purpose: a number must be whole and exact in a double, so that every
//! implementation of the verifier writes it alike. It never guesses: what it cannot say is refused.

use serde_json::{Number, Value};

use crate::limits::{DEPTH_MAX, NUMBER_MAX};

/// Why a value has no canonical bytes here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotCanonical {
    /// A fraction or an exponent.
    #[error("`{0}` is not a whole number; the ledger records whole numbers only, in a smaller unit")]
    Fraction(String),
    /// Not exact in a double.
    #[error("`{0}` is beyond 2^53 - 1 and would not be read alike everywhere; record it as text")]
    TooLarge(String),
    /// Nested too deep.
    #[error("the value nests deeper than {DEPTH_MAX} levels")]
    TooDeep,
}

/// The canonical bytes of a value.
pub fn canonical_bytes(value: &Value) -> Result<Vec<u8>, NotCanonical> {
    let mut out = Vec::with_capacity(512);
    write_value(&mut out, value, DEPTH_MAX)?;
    Ok(out)
}

fn write_value(out: &mut Vec<u8>, value: &Value, depth_left: usize) -> Result<(), NotCanonical> {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::Number(number) => write_number(out, number)?,
        Value::String(text) => write_text(out, text),
        Value::Array(items) => {
            let depth_left = depth_left.checked_sub(1).ok_or(NotCanonical::TooDeep)?;
            out.push(b'[');
            for (place, item) in items.iter().enumerate() {
                comma(out, place);
                write_value(out, item, depth_left)?;
            }
            out.push(b']');
        }
        Value::Object(members) => {
            let depth_left = depth_left.checked_sub(1).ok_or(NotCanonical::TooDeep)?;
            let mut members: Vec<_> = members.iter().collect();
            members.sort_unstable_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
            out.push(b'{');
            for (place, (name, member)) in members.into_iter().enumerate() {
                comma(out, place);
                write_text(out, name);
                out.push(b':');
                write_value(out, member, depth_left)?;
            }
            out.push(b'}');
        }
    }
    Ok(())
}

fn comma(out: &mut Vec<u8>, place: usize) {
    if place > 0 {
        out.push(b',');
    }
}

fn write_number(out: &mut Vec<u8>, number: &Number) -> Result<(), NotCanonical> {
    if number.is_f64() {
        return Err(NotCanonical::Fraction(number.to_string()));
    }
    let whole = number
        .as_i64()
        .filter(|whole| (-NUMBER_MAX..=NUMBER_MAX).contains(whole))
        .ok_or_else(|| NotCanonical::TooLarge(number.to_string()))?;
    out.extend_from_slice(whole.to_string().as_bytes());
    Ok(())
}

fn write_text(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    for byte in text.bytes() {
        match byte {
            b'"' => out.extend_from_slice(br#"\""#),
            b'\\' => out.extend_from_slice(br"\\"),
            0x08 => out.extend_from_slice(br"\b"),
            0x09 => out.extend_from_slice(br"\t"),
            0x0a => out.extend_from_slice(br"\n"),
            0x0c => out.extend_from_slice(br"\f"),
            0x0d => out.extend_from_slice(br"\r"),
            0x00..=0x1f => out.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
            _ => out.push(byte),
        }
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn canonical(text: &str) -> Result<String, NotCanonical> {
        canonical_bytes(&serde_json::from_str(text).unwrap()).map(|bytes| String::from_utf8(bytes).unwrap())
    }

    #[test]
    fn members_sort_by_utf_16() {
        // U+1F600 is a surrogate pair (D83D…) and comes before U+FB33, although its UTF-8 is later.
        let text = "{\"\u{fb33}\":1,\"\u{1f600}\":2,\"\u{20ac}\":3,\"\\r\":4,\"1\":5,\"\u{f6}\":6,\"\u{80}\":7}";
        let wanted = "{\"\\r\":4,\"1\":5,\"\u{80}\":7,\"\u{f6}\":6,\"\u{20ac}\":3,\"\u{1f600}\":2,\"\u{fb33}\":1}";
        assert_eq!(canonical(text).unwrap(), wanted);
    }

    #[test]
    fn texts_have_the_shortest_escape() {
        let text = r#""\u20ac$\u000F\nA'\u0042\u0022\u005c\\\"\/\u007f""#;
        assert_eq!(canonical(text).unwrap(), "\"€$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\u{7f}\"");
    }

    #[test]
    fn white_space_goes_and_nesting_stays() {
        assert_eq!(
            canonical(" { \"b\" : [ null , true , false ] , \"a\" : { } } ").unwrap(),
            r#"{"a":{},"b":[null,true,false]}"#
        );
    }

    #[test]
    fn only_exact_whole_numbers() {
        for good in ["0", "-1", "9007199254740991", "-9007199254740991"] {
            assert_eq!(canonical(good).unwrap(), good);
        }
        for bad in ["1.0", "1e3", "-0", "0.1", "1e400"] {
            if let Ok(value) = serde_json::from_str::<Value>(bad) {
                assert!(matches!(canonical_bytes(&value), Err(NotCanonical::Fraction(_))), "{bad}");
            }
        }
        for bad in ["9007199254740992", "-9007199254740992", "18446744073709551615"] {
            assert!(matches!(canonical(bad), Err(NotCanonical::TooLarge(_))), "{bad}");
        }
    }

    #[test]
    fn depth_has_a_limit() {
        let nest = |depth: usize| (0..depth).fold(json!(1), |inner, _| json!([inner]));
        assert!(canonical_bytes(&nest(DEPTH_MAX)).is_ok());
        assert_eq!(canonical_bytes(&nest(DEPTH_MAX + 1)), Err(NotCanonical::TooDeep));
    }
}
