//! Plans for a set of people: what a set of documents, or a date, would come to, for everybody,
//! before anything is written; and putting such a plan into force.
//!
//! A plan is worked out by a durable run, in pages, so that it survives a crash and no population is
//! too large for the memory. It writes nothing outside our own tables. What is put into force is the
//! plan that was looked at: if it would come to something else by now, nothing is done.

pub mod apply;
pub(crate) mod begin;
pub(crate) mod compute;
pub mod list;
pub mod make;
pub mod outcome;
pub mod people;
pub(crate) mod remaking;
pub mod report;
pub mod show;
pub mod simulate;
pub mod values;
pub mod whatif;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tenure_model::PersonId;

/// What is asked of a plan.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Asked {
    /// The moment that it shows; now, if none is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// Only these people; everybody if nobody is named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub people: Vec<PersonId>,
    /// More people than this, and it is not put into force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub people_max: Option<u64>,
    /// More writes than this, and it is not put into force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub writes_max: Option<u64>,
}
