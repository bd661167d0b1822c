//! An approval as it is written: whom to ask, how many must agree, and what if nobody answers.

use serde::{Deserialize, Serialize};

use crate::moment::Span;

/// The stages of an approval, one behind the other.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Approval {
    /// Holds at once under this expression; that it did is written down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auto: Option<String>,
    /// The stages.
    pub steps: Vec<Stage>,
    /// The calendar by which time is counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calendar: Option<String>,
}

/// A stage of an approval.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Stage {
    /// Who is asked: `person.manager`, a person's key, or a team.
    #[serde(deserialize_with = "one_or_many")]
    pub ask: Vec<String>,
    /// How many must agree.
    #[serde(default)]
    pub need: Need,
    /// How long they have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<Span>,
    /// Who is asked when nobody answered in time.
    #[serde(default, rename = "else", deserialize_with = "one_or_many", skip_serializing_if = "Vec::is_empty")]
    pub otherwise: Vec<String>,
    /// Only asked if this expression holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
}

/// How many must agree. One who denies ends it, unless anybody's word is enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Need {
    /// The first answer counts.
    #[default]
    Any,
    /// Everybody who is asked.
    All,
    /// So many.
    Quorum(u32),
}

fn one_or_many<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum OneOrMany {
        One(String),
        Many(Vec<String>),
    }
    Ok(match OneOrMany::deserialize(from)? {
        OneOrMany::One(one) => vec![one],
        OneOrMany::Many(many) => many,
    })
}
