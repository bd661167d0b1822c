//! What would be done for a person now, for the wire.

use serde::{Deserialize, Serialize};
use tenure_model::{ConnectionName, PersonId};
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
    /// What a human should know and the plan does not touch, each a sentence.
    pub findings: Vec<String>,
}

/// One change in one connected system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChangeView {
    /// Where.
    #[schema(value_type = String)]
    pub connection: ConnectionName,
    /// disable-account, remove-entitlement, create-account, enable-account or add-entitlement.
    pub change: String,
    /// What, if it is an entitlement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entitlement: Option<String>,
    /// Why, each a sentence.
    pub why: Vec<String>,
}
