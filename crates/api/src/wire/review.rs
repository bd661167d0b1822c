//! Campaigns of reviews, for the wire.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tenure_model::Name;
use utoipa::ToSchema;

/// All that a workflow with a review has asked since it last began for many.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReviewView {
    /// The workflow.
    #[schema(value_type = String)]
    pub workflow: Name,
    /// What began then or later is counted; absent where everything is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub since: Option<Timestamp>,
    /// How many people it is about.
    pub people: i64,
    /// Whether there are more, which are not counted.
    pub more: bool,
    /// How their runs stand: queued, running, waiting, blocked, compensating, done, failed, cancelled.
    pub runs: BTreeMap<String, i64>,
    /// How far the questions are.
    pub questions: ReviewQuestionsView,
    /// What became of what was asked about; told where one is shown, not in lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub things: Option<ReviewThingsView>,
    /// Who was asked, and how far each is; told where one is shown, not in lists.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reviewers: Vec<ReviewerView>,
}

/// How far questions are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReviewQuestionsView {
    /// How many were asked.
    pub asked: i64,
    /// How many were answered.
    pub decided: i64,
    /// How many wait for an answer.
    pub open: i64,
    /// How many of those are late.
    pub overdue: i64,
    /// Of how many of those somebody was reminded.
    pub reminded: i64,
    /// How many nobody answered in time, so that they went on to somebody else or were taken back.
    pub unanswered: i64,
}

/// What became of the things that were asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReviewThingsView {
    /// How many were shown, each person's once.
    pub shown: i64,
    /// Those that nobody has decided yet.
    pub undecided: i64,
    /// Those that stay.
    pub kept: i64,
    /// Those that are being taken away.
    pub going: i64,
    /// Those that were taken away and read back as gone.
    pub gone: i64,
    /// Those that a rule gives, and somebody objects to.
    pub objected: i64,
    /// Those that a brake withholds.
    pub withheld: i64,
}

/// Somebody who was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReviewerView {
    /// For whom the questions are or were, such as `person:E2` or `team:bosses`.
    pub reviewer: String,
    /// How far they are.
    #[serde(flatten)]
    pub questions: ReviewQuestionsView,
    /// How many things they said are still needed.
    pub kept: i64,
    /// How many are not.
    pub chosen: i64,
    /// When they last answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub last_at: Option<Timestamp>,
}
