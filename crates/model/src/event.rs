//! A fact that came in from a source.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::engagement::Zone;
use crate::ids::EventId;
use crate::name::ConnectionName;
use crate::person::IdentityKind;
use crate::value::Attributes;

/// How a source names a person: one of its own keys and its value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PersonKey {
    /// Which attribute, such as `employeeId`.
    pub attribute: String,
    /// Its value.
    pub value: String,
}

impl fmt::Display for PersonKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.attribute, self.value)
    }
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all_fields = "camelCase")]
pub enum EventKind {
    /// Somebody is or will be engaged.
    #[serde(rename = "employment.started")]
    EmploymentStarted {
        /// As what.
        kind: IdentityKind,
        /// The first day.
        first_day: Date,
        /// Where that day begins.
        zone: Zone,
        /// What the source says of the person.
        attributes: Attributes,
    },
    /// What the source says of the person changed.
    #[serde(rename = "person.changed")]
    PersonChanged {
        /// Only what the source speaks of; [`Value::Cleared`](crate::Value::Cleared) takes away.
        attributes: Attributes,
    },
    /// An engagement ends or has ended.
    #[serde(rename = "employment.ended")]
    EmploymentEnded {
        /// The last day.
        last_day: Date,
        /// Access ends now, not at the end of the last day.
        urgent: bool,
    },
}

impl EventKind {
    /// The word for it in documents and at the door.
    pub fn word(&self) -> &'static str {
        match self {
            Self::EmploymentStarted { .. } => "employment.started",
            Self::PersonChanged { .. } => "person.changed",
            Self::EmploymentEnded { .. } => "employment.ended",
        }
    }
}

/// A fact that came in from a source, stored once however often it is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// Ours.
    pub id: EventId,
    /// Which source.
    pub connection: ConnectionName,
    /// What the source calls it; the same id again is the same event.
    pub external_id: String,
    /// Whom it speaks of.
    pub subject: PersonKey,
    /// What happened.
    pub kind: EventKind,
    /// When it reached us.
    pub received_at: Timestamp,
}
