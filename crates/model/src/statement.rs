//! What one source says of one attribute of somebody, how firmly, and since when.
//!
//! Statements of different sources stand beside each other; which of them counts is decided from
//! the authority in force and never stored in them.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids::EventId;
use crate::name::ConnectionName;
use crate::value::Value;

/// How firmly something is said. The firmer one counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Strength {
    /// To begin with: the first word stays, and the source does not change it later.
    Initial,
    /// As long as nobody says it with authority.
    Default,
    /// It is so.
    Authority,
}

impl Strength {
    /// Every strength.
    pub const ALL: [Self; 3] = [Self::Initial, Self::Default, Self::Authority];

    /// The word for it in documents and in the database.
    pub fn word(self) -> &'static str {
        match self {
            Self::Initial => "initial",
            Self::Default => "default",
            Self::Authority => "authority",
        }
    }

    /// The strength of this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|strength| strength.word() == word)
    }
}

impl fmt::Display for Strength {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// What one source says of one attribute of somebody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Statement {
    /// Which attribute.
    pub attribute: String,
    /// Who says so.
    pub source: ConnectionName,
    /// What. [`Value::Cleared`] says that there is none, which is not the same as saying nothing.
    pub value: Value,
    /// How firmly.
    pub strength: Strength,
    /// If the value is the key of another person: which attribute it is a value of.
    pub refers_by: Option<String>,
    /// Since when the source has said so.
    pub seen_at: Timestamp,
    /// The event that brought it.
    pub event: Option<EventId>,
}

impl Statement {
    /// What is left of two statements of one source about one attribute, whichever came first: the
    /// firmer one, and of two alike the later; of two that are only meant to begin with, the earlier.
    #[must_use]
    pub fn after(self, other: Self) -> Self {
        if self.weight() < other.weight() { other } else { self }
    }

    fn weight(&self) -> (Strength, bool, i128, Option<EventId>, &Value) {
        let moment = self.seen_at.as_nanosecond();
        let is_first = self.strength == Strength::Initial;
        let says_something = !is_first || self.value != Value::Cleared;
        (self.strength, says_something, if is_first { -moment } else { moment }, self.event, &self.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str, strength: Strength, second: i64) -> Statement {
        Statement {
            attribute: "phone".into(),
            source: "hr".parse().unwrap(),
            value: if text.is_empty() { Value::Cleared } else { text.into() },
            strength,
            refers_by: None,
            seen_at: Timestamp::from_second(second).unwrap(),
            event: None,
        }
    }

    #[test]
    fn the_later_word_counts_and_to_begin_with_the_earlier() {
        use Strength::{Authority, Initial};
        for (one, other, wanted) in [
            (said("1", Authority, 1), said("2", Authority, 2), "2"),
            (said("1", Initial, 1), said("2", Initial, 2), "1"),
            (said("", Initial, 1), said("2", Initial, 2), "2"),
            (said("1", Initial, 1), said("2", Authority, 2), "2"),
            (said("1", Authority, 1), said("", Authority, 2), ""),
        ] {
            let wanted: Value = if wanted.is_empty() { Value::Cleared } else { wanted.into() };
            assert_eq!(one.clone().after(other.clone()).value, wanted);
            assert_eq!(other.after(one).value, wanted);
        }
    }

    #[test]
    fn it_does_not_matter_in_which_order_they_are_put_together() {
        use Strength::{Authority, Default, Initial};
        let all = [
            said("1", Initial, 1),
            said("2", Authority, 2),
            said("3", Initial, 3),
            said("1", Authority, 4),
            said("2", Default, 5),
            said("", Initial, 0),
        ];
        for shift in 0..all.len() {
            let mut turned = all.to_vec();
            turned.rotate_left(shift);
            let left = turned.into_iter().reduce(Statement::after).unwrap();
            assert_eq!(left, all[3]);
        }
    }
}
