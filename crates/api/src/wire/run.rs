//! A durable run, where it waits and what it did, for the wire.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use tenure_model::{EventId, PersonId, RunId};
use utoipa::ToSchema;

/// A durable run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RunView {
    /// Ours.
    #[schema(value_type = String)]
    pub id: RunId,
    /// The workflow that it follows.
    pub workflow: String,
    /// Which version of the workflow.
    pub workflow_version: i64,
    /// queued, running, waiting, blocked, compensating, done, failed or cancelled.
    pub status: String,
    /// Why it is where it is, as a sentence, when that needs saying.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Whom it is about.
    #[schema(value_type = Option<String>)]
    pub person: Option<PersonId>,
    /// The event that started it.
    #[schema(value_type = Option<String>)]
    pub event: Option<EventId>,
    /// When it was started.
    #[schema(value_type = String, format = DateTime)]
    pub started_at: Timestamp,
    /// When it last moved.
    #[schema(value_type = String, format = DateTime)]
    pub changed_at: Timestamp,
    /// When it ended, if it has.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub ended_at: Option<Timestamp>,
}

/// A run with its waits and its records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RunDetail {
    /// The run.
    #[serde(flatten)]
    pub run: RunView,
    /// What it waits for now.
    pub waits: Vec<WaitView>,
    /// What it did, in order.
    pub records: Vec<RecordView>,
    /// Whether there are more records than these.
    pub more_records: bool,
}

/// What a run waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WaitView {
    /// The node of the workflow.
    pub node: String,
    /// What it waits for and why, as a sentence.
    pub reason: String,
    /// When the wait ends by itself, if it does.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub until: Option<Timestamp>,
}

/// One record of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RecordView {
    /// Its place in the run.
    pub sequence: i64,
    /// When it was written.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// The node of the workflow, if it belongs to one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// What kind of record.
    pub kind: String,
    /// What happened, as a sentence.
    pub summary: String,
    /// The record itself.
    #[schema(value_type = Object)]
    pub body: Json,
}
