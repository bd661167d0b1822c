//! The story of a person, for the wire.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tenure_model::{ConnectionName, EventId, PersonId};
use utoipa::ToSchema;

use super::person::EngagementView;
use super::value::AttributeMap;

/// What was told of a person, when it was so and when we learnt it, and what it comes to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StoryView {
    /// Whom it is about.
    #[schema(value_type = String)]
    pub person: PersonId,
    /// The moment of which it tells.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// Only what was known then; everything if absent.
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known_at: Option<Timestamp>,
    /// unknown, planned, active, on-leave, leaving, left or archived.
    pub stage: String,
    /// What their engagements came to.
    pub engagements: Vec<EngagementView>,
    /// What the sources said of them then.
    pub said: Vec<SaidView>,
    /// What was told, in the order in which it was so for the sources.
    pub facts: Vec<FactView>,
}

/// What a source says of one attribute.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SaidView {
    /// Which attribute.
    pub attribute: String,
    /// Its value.
    pub value: String,
    /// Since when.
    #[schema(value_type = String, format = DateTime)]
    pub since: Timestamp,
    /// Who says so.
    #[schema(value_type = String)]
    pub source: ConnectionName,
}

/// Something that a source told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FactView {
    /// The event that brought it.
    #[schema(value_type = String)]
    pub event: EventId,
    /// When it was so for the source, if it says.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub as_of: Option<Timestamp>,
    /// The number that the source gave it; 0 if it gives none.
    pub sequence: i64,
    /// When we learnt it.
    #[schema(value_type = String, format = DateTime)]
    pub learnt_at: Timestamp,
    /// Who told it.
    #[schema(value_type = String)]
    pub source: ConnectionName,
    /// What the source calls the engagement.
    pub engagement: String,
    /// What was told, such as employment.ended.
    #[serde(rename = "type")]
    pub kind: String,
    /// The rest of it, as a sentence.
    pub says: String,
    /// What it said of the person.
    pub person: AttributeMap,
}
