//! Sets: people for whom a workflow is started together, for the wire.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use tenure_model::{Name, PersonId, RunId, SetId};
use utoipa::ToSchema;

/// What a set is asked for: for whom a workflow could be started. It starts nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SetIn {
    /// The workflow; one of its triggers is `{ demand: true }`.
    #[schema(value_type = String)]
    pub workflow: Name,
    /// Everybody of whom this expression holds; or else name them.
    #[serde(default, rename = "where", skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    /// These people, by id or key; or else describe them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub people: Vec<String>,
    /// What each run is given, besides the person.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub input: Map<String, Json>,
}

/// That a set is to be started, as it was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SetStartIn {
    /// For how many people it was seen that it can begin; it must be as many.
    pub people: i64,
    /// Why.
    pub reason: String,
}

/// Why a set is to stop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SetCancelIn {
    /// Why.
    pub reason: String,
}

/// People for whom a workflow is started together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SetView {
    /// Ours.
    #[schema(value_type = String)]
    pub id: SetId,
    /// looking, ready, starting, started, cancelled or failed.
    pub state: String,
    /// The workflow.
    pub workflow: String,
    /// Which version of it was looked at, by the hash of its content.
    pub workflow_version: String,
    /// Of whom this holds; absent where people were named.
    #[serde(default, rename = "where", skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    /// Who asked for it.
    pub made_by: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub made_at: Timestamp,
    /// Until when it may be started.
    #[schema(value_type = String, format = DateTime)]
    pub good_until: Timestamp,
    /// How many people, or names, were looked at so far.
    pub looked_at: i64,
    /// Of how many of them the expression makes no sense.
    pub unclear: i64,
    /// Who started it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_by: Option<String>,
    /// When.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub started_at: Option<Timestamp>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Why it failed or was cancelled, or what makes no sense in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// How far it is; told where one set is shown, not in lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<SetProgressView>,
}

/// How far a set is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SetProgressView {
    /// Names of which nobody looked yet whom they mean.
    pub named: i64,
    /// People for whom it can begin and has not.
    pub ready: i64,
    /// People for whom it cannot.
    pub cannot: i64,
    /// People for whom it began.
    pub begun: i64,
    /// How their runs stand: queued, running, waiting, blocked, compensating, done, failed, cancelled.
    pub runs: BTreeMap<String, i64>,
}

/// Somebody in a set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SetPersonView {
    /// Their place among those who were looked at, from 1.
    pub place: i64,
    /// As whom they were named, or their key.
    pub named: String,
    /// Who that is, if it is known, and nobody before them is the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub person: Option<PersonId>,
    /// What they are called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// named, ready, cannot or begun.
    pub state: String,
    /// Why it cannot begin for them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// Their run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub run: Option<RunId>,
}
