//! What facts come to, whatever the order in which they reached us.
//!
//! Every event of a source is kept as a [`Fact`] with its place in the order in which the source
//! told it. State is never changed by an event: it is worked out anew from all facts, sorted by
//! that order ([`engagements`](fold::engagements), [`attributes`](attributes::attributes)). So
//! late, early, shuffled and repeated facts come to the same, and a correction is a new fact
//! beside the old one. Nothing here reads a clock.

pub mod attributes;
pub mod fold;
pub mod stage;

use jiff::Timestamp;
use serde::Serialize;

use crate::event::{EventKind, PersonKey};
use crate::ids::EventId;
use crate::name::ConnectionName;

/// Something that a source told of a person, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Fact {
    /// The event that brought it.
    pub event: EventId,
    /// Who told it.
    pub source: ConnectionName,
    /// What the source calls the event.
    pub external_id: String,
    /// How the source names the person.
    pub subject: PersonKey,
    /// What the source calls the engagement; the value of the subject unless it said otherwise.
    pub key: String,
    /// What was told.
    pub kind: EventKind,
    /// When it was so for the source; none if the source only counts.
    pub as_of: Option<Timestamp>,
    /// The number that the source gave it; 0 if it gives none.
    pub sequence: i64,
    /// When we learnt it.
    pub learnt_at: Timestamp,
}

/// The place of a fact among all that is told of somebody. What is later in this order counts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place<'a> {
    as_of: Timestamp,
    sequence: i64,
    rank: u8,
    source: &'a ConnectionName,
    external_id: &'a str,
}

impl Fact {
    /// Its place in the order of telling. It does not depend on when the fact reached us.
    pub fn place(&self) -> Place<'_> {
        Place {
            as_of: self.as_of.unwrap_or(Timestamp::UNIX_EPOCH),
            sequence: self.sequence,
            rank: rank(&self.kind),
            source: &self.source,
            external_id: &self.external_id,
        }
    }

    /// The moment from which it counts if it names none itself.
    fn told_at(&self) -> Timestamp {
        self.as_of.unwrap_or(self.learnt_at)
    }
}

/// Of what is told at the same moment with the same number, what begins comes first and what ends
/// comes last.
fn rank(kind: &EventKind) -> u8 {
    match kind {
        EventKind::EmploymentStarted { .. } => 0,
        EventKind::EmploymentStated { .. } => 1,
        EventKind::PersonChanged { .. } | EventKind::PersonTransferred { .. } => 2,
        EventKind::EmploymentConverted { .. } => 3,
        EventKind::LeaveStarted { .. } => 4,
        EventKind::LeaveEnded { .. } => 5,
        EventKind::EmploymentEnded { .. } => 6,
        EventKind::EmploymentRescinded => 7,
        EventKind::Custom { .. } => 8,
    }
}

/// Puts facts into the order in which they were told.
pub fn in_order(facts: &mut [Fact]) {
    facts.sort_by(|one, other| one.place().cmp(&other.place()));
}
