//! Taking back what a run did that is over.

use serde::{Deserialize, Serialize};
use tenure_model::RunId;
use utoipa::ToSchema;

/// What taking back a run comes to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UndoView {
    /// The run.
    #[schema(value_type = String)]
    pub run: RunId,
    /// The run that takes it back, if there is one already.
    #[schema(value_type = Option<String>)]
    pub by: Option<RunId>,
    /// What can be taken back, the last step first.
    pub steps: Vec<UndoStepView>,
    /// What stays as it is.
    pub left: Vec<UndoLeftView>,
}

/// A step that can be taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UndoStepView {
    /// Which step.
    pub node: String,
    /// How far it can be.
    #[schema(examples("exact", "window", "lossy"))]
    pub class: String,
    /// By what kind of step.
    pub r#use: String,
    /// To what, in words.
    #[schema(examples("accounts in ldap"))]
    pub what: String,
}

/// A step whose effect stays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UndoLeftView {
    /// Which step.
    pub node: String,
    /// Why.
    pub reason: String,
}

/// Why a run is taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UndoIn {
    /// Why.
    pub reason: String,
}
