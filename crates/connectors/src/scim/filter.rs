//! Filters as text, in which a value stays a value (RFC 7644, 3.4.2.2).

use serde_json::Value as Json;

/// A filter that is true where the path has exactly this value. JSON's own escapes are those of
/// the grammar, so nothing can end the text early.
pub(super) fn equals(path: &str, value: &str) -> String {
    format!("{path} eq {}", Json::from(value))
}

/// Whether a text in the filter had to be escaped.
pub(super) fn has_escapes(filter: &str) -> bool {
    filter.contains('\\')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_cannot_leave_its_place_in_a_filter() {
        assert_eq!(equals("userName", "ada"), "userName eq \"ada\"");
        assert_eq!(equals("userName", "*"), "userName eq \"*\"");
        assert_eq!(equals("userName", "a\" or userName pr"), "userName eq \"a\\\" or userName pr\"");
        assert_eq!(equals("userName", "back\\slash\n"), "userName eq \"back\\\\slash\\n\"");
    }
}
