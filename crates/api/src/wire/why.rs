//! Why somebody has, or does not have, an access: the chain of reasons, for the wire.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tenure_model::PersonId;
use utoipa::ToSchema;

/// The answer to "why does this person have this?".
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WhyView {
    /// Whom it is about.
    #[schema(value_type = String)]
    pub person: PersonId,
    /// What was asked about, such as `ldap/group/finance`; absent when all was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access: Option<String>,
    /// The answer in one sentence.
    pub answer: String,
    /// The moment of the decision that was made once more; absent when it was asked about now.
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// Whether that decision came to the same once more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub same: Option<bool>,
    /// From the effect back to its cause.
    pub chain: Vec<WhyLink>,
}

/// One link of the chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WhyLink {
    /// What kind of thing: access, event, engagement, role, request, grant, decision, account,
    /// read-back, drift, nobody, need, timer, hold, value, reason or finding.
    pub kind: String,
    /// Its id or name.
    pub id: String,
    /// What it says, as a sentence.
    pub says: String,
    /// When, if it happened at a moment.
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
}
