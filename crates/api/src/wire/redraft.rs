//! Runs that are over, played again by a draft of their workflow, for the wire.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tenure_model::{PersonId, RunId};
use utoipa::ToSchema;

/// With what runs are played again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RedraftIn {
    /// The draft: a document of kind Workflow with the name of the workflow.
    pub document: String,
    /// How many runs; the last fifty if it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<u32>,
}

/// What would have come of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RedraftView {
    /// The run.
    #[schema(value_type = String)]
    pub run: RunId,
    /// Whom it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub person: Option<PersonId>,
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    pub started_at: Timestamp,
    /// Whether nothing would be otherwise, and all of it can be told.
    pub same: bool,
    /// Steps that would be done, and were not.
    pub more: Vec<String>,
    /// Steps that were done, and would not be.
    pub less: Vec<String>,
    /// Steps that would be given something else, with the keys of what differs.
    pub given: BTreeMap<String, Vec<String>>,
    /// How it ended.
    pub ended: String,
    /// How it would; absent if that cannot be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub would_end: Option<String>,
    /// Steps whose outcome was never recorded, with their kinds: what lies behind cannot be told.
    pub untold: BTreeMap<String, String>,
    /// Whether it rests on what is known of the person now, because what was known then is not recorded.
    pub person_as_now: bool,
}
