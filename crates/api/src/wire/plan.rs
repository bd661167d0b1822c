//! What would be done for a person now, for the wire.

use serde::{Deserialize, Serialize};
use tenure_model::{ConnectionName, Name, PersonId};
use utoipa::ToSchema;

use super::person::GrantWish;

/// What would be done for a person now. Nothing of it was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlanView {
    /// Whom it is about.
    #[schema(value_type = String)]
    pub person: PersonId,
    /// here, coming, over or unheard.
    pub presence: String,
    /// What they should hold, and why.
    pub desired: Vec<GrantWish>,
    /// What would be changed, in order.
    pub changes: Vec<ChangeView>,
    /// What they should hold and do not get, because of rules.
    pub stopped: Vec<StoppedView>,
    /// What a human should know and the plan does not touch, each a sentence.
    pub findings: Vec<String>,
}

/// Something that should be held and is not given, because a rule says so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StoppedView {
    /// Where.
    #[schema(value_type = String)]
    pub connection: ConnectionName,
    /// What.
    pub entitlement: String,
    /// The rule document.
    #[schema(value_type = String)]
    pub rule: Name,
    /// block, or hold: it waits until somebody makes an exception.
    pub effect: String,
    /// Why, as a sentence.
    pub why: String,
}

/// One change in one connected system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChangeView {
    /// Where.
    #[schema(value_type = String)]
    pub connection: ConnectionName,
    /// disable-account, delete-account, remove-entitlement, create-account, restore-account, enable-account,
    /// set-attributes or add-entitlement.
    pub change: String,
    /// What, if it is an entitlement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entitlement: Option<String>,
    /// Why, each a sentence.
    pub why: Vec<String>,
}
