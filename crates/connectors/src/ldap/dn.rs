//! Putting values into DNs and filters, where they must stay values.

use std::borrow::Cow;

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

/// A filter that is true where the attribute has exactly this value.
pub(super) fn equals(attribute: &str, value: &str) -> String {
    let value: Cow<'_, str> = ldap3::ldap_escape(value);
    format!("({attribute}={value})")
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
