//! What becomes of a fact from a source. Its form at the door is in `event_in`.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tenure_model::{CaseId, ConnectionName, Event, EventId, PersonId, RunId};
use utoipa::ToSchema;

pub use super::event_in::{BadEvent, EventIn, EventParts, TAKES};

/// The attribute by which a source names a person unless its connection says otherwise.
pub const PERSON_KEY: &str = "employeeId";

/// What became of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum EventStatus {
    /// It is stored, and what follows from it has begun.
    Accepted,
    /// It was sent before; this is the answer of then.
    Repeated,
    /// It is stored and waits for a human, see `case`.
    Held,
}

/// The answer to an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EventAnswer {
    /// What we call it.
    #[schema(value_type = String)]
    pub event: EventId,
    /// What became of it.
    pub status: EventStatus,
    /// Whom it turned out to be about.
    #[schema(value_type = Option<String>)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<PersonId>,
    /// The runs that it started.
    #[schema(value_type = Vec<String>)]
    pub runs: Vec<RunId>,
    /// The question that a human has to answer first.
    #[schema(value_type = Option<String>)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub case: Option<CaseId>,
    /// Why it was only noted and changed nothing, as a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Why it began nothing, as a sentence, where it changed something and began nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unbegun: Option<String>,
}

/// A stored event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EventView {
    /// Ours.
    #[schema(value_type = String)]
    pub id: EventId,
    /// Which source.
    #[schema(value_type = String)]
    pub connection: ConnectionName,
    /// What the source calls it.
    pub external_id: String,
    /// What happened.
    #[serde(rename = "type")]
    pub kind: String,
    /// Whom it speaks of, such as `employeeId E1042`.
    pub subject: String,
    /// When it reached us.
    #[schema(value_type = String, format = DateTime)]
    pub received_at: Timestamp,
    /// What was answered, once that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<EventAnswer>,
}

impl EventView {
    /// A stored event with what was answered.
    pub fn of(event: &Event, answer: Option<EventAnswer>) -> Self {
        Self {
            id: event.id,
            connection: event.connection.clone(),
            external_id: event.external_id.clone(),
            kind: event.kind.word().to_owned(),
            subject: event.subject.to_string(),
            received_at: event.received_at,
            answer,
        }
    }
}
