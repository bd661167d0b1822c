//! Text as it is looked up: folded here, because the databases fold differently.

/// Without surrounding space and in lower case.
pub fn fold(text: &str) -> String {
    text.trim().to_lowercase()
}

/// A pattern for `LIKE … ESCAPE '\'` that finds a text within JSON. Letters that JSON or a pattern writes
/// otherwise are anything.
pub(crate) fn anywhere_as_written(text: &str) -> String {
    let plain = |letter: char| !letter.is_control() && !matches!(letter, '"' | '\\' | '%' | '_');
    let inner: String = text.chars().map(|letter| if plain(letter) { letter } else { '%' }).collect();
    format!("%{inner}%")
}

/// A pattern for `LIKE … ESCAPE '\'` that finds this text anywhere.
pub(crate) fn anywhere(text: &str) -> String {
    let mut pattern = String::from("%");
    for letter in fold(text).chars() {
        if matches!(letter, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern.push('%');
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folding_is_ours_and_patterns_hold_no_surprise() {
        assert_eq!(fold("  ŁUKASZ "), "łukasz");
        assert_eq!(anywhere("50%_\\"), "%50\\%\\_\\\\%");
    }
}
