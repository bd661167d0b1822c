//! Putting values into DNs and filters, where they must stay values.

use std::borrow::Cow;

use super::form::digits;
use crate::limits::LDAP_ATTRIBUTE_NAME_LENGTH_MAX;

/// The DN of an entry below a parent.
pub(super) fn child(attribute: &str, value: &str, parent: &str) -> String {
    format!("{},{parent}", rdn(attribute, value))
}

/// The name of an entry within its parent.
pub(super) fn rdn(attribute: &str, value: &str) -> String {
    let value: Cow<'_, str> = ldap3::dn_escape(value);
    format!("{attribute}={value}")
}

/// The DN of the parent of an entry.
pub(super) fn parent(dn: &str) -> &str {
    let mut escaped = false;
    for (place, byte) in dn.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b',' => return dn.get(place + 1..).unwrap_or_default(),
            _ => {}
        }
    }
    ""
}

/// Names under which servers and people write the same attribute of a DN.
const ALIASES: [(&str, &str); 7] = [
    ("userid", "uid"),
    ("commonname", "cn"),
    ("surname", "sn"),
    ("organizationalunitname", "ou"),
    ("organizationname", "o"),
    ("domaincomponent", "dc"),
    ("countryname", "c"),
];

/// A DN in a form in which two ways of writing the same one are the same text.
pub(super) fn comparable(dn: &str) -> String {
    let mut normal = String::with_capacity(dn.len());
    for part in split(dn, b',') {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        let name = name.trim().to_ascii_lowercase();
        let name = ALIASES.iter().find(|(alias, _)| *alias == name).map_or(name.as_str(), |(_, name)| name);
        normal.push_str(name);
        normal.push('\u{1}');
        for (place, word) in unescaped(value.trim()).split_whitespace().enumerate() {
            if place > 0 {
                normal.push(' ');
            }
            normal.extend(word.chars().flat_map(char::to_lowercase));
        }
        normal.push('\u{0}');
    }
    normal
}

/// A DN as it is written when nobody's spelling is kept: in lower case, with every escape the same.
/// None where a part is no name with a value.
pub(super) fn canonical(dn: &str) -> Option<String> {
    let part = |part: &str| {
        let (name, value) = part.split_once('=')?;
        let (name, value) = (name.trim(), unescaped(value.trim()).to_lowercase());
        let whole = is_attribute_name(name) && !value.is_empty() && split(part, b'+').count() == 1;
        whole.then(|| rdn(&name.to_ascii_lowercase(), &value))
    };
    Some(split(dn, b',').map(part).collect::<Option<Vec<_>>>()?.join(","))
}

/// Whether an entry is at or below another, whatever their spelling.
pub(super) fn is_within(dn: &str, base: &str) -> bool {
    let whole_parts = |dn: &str| format!("\u{0}{}", comparable(dn));
    base.trim().is_empty() || whole_parts(dn).ends_with(&whole_parts(base))
}

/// The parts between separators that are not escaped.
fn split(text: &str, separator: u8) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let whole = rest?;
        let mut escaped = false;
        let end = whole.bytes().position(|byte| {
            let ends = !escaped && byte == separator;
            escaped = !escaped && byte == b'\\';
            ends
        });
        let (part, after) = match end {
            Some(end) => (whole.get(..end)?, whole.get(end + 1..)),
            None => (whole, None),
        };
        rest = after;
        Some(part)
    })
}

/// A value without its escapes: a backslash before a character, or before two hexadecimal digits.
fn unescaped(value: &str) -> String {
    if !value.contains('\\') {
        return value.to_owned();
    }
    let bytes = value.as_bytes();
    let mut plain = Vec::with_capacity(bytes.len());
    let mut place = 0;
    while let Some(byte) = bytes.get(place) {
        let hexadecimal = value.get(place + 1..place + 3).and_then(|two| u8::from_str_radix(two, 16).ok());
        match (byte, hexadecimal, bytes.get(place + 1)) {
            (b'\\', Some(byte), _) => {
                plain.push(byte);
                place += 3;
            }
            (b'\\', None, Some(next)) => {
                plain.push(*next);
                place += 2;
            }
            _ => {
                plain.push(*byte);
                place += 1;
            }
        }
    }
    String::from_utf8_lossy(&plain).into_owned()
}

/// A filter that is true where the attribute has exactly this value.
pub(super) fn equals(attribute: &str, value: &str) -> String {
    let value: Cow<'_, str> = ldap3::ldap_escape(value);
    format!("({attribute}={value})")
}

/// A filter that is true where the attribute has exactly these bytes.
pub(super) fn bytes_equal(attribute: &str, bytes: &[u8]) -> String {
    let escaped = |byte: &u8| ["\\".to_owned(), digits(*byte).into_iter().collect()].concat();
    let value: String = bytes.iter().map(escaped).collect();
    format!("({attribute}={value})")
}

/// A filter that is true where one of these is.
pub(super) fn any(filters: &[String]) -> String {
    format!("(|{})", filters.concat())
}

/// A filter that is true where all of these are.
pub(super) fn all(filters: &[String]) -> String {
    format!("(&{})", filters.concat())
}

/// Whether a text may stand where a filter names an attribute.
pub(super) fn is_attribute_name(text: &str) -> bool {
    let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let starts = text.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic());
    plain && starts && text.len() <= LDAP_ATTRIBUTE_NAME_LENGTH_MAX
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_cannot_leave_its_place_in_a_dn() {
        for (value, wanted) in [
            ("ada", "uid=ada,ou=p"),
            ("a,b=c+d", "uid=a\\2cb\\3dc\\2bd,ou=p"),
            ("#x", "uid=\\23x,ou=p"),
            (" x ", "uid=\\20x\\20,ou=p"),
            ("b\\s\"<>;", "uid=b\\5cs\\22\\3c\\3e\\3b,ou=p"),
            ("nul\0", "uid=nul\\00,ou=p"),
        ] {
            assert_eq!(child("uid", value, "ou=p"), wanted);
        }
    }

    #[test]
    fn a_parent_begins_after_the_first_comma_that_means_one() {
        assert_eq!(parent("uid=ada,ou=p,dc=x"), "ou=p,dc=x");
        assert_eq!(parent("uid=a\\,b\\\\,ou=p"), "ou=p");
        assert_eq!(parent("dc=x"), "");
    }

    #[test]
    fn two_ways_of_writing_a_dn_compare_the_same() {
        for (one, other) in [
            ("uid=Ada,ou=People,dc=x", "UID=ada, OU = people ,dc=X"),
            ("uid=a\\,b,dc=x", "userid=a\\2cb,dc=x"),
            ("cn=Zo\\c3\\ab  B,dc=x", "cn=Zoë B,dc=x"),
        ] {
            assert_eq!(comparable(one), comparable(other), "{one}");
        }
        for (one, other) in [("uid=a,dc=x", "uid=a,dc=y"), ("uid=a\\,dc=x", "uid=a,dc=x"), ("cn=ab", "cn=a b")] {
            assert_ne!(comparable(one), comparable(other), "{one}");
        }
    }

    #[test]
    fn a_place_has_one_spelling_and_is_below_its_own_base() {
        let place = canonical("OU=Sales\\2c North, ou=Staff").unwrap();
        assert_eq!(
            (place.as_str(), canonical(&place).as_deref()),
            ("ou=sales\\2c north,ou=staff", Some(place.as_str()))
        );
        for bad in ["", "sales", "ou=", "ou=a+cn=b", "o u=a", "ou=a,,ou=b"] {
            assert_eq!(canonical(bad), None, "{bad}");
        }
        assert!(is_within("cn=a,OU=Staff,DC=x", "ou=staff,dc=x") && is_within("ou=staff,dc=x", "OU=Staff,DC=x"));
        assert!(is_within("dc=x", "") && !is_within("cn=a,ou=other,dc=x", "ou=staff,dc=x"));
        assert!(!is_within("cn=a,ou=nostaff,dc=x", "ou=staff,dc=x") && !is_within("dc=x", "ou=staff,dc=x"));
        assert_eq!(bytes_equal("objectGUID", &[0x28, 0x2a]), "(objectGUID=\\28\\2a)");
    }

    #[test]
    fn a_value_cannot_leave_its_place_in_a_filter() {
        assert_eq!(equals("uid", "*"), "(uid=\\2a)");
        assert_eq!(equals("uid", ")(uid=*))(|(uid=*"), "(uid=\\29\\28uid=\\2a\\29\\29\\28|\\28uid=\\2a)");
        assert_eq!(equals("member", "uid=a\\2cb"), "(member=uid=a\\5c2cb)");
    }

    #[test]
    fn an_attribute_name_is_only_a_name() {
        assert!(is_attribute_name("employeeNumber"));
        for bad in ["", "1a", "a=b", "a)(b", "a*", "a;binary", &"a".repeat(129)] {
            assert!(!is_attribute_name(bad), "{bad}");
        }
    }
}
