//! What an expression may speak of, and what each value is.
//!
//! A subject such as `person` or `worker` has fields. A closed subject has these and no others, so
//! that a slip is found when the document is read; an open one may have more, of which nothing is
//! known until somebody is looked at.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// What rules speak of.
pub(super) const SUBJECTS: [&str; 2] = ["person", "engagement"];

/// What a value is, as far as that is known before there is one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Not known before there is one.
    Any,
    /// A text.
    Text,
    /// A whole number.
    Number,
    /// Yes or no.
    Flag,
    /// A day.
    Date,
    /// A moment.
    Instant,
    /// Several values of a kind.
    List(Box<Kind>),
    /// A subject as a whole, with all its fields.
    Record,
}

impl Kind {
    /// Every kind that a document may name.
    pub const WORDS: [&'static str; 6] = ["text", "number", "flag", "date", "instant", "list"];

    /// The kind of this word in a document. The items of a list are texts.
    pub fn from_word(word: &str) -> Option<Self> {
        Some(match word {
            "text" => Self::Text,
            "number" => Self::Number,
            "flag" => Self::Flag,
            "date" => Self::Date,
            "instant" => Self::Instant,
            "list" => Self::List(Box::new(Self::Text)),
            _ => return None,
        })
    }

    /// Whether the language holds it as a text: days and moments are written out.
    pub(super) fn is_textual(&self) -> bool {
        match self {
            Self::Any | Self::Text | Self::Date | Self::Instant => true,
            Self::Number | Self::Flag | Self::List(_) | Self::Record => false,
        }
    }

    /// Whether a value of one can be one of the other.
    pub fn fits(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Any, _) | (_, Self::Any) => true,
            (Self::List(one), Self::List(other)) => one.fits(other),
            (one, other) => one == other || (one.is_textual() && other.is_textual()),
        }
    }

    /// What a value is that may be one or the other.
    pub(super) fn or(self, other: Self) -> Self {
        match (&self, &other) {
            (one, two) if one == two => self,
            (Self::Any, _) | (_, Self::Any) => Self::Any,
            (one, two) if one.is_textual() && two.is_textual() => Self::Text,
            _ => Self::Any,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Any => "a value",
            Self::Text => "a text",
            Self::Number => "a number",
            Self::Flag => "yes or no",
            Self::Date => "a day",
            Self::Instant => "a moment",
            Self::List(_) => "a list",
            Self::Record => "a whole record",
        })
    }
}

/// What is known of one subject.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Subject {
    /// What its fields are.
    pub fields: BTreeMap<String, Kind>,
    /// Whether it may have fields that are not listed.
    pub is_open: bool,
}

impl Subject {
    /// A subject of which nothing is known.
    pub fn open() -> Self {
        Self { fields: BTreeMap::new(), is_open: true }
    }

    /// A subject that has these fields and no others.
    pub fn closed(fields: BTreeMap<String, Kind>) -> Self {
        Self { fields, is_open: false }
    }

    /// What is known of every person. The rest is what sources say.
    pub fn person() -> Self {
        let texts = ["displayName", "id", "kind", "standing"].map(|name| (name.to_owned(), Kind::Text));
        let days = ["firstDay", "lastDay"].map(|name| (name.to_owned(), Kind::Date));
        Self { fields: texts.into_iter().chain(days).collect(), is_open: true }
    }

    /// What is known of every engagement.
    pub fn engagement() -> Self {
        let texts = ["key", "kind", "source", "state", "zone"].map(|name| (name.to_owned(), Kind::Text));
        let days = ["firstDay", "lastDay"].map(|name| (name.to_owned(), Kind::Date));
        Self::closed(texts.into_iter().chain(days).collect())
    }
}

/// Everything that an expression may speak of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Schema {
    subjects: BTreeMap<String, Subject>,
}

impl Schema {
    /// What rules see: a person, and the engagement that counts.
    pub fn policy() -> Self {
        Self::default().with("person", Subject::person()).with("engagement", Subject::engagement())
    }

    /// The same with one more subject, or another of this name.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, subject: Subject) -> Self {
        self.subjects.insert(name.into(), subject);
        self
    }

    /// The subject of this name.
    pub fn subject(&self, name: &str) -> Option<&Subject> {
        self.subjects.get(name)
    }

    /// The names of all subjects.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.subjects.keys().map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_language_holds_as_text_fits_text() {
        assert!(Kind::Date.fits(&Kind::Text) && Kind::Any.fits(&Kind::Flag));
        assert!(!Kind::Number.fits(&Kind::Text) && !Kind::Flag.fits(&Kind::Number));
        let numbers = Kind::List(Box::new(Kind::Number));
        assert!(!numbers.fits(&Kind::List(Box::new(Kind::Text))) && !numbers.fits(&Kind::Number));
    }

    #[test]
    fn every_word_of_a_document_is_a_kind() {
        for word in Kind::WORDS {
            assert!(Kind::from_word(word).is_some(), "{word}");
        }
        assert_eq!(Kind::from_word("string"), None);
    }
}
