//! Readings of a source, for the wire.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How to read a source.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SourceReadingIn {
    /// Only tell what would be taken in.
    #[serde(default)]
    pub dry_run: bool,
}

/// A reading of a source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SourceReadingView {
    /// Which one, from 1.
    pub number: i64,
    /// surveying, applying, done, held, failed or dry-run.
    pub state: String,
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    pub started_at: Timestamp,
    /// When it was last worked on.
    #[schema(value_type = String, format = DateTime)]
    pub touched_at: Timestamp,
    /// Why it could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
    /// How many rows it has.
    pub rows: u64,
    /// How many were known before.
    pub known: u64,
    /// What it found.
    pub found: ReadingCount,
    /// What was taken in of that.
    pub taken: ReadingCount,
    /// Rows of which something is withheld.
    pub withheld: u64,
    /// Why, each as a sentence.
    pub why: Vec<String>,
    /// Rows that were put aside, the first of them with key and reason.
    pub quarantined: u64,
    /// The first of those.
    pub quarantined_first: Vec<String>,
    /// What a human said to what is withheld.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
}

/// People of a reading, by what it says of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReadingCount {
    /// New ones.
    pub new: u64,
    /// Those of whom something else is said.
    pub changed: u64,
    /// Those who are not in it any more.
    pub gone: u64,
}
