//! Two people who turn out to be one, one who turns out to be two, and names, for the wire.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tenure_model::{AccountId, MergeId, Name, PersonId, RunId};
use utoipa::ToSchema;

/// Somebody who is the same person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MergeIn {
    /// Who goes into the person: our id, or a key.
    pub other: String,
    /// Why, for the record.
    pub reason: String,
}

/// What goes to somebody new.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SplitIn {
    /// The keys of engagements, as their sources call them.
    pub engagements: Vec<String>,
    /// Accounts that go with them.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    pub accounts: Vec<AccountId>,
    /// Why, for the record.
    pub reason: String,
}

/// A merge or a split.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MergeView {
    /// Ours; it takes to undo it.
    #[schema(value_type = String)]
    pub id: MergeId,
    /// merge or split.
    pub kind: String,
    /// Who stayed.
    #[schema(value_type = String)]
    pub kept: PersonId,
    /// Who went into them, or came out of them.
    #[schema(value_type = String)]
    pub other: PersonId,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// Who did it.
    pub by: String,
    /// Why.
    pub reason: String,
    /// How many engagements, accounts and grants went from one to the other.
    pub moved: u64,
    /// When it was undone, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub undone_at: Option<Timestamp>,
    /// Who undid it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undone_by: Option<String>,
    /// The runs that bring access in line.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<String>)]
    pub runs: Vec<RunId>,
}

/// The wish for a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NameIn {
    /// Which generator.
    #[schema(value_type = String)]
    pub generator: Name,
    /// The name; without it the next one by rule.
    #[serde(default)]
    pub name: Option<String>,
}

/// Who is to answer for an agent, an account of a service or a guest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SponsorIn {
    /// Who, by our id or by a key of a source.
    pub sponsor: String,
    /// Why, for the record.
    pub reason: String,
}

/// Who answers for somebody or something now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SponsorView {
    /// For whom or what.
    #[schema(value_type = String)]
    pub person: PersonId,
    /// Who.
    #[schema(value_type = Option<String>)]
    pub sponsor: Option<PersonId>,
}

/// A name that somebody has now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NameView {
    /// Whose.
    #[schema(value_type = String)]
    pub person: PersonId,
    /// By which generator.
    #[schema(value_type = String)]
    pub generator: Name,
    /// The name.
    pub name: String,
}
