//! A durable run, where it waits and what it did, for the wire.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use tenure_model::{EventId, Name, PersonId, RunId};
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
    /// Which version of the workflow, by the hash of its content.
    pub workflow_version: String,
    /// queued, running, waiting, blocked, compensating, done, failed or cancelled.
    pub status: String,
    /// Why it is where it is, as a sentence, when that needs saying.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Whom it is about.
    #[schema(value_type = Option<String>)]
    pub person: Option<PersonId>,
    /// The event that started it; told where one run is shown, not in lists.
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

/// A run as it was after one of its records: the records up to it, folded again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReplayView {
    /// The run.
    #[schema(value_type = String)]
    pub id: RunId,
    /// The last record that was read.
    pub through: i64,
    /// How many records it has.
    pub of: i64,
    /// When that record was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub at: Option<Timestamp>,
    /// queued, running, waiting, blocked, compensating, done, failed or cancelled.
    pub status: String,
    /// Why, as a sentence, when that needs saying.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Each step that something had happened to.
    pub steps: Vec<StepView>,
    /// What it waited for.
    pub waits: Vec<WaitView>,
    /// Whether all records together come to what is kept of the run; not told of a part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agrees: Option<bool>,
    /// How they differ, if they do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub differs: Option<String>,
}

/// Where a step of a run stood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StepView {
    /// The node of the workflow.
    pub node: String,
    /// Where it stood, as a sentence.
    pub stood: String,
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

/// A run to be started by hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RunIn {
    /// The workflow.
    #[schema(value_type = String)]
    pub workflow: Name,
    /// Runs of a lane go one after the other, such as those of a person's id; without one it shares nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lane: Option<String>,
    /// What the workflow is given.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub input: Json,
}

/// A run that will begin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RunStarted {
    /// Ours.
    #[schema(value_type = String)]
    pub run: RunId,
}

/// Why a run is to stop. All of it may be left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CancelIn {
    /// Why, for the ledger and for whoever looks at the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Whether what was done is taken back; it is unless said otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undo: Option<bool>,
}

/// The answer that a run waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SignalIn {
    /// The name that the run waits for.
    #[schema(examples("laptop-returned"))]
    pub name: String,
    /// What comes with it.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub body: Json,
}

/// A step that is stuck, and what it is to be tried with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EditIn {
    /// Which step.
    pub node: String,
    /// All that it is given, in the place of what the workflow gave it.
    #[schema(value_type = Object)]
    pub with: Json,
    /// Why.
    pub reason: String,
}

/// Why a run is to go on by the version of its workflow that is in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MigrateIn {
    /// Why.
    pub reason: String,
}

/// Whether a run can go on by the version that is in force, or that it will.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MigrationView {
    /// The run.
    #[schema(value_type = String)]
    pub run: RunId,
    /// The version that it has.
    pub from: String,
    /// The version that is in force.
    pub to: String,
    /// Whether it has that one already.
    pub is_there: bool,
    /// Why it cannot; empty if it can.
    pub misfits: Vec<String>,
}

/// A blocked step that is to count as ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SkipIn {
    /// Which step.
    pub node: String,
    /// With which outcome the run goes on.
    #[schema(examples("done"))]
    pub outcome: String,
    /// Why.
    pub reason: String,
}
