//! A word of the ledger: short, lower-case and without spaces, so that nobody's name, address
//! or sentence slips into a record that can never be erased.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::hash::Hash;
use crate::limits::WORD_BYTES_MAX;

/// A short lower-case word such as `effect.done` or `accounts/disable`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Word(String);

/// Why a text is not a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a ledger word has 1 to {WORD_BYTES_MAX} lower-case letters, digits and `. - _ / : #`, and starts with a letter or digit"
)]
pub struct NotAWord;

impl Word {
    /// The word, or the hash of what is not one: what must not be shown is still committed to.
    pub fn or_hash(text: &str) -> Self {
        text.parse().unwrap_or_else(|NotAWord| Self(format!("sha256:{}", Hash::of(text.as_bytes()))))
    }
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Word {
    type Err = NotAWord;
    fn from_str(text: &str) -> Result<Self, NotAWord> {
        is_word(text).then(|| Self(text.to_owned())).ok_or(NotAWord)
    }
}

fn is_word(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    text.len() <= WORD_BYTES_MAX
        && text.bytes().next().is_some_and(plain)
        && text.bytes().all(|b| plain(b) || b".-_/:#".contains(&b))
}

impl TryFrom<String> for Word {
    type Error = NotAWord;
    fn try_from(text: String) -> Result<Self, NotAWord> {
        if is_word(&text) { Ok(Self(text)) } else { Err(NotAWord) }
    }
}

impl From<Word> for String {
    fn from(word: Word) -> Self {
        word.0
    }
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_addresses_are_not_words() {
        assert!("accounts/disable#2".parse::<Word>().is_ok());
        for bad in ["", "Ada Lovelace", "ada@example.org", "Ada", ".x", "é", &"a".repeat(WORD_BYTES_MAX + 1)] {
            assert_eq!(bad.parse::<Word>(), Err(NotAWord), "{bad}");
        }
    }

    #[test]
    fn what_is_not_a_word_is_hashed() {
        let word = Word::or_hash("Ada Lovelace");
        assert_eq!(word, Word::or_hash("Ada Lovelace"));
        assert!(word.as_str().starts_with("sha256:") && is_word(word.as_str()), "{word}");
    }
}
