//! A question that only a human can answer, for the wire.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tenure_model::{CaseId, EventId, PersonId};
use utoipa::ToSchema;

use super::person::PersonView;

/// A question that only a human can answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CaseView {
    /// Ours.
    #[schema(value_type = String)]
    pub id: CaseId,
    /// What kind of question, such as `correlation`, `key-change`, `name` or `brake`.
    pub kind: String,
    /// open or resolved.
    pub state: String,
    /// The question, as a sentence.
    pub question: String,
    /// The event that waits for the answer.
    #[schema(value_type = Option<String>)]
    pub event: Option<EventId>,
    /// Whom it could be about.
    pub candidates: Vec<PersonView>,
    /// What speaks for whom, the likeliest first, where that was counted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub likely: Vec<LikelyView>,
    /// When it was opened.
    #[schema(value_type = String, format = DateTime)]
    pub opened_at: Timestamp,
    /// Who answered, if somebody has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolved_by: Option<String>,
    /// The answer, as a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolution: Option<String>,
}

/// What speaks for somebody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LikelyView {
    /// For whom.
    #[schema(value_type = String)]
    pub person: PersonId,
    /// How many points, if they were counted.
    pub score: Option<i64>,
    /// What is alike and what differs, by the names of attributes.
    pub because: Vec<String>,
}

/// The answer of a human.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "answer", rename_all = "kebab-case", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum CaseResolution {
    /// It is this person.
    Person {
        /// Who.
        #[schema(value_type = String)]
        person: PersonId,
        /// Why, for the ledger.
        #[serde(default)]
        comment: Option<String>,
    },
    /// It is somebody whom Tenure does not know yet.
    NewPerson {
        /// Why, for the ledger.
        #[serde(default)]
        comment: Option<String>,
    },
    /// The event is to be dropped.
    Dismiss {
        /// Why, for the ledger.
        comment: String,
    },
    /// The brake is to be released and the change to go on.
    Release {
        /// Why, for the ledger.
        comment: String,
    },
}
