//! What a human is asked to do, for the wire.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tenure_model::{PersonId, RunId, TaskEntryId, TaskId};
use utoipa::ToSchema;

/// What a human is asked to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TaskView {
    /// Ours; also the signal that the waiting run is sent.
    #[schema(value_type = String)]
    pub id: TaskId,
    /// work, approval, look, stuck or review.
    pub kind: String,
    /// open, claimed or closed.
    pub state: String,
    /// What is asked, in a line.
    pub title: String,
    /// How it is done.
    pub instructions: String,
    /// For whom it is, such as `team:facilities`.
    #[serde(rename = "for")]
    pub assignee: String,
    /// Who may not do it.
    pub barred: Vec<String>,
    /// How it can end, first as is hoped for.
    pub outcomes: Vec<String>,
    /// The things that it asks about, if there are several. Every other outcome than the first is about some of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<ChoiceView>,
    /// Whom it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub person: Option<PersonId>,
    /// In which system it is to be done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection: Option<String>,
    /// The run that waits for its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub run: Option<RunId>,
    /// When it was opened.
    #[schema(value_type = String, format = DateTime)]
    pub opened_at: Timestamp,
    /// Until when it should be done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub due_at: Option<Timestamp>,
    /// Whether it should be done by now and is not.
    pub overdue: bool,
    /// Who has it in hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claimed_by: Option<String>,
    /// How it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<TaskEndView>,
}

/// One of several things that a task asks about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChoiceView {
    /// What it is.
    pub name: String,
    /// What is to be known of it.
    pub says: String,
}

/// How a task ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TaskEndView {
    /// With which of its outcomes; `withdrawn` if nobody needs it any more.
    pub outcome: String,
    /// Who ended it.
    pub by: String,
    /// By the word of which ticket system; absent where they said so here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via: Option<String>,
    /// For whom they stood in; absent where they did it in their own name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instead_of: Option<String>,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// What they said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// Which of the things that it asked about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub chosen: Vec<String>,
}

/// A task with what was said about it and brought as evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TaskDetail {
    /// The task.
    #[serde(flatten)]
    pub task: TaskView,
    /// What was said and brought, in order.
    pub entries: Vec<TaskEntryView>,
    /// The tickets that it is in the system of whoever was asked, in the order in which they were wanted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tickets: Vec<TicketView>,
}

/// The ticket that a task is in the system of whoever was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TicketView {
    /// In which connection.
    pub connection: String,
    /// What stands in it, so that it is found.
    pub key: String,
    /// What the system calls it, once it is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Where people see it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// wanted, open, closing or over.
    pub state: String,
    /// What the system calls the state that it was last seen in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<String>,
    /// What is in the way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// When it is looked at next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub next_look_at: Option<Timestamp>,
}

/// What somebody said about a task, or brought as evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TaskEntryView {
    /// Ours.
    #[schema(value_type = String)]
    pub id: TaskEntryId,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// Who.
    pub by: String,
    /// What they said; of evidence, where it is or what it is called.
    pub text: String,
    /// Of evidence: its SHA-256, in hexadecimal digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// Of evidence that is kept here: what it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// The evidence itself, in base64, where one piece of it was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
}

/// How a task ends.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CloseIn {
    /// With which of its outcomes; with none named, as is hoped for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
    /// Why; needed unless it ends as is hoped for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// Which of the things that it asks about, by name; at least one unless it ends as is hoped for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub chosen: Vec<String>,
}

/// Words about a task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CommentIn {
    /// The words.
    pub text: String,
}

/// Evidence: either kept here, or where it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EvidenceIn {
    /// Where it is kept, or what it is called.
    #[schema(examples("form 4711 in the cabinet of the reception"))]
    pub reference: String,
    /// Its SHA-256 in hexadecimal digits, if it is kept elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// Itself in base64, if it is to be kept here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
    /// What it is, if it is to be kept here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
}

/// To whom a task is given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReassignIn {
    /// For whom it is from now on: `person:`, `role:` or `team:` and a name.
    pub to: String,
    /// Why.
    pub reason: String,
}
