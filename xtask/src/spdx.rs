//! Licence expressions, as far as packages use them: `MIT OR (Apache-2.0 AND ISC)`.

use std::collections::BTreeSet;

/// May we ship under this expression, if we accept these licences?
pub fn accepts(expression: &str, allowed: &BTreeSet<String>) -> bool {
    let words = words(expression);
    let mut reader = Reader { words: &words, at: 0, allowed };
    let accepted = reader.any();
    accepted && reader.at == words.len()
}

/// Splits into names, brackets and operators. The old form `MIT/Apache-2.0` means `OR`.
fn words(expression: &str) -> Vec<String> {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    spaced.split_whitespace().map(str::to_owned).collect()
}

/// Reads from left to right; `AND` binds closer than `OR`.
struct Reader<'a> {
    words: &'a [String],
    at: usize,
    allowed: &'a BTreeSet<String>,
}

impl Reader<'_> {
    fn any(&mut self) -> bool {
        let mut accepted = self.each();
        while self.take("OR") {
            accepted |= self.each();
        }
        accepted
    }

    fn each(&mut self) -> bool {
        let mut accepted = self.one();
        while self.take("AND") {
            accepted &= self.one();
        }
        accepted
    }

    fn one(&mut self) -> bool {
        if self.take("(") {
            let accepted = self.any();
            return self.take(")") && accepted;
        }
        let Some(name) = self.words.get(self.at).cloned() else { return false };
        self.at += 1;
        if self.take("WITH") {
            let exception = self.words.get(self.at).cloned().unwrap_or_default();
            self.at += 1;
            // An exception only ever grants more, so the bare licence will do as well.
            return self.allowed.contains(&format!("{name} WITH {exception}")) || self.allowed.contains(&name);
        }
        self.allowed.contains(&name)
    }

    fn take(&mut self, word: &str) -> bool {
        let found = self.words.get(self.at).is_some_and(|next| next == word);
        self.at += usize::from(found);
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(expression: &str) -> bool {
        accepts(expression, &["MIT", "Apache-2.0", "ISC"].map(str::to_owned).into())
    }

    #[test]
    fn expressions_are_read_as_they_bind() {
        assert!(check("MIT"));
        assert!(check("GPL-3.0 OR MIT"));
        assert!(check("MIT/Apache-2.0"));
        assert!(check("Apache-2.0 WITH LLVM-exception"));
        assert!(check("(GPL-3.0 OR MIT) AND ISC"));
        assert!(check("GPL-3.0 AND ISC OR MIT"));
        assert!(!check("GPL-3.0"));
        assert!(!check("MIT AND GPL-3.0"));
        assert!(!check("(MIT"));
        assert!(!check("MIT)"));
        assert!(!check(""));
    }
}
