//! Access of everybody together, for the wire.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tenure_model::{ConnectionName, Name, PersonId};
use utoipa::ToSchema;

/// Rules that are tried out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WhatIfIn {
    /// Documents of kind Role, as YAML, in the place of those of the same name or beside them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<String>,
    /// Roles that are taken away.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<String>)]
    pub without: Vec<Name>,
    /// How many of the people whom it concerns are left out at the front: `next` of the answer before.
    #[serde(default)]
    pub skip: u32,
    /// How many of them are named at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// What would change for everybody, by rules alone. Nothing of it was done. Periods of grace, and
/// what somebody has for another reason, are in the plan for each person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WhatIfView {
    /// The moment of which it speaks.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// How many people were asked.
    pub people: u64,
    /// How many of them gain something.
    pub people_gaining: u64,
    /// How many of them lose something.
    pub people_losing: u64,
    /// Entitlement by entitlement.
    pub entitlements: Vec<EntitlementChange>,
    /// Whom it concerns, as many as were asked for.
    pub changes: Vec<AccessChange>,
    /// Hand this back as `skip` for more of them; absent when there are no more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<u64>,
    /// Roles that cannot be asked of everybody, each with the reason.
    pub left_out: Vec<LeftOut>,
}

/// What would change of one entitlement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EntitlementChange {
    /// Where.
    #[schema(value_type = String)]
    pub connection: ConnectionName,
    /// What.
    pub entitlement: String,
    /// How many gain it.
    pub gain: u64,
    /// How many lose it.
    pub lose: u64,
    /// How many have it afterwards, by rules.
    pub after: u64,
}

/// What would change for one person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccessChange {
    /// gain or lose.
    pub change: String,
    /// Who.
    #[schema(value_type = String)]
    pub person: PersonId,
    /// What to call them.
    pub display_name: String,
    /// Where.
    #[schema(value_type = String)]
    pub connection: ConnectionName,
    /// What.
    pub entitlement: String,
}

/// A role that cannot be asked of everybody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LeftOut {
    /// Which.
    #[schema(value_type = String)]
    pub role: Name,
    /// Why.
    pub why: String,
}

/// Somebody who has something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct HolderView {
    /// Who.
    #[schema(value_type = String)]
    pub person: PersonId,
    /// What to call them.
    pub display_name: String,
    /// By which roles, from facts alone.
    #[schema(value_type = Vec<String>)]
    pub roles: Vec<Name>,
    /// Whether there is a grant that was read back.
    pub held: bool,
}

/// Rules that would explain who holds something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MinedView {
    /// How many people who are here hold it, by a grant that was read back.
    pub holders: u64,
    /// The best first.
    pub proposals: Vec<ProposalView>,
}

/// A condition that would give something to about those who hold it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProposalView {
    /// The condition, as a role would have it.
    pub when: String,
    /// How many fit it.
    pub fits: u64,
    /// How many of those hold it.
    pub hits: u64,
    /// How many of a thousand who fit hold it.
    pub precision: u64,
    /// How many of a thousand who hold it fit.
    pub recall: u64,
    /// How many a rule would give it to who have it not.
    pub would_gain: u64,
    /// Some of these, by name.
    pub who_would_gain: Vec<String>,
    /// How many hold it and fit not.
    pub left_over: u64,
    /// Some of these, by name.
    pub who_is_left_over: Vec<String>,
}
