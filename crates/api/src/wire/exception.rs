//! That somebody is let off a rule, for the wire.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tenure_model::{Exception, ExceptionId, Name, PersonId, RunId};
use utoipa::ToSchema;

/// That somebody is let off a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExceptionView {
    /// Ours.
    #[schema(value_type = String)]
    pub id: ExceptionId,
    /// The rule document.
    #[schema(value_type = String)]
    pub rule: Name,
    /// Who is let off.
    #[schema(value_type = String)]
    pub person: PersonId,
    /// in-force, over or ended.
    pub state: String,
    /// Who said so.
    pub approved_by: String,
    /// Why.
    pub because: String,
    /// Since when.
    #[schema(value_type = String, format = DateTime)]
    pub valid_from: Timestamp,
    /// Until when; it ends by itself.
    #[schema(value_type = String, format = DateTime)]
    pub valid_until: Timestamp,
    /// Who ended it before its time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_by: Option<String>,
    /// The runs that follow, right after it was made or ended.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<String>)]
    pub runs: Vec<RunId>,
}

impl ExceptionView {
    /// How an exception looks at this moment.
    pub fn of(exception: Exception, runs: Vec<RunId>, now: Timestamp) -> Self {
        let state = match (&exception.ended, exception.holds_until(now)) {
            (Some(_), _) => "ended",
            (None, Some(_)) => "in-force",
            (None, None) => "over",
        };
        Self {
            id: exception.id,
            rule: exception.rule,
            person: exception.person,
            state: state.to_owned(),
            approved_by: exception.approved_by,
            because: exception.because,
            valid_from: exception.valid_from,
            valid_until: exception.valid_until,
            ended_by: exception.ended.map(|ended| ended.by),
            runs,
        }
    }
}

/// Whom to let off which rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ExceptionIn {
    /// The rule document.
    #[schema(value_type = String, examples("sod-procure"))]
    pub rule: Name,
    /// Who: our id, or a key that a source uses.
    #[schema(examples("E1042"))]
    pub person: String,
    /// Until when, at most as long as the rule allows.
    #[schema(value_type = String, format = DateTime)]
    pub until: Timestamp,
    /// Why.
    #[schema(examples("Jun is ill until Friday"))]
    pub because: String,
}
