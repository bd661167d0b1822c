//! A workflow that is carried out for somebody without touching the world, and what would happen.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tenure_model::{Name, PersonId};
use utoipa::ToSchema;

/// What is to be rehearsed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RehearseIn {
    /// Which workflow.
    #[schema(value_type = String)]
    pub workflow: Name,
    /// What it is given besides the person.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub input: Map<String, Value>,
    /// What whoever is asked at a step would answer, by step; otherwise what is hoped for. `timeout` for nothing.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub answers: BTreeMap<String, Name>,
}

/// What would come of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RehearsalView {
    /// For whom.
    #[schema(value_type = String)]
    pub person: PersonId,
    /// What to call them.
    pub name: String,
    /// Which workflow.
    #[schema(value_type = String)]
    pub workflow: Name,
    /// How the run would stand at the end: done, failed, cancelled or blocked.
    pub status: String,
    /// Why, where it would not end well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// When it would be over, or stand still.
    #[schema(value_type = String)]
    pub ends_at: Timestamp,
    /// What would happen, in order.
    pub would: Vec<RehearsedView>,
}

/// Something that would happen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RehearsedView {
    /// When.
    #[schema(value_type = String)]
    pub at: Timestamp,
    /// write, tell, call, ask, wait or start.
    pub does: String,
    /// Where: a connection, a channel, whom is asked, a step.
    pub at_what: String,
    /// What, for a human.
    pub what: String,
    /// More of it: values that would be written, an answer. What is secret is left out.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    #[schema(value_type = Object)]
    pub detail: Map<String, Value>,
}
