//! Of whom does a record or an event speak?
//!
//! One person, nobody known, or a doubt that a human must resolve. A doubt is never guessed away:
//! the wrong person's access ending is worse than a question. [`exact`] is what holds without a
//! mapping: one key, letter by letter. With one, its rules are asked in their order ([`correlate`]),
//! the last of which may score ([`likeness`]).

mod exact;
pub mod likeness;
mod rules;

use serde::{Deserialize, Serialize};
use tenure_model::{Engagement, Person, PersonId, Value};

pub use exact::match_person;
pub use rules::{Asked, MatchRule, Matching, OnHit, Part, Scoring, correlate};

/// Somebody whom the event might speak of.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'a> {
    /// Who.
    pub person: &'a Person,
    /// Their engagements from the source of the event.
    pub engagements: &'a [Engagement],
}

/// Of whom an event speaks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "match", rename_all = "kebab-case")]
pub enum Match {
    /// This one.
    One {
        /// Who.
        person: PersonId,
    },
    /// Nobody who is known.
    None,
    /// A human must say.
    Doubt {
        /// Who it might be, the likeliest first; empty if the key itself is useless.
        candidates: Vec<Likely>,
        /// Why it is not clear, as a sentence.
        why: String,
        /// What is asked.
        question: Question,
    },
}

/// Somebody who may be meant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Likely {
    /// Who.
    pub person: PersonId,
    /// How much speaks for it, if that was counted.
    pub score: Option<i64>,
    /// What speaks for it and against it, such as `employeeId` or `birthDate differs`. No values.
    pub because: Vec<String>,
}

impl Likely {
    /// Somebody of whom nothing more is to be said.
    pub fn of(person: PersonId) -> Self {
        Self { person, score: None, because: Vec::new() }
    }
}

/// What a human is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "question", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum Question {
    /// Who is meant?
    Who,
    /// The source called an engagement of theirs otherwise until now: is it the same one, under
    /// another key? It is never taken for one that ended and another that began.
    KeyChange {
        /// Whose.
        person: PersonId,
        /// What the source called it.
        from: String,
        /// What it calls it now.
        to: String,
    },
}

fn says(value: &Value, fits: &impl Fn(&str) -> bool) -> bool {
    match value {
        Value::Text(text) => fits(text),
        Value::Number(number) => fits(&number.to_string()),
        Value::Date(day) => fits(&day.to_string()),
        Value::List(items) => items.iter().any(|item| says(item, fits)),
        Value::Flag(_) | Value::Instant(_) | Value::Cleared => false,
    }
}

fn folded(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_whitespace()).flat_map(char::to_lowercase).collect()
}
