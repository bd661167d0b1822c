//! That somebody stands in for somebody else, for the wire.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tenure_model::{Deputy, DeputyId};
use utoipa::ToSchema;

/// That somebody stands in for somebody else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeputyView {
    /// Ours.
    #[schema(value_type = String)]
    pub id: DeputyId,
    /// For whom, by the name under which they act.
    #[serde(rename = "for")]
    pub whom: String,
    /// Who stands in, by the name under which they act.
    pub deputy: String,
    /// planned, in-force, over or ended.
    pub state: String,
    /// Since when.
    #[schema(value_type = String, format = DateTime)]
    pub from: Timestamp,
    /// Until when; it ends by itself.
    #[schema(value_type = String, format = DateTime)]
    pub until: Timestamp,
    /// Why.
    pub reason: String,
    /// Who said so.
    pub by: String,
    /// Who ended it before its time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_by: Option<String>,
}

impl DeputyView {
    /// How it looks at this moment.
    pub fn of(deputy: Deputy, now: Timestamp) -> Self {
        Self {
            id: deputy.id,
            state: deputy.word(now).to_owned(),
            whom: deputy.whom,
            deputy: deputy.name,
            from: deputy.valid_from,
            until: deputy.valid_until,
            reason: deputy.reason,
            by: deputy.by,
            ended_by: deputy.ended.map(|ended| ended.by),
        }
    }
}

/// Who stands in for whom, and until when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DeputyIn {
    /// For whom, by the name under which they act; for whoever asks if absent.
    #[serde(default, rename = "for", skip_serializing_if = "Option::is_none")]
    #[schema(examples("bob"))]
    pub whom: Option<String>,
    /// Who stands in, by the name under which they act.
    #[schema(examples("carol"))]
    pub deputy: String,
    /// From when; from now on if absent, and never from before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub from: Option<Timestamp>,
    /// Until when, at most a year.
    #[schema(value_type = String, format = DateTime)]
    pub until: Timestamp,
    /// Why.
    #[schema(examples("on leave"))]
    pub reason: String,
}
