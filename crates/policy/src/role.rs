//! A role: a named bundle of access, and who has it without asking.

use serde::{Deserialize, Serialize};
use tenure_model::{ConnectionName, Name};

use crate::expression::Expression;

/// A role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Role {
    /// The name of the document.
    pub name: Name,
    /// What to call it on a screen.
    pub title: String,
    /// Who answers for it.
    pub owner: String,
    /// Who has it without asking. None: nobody.
    pub birthright: Option<Birthright>,
    /// What it gives.
    pub grants: Vec<RoleGrant>,
}

/// Who has a role without asking.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Birthright {
    /// The condition.
    pub when: Expression,
    /// How many days before the first day it begins.
    pub lead_days: u16,
    /// For how many days it is kept after the condition stops to hold. A leaver has no grace.
    pub grace_days: u16,
}

/// One thing that a role gives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RoleGrant {
    /// Where.
    pub connection: ConnectionName,
    /// What, by the name that documents use, such as `group/finance`.
    pub entitlement: String,
    /// Only for those who fit this too.
    pub when: Option<Expression>,
}
