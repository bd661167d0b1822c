//! The three ends of a write.

use serde::{Deserialize, Serialize};
use tenure_model::Observed;

use crate::refusal::Refusal;

/// How a write ended.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "end", rename_all = "kebab-case")]
#[must_use = "an outcome nobody looks at is a write nobody knows the end of"]
pub enum Outcome {
    /// It is so, and this is what was seen afterwards by another call than the write.
    Done {
        /// What was seen.
        seen: Observed,
    },
    /// It is not so, and nothing changed.
    Refused(Refusal),
    /// Nobody knows. Whoever gets this reads before anything else; it is never simply retried.
    Unknown(Doubt),
}

impl Outcome {
    /// What was seen, if it was done.
    pub fn seen(&self) -> Option<&Observed> {
        match self {
            Self::Done { seen } => Some(seen),
            Self::Refused(_) | Self::Unknown(_) => None,
        }
    }
}

/// How a write can fail before anybody looks whether it is so.
#[derive(Debug)]
pub enum WriteFault {
    /// Nothing was changed.
    Refused(Refusal),
    /// Nobody knows.
    Doubt(Doubt),
}

impl From<Refusal> for WriteFault {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<WriteFault> for Outcome {
    fn from(fault: WriteFault) -> Self {
        match fault {
            WriteFault::Refused(refusal) => Self::Refused(refusal),
            WriteFault::Doubt(doubt) => Self::Unknown(doubt),
        }
    }
}

/// Why nobody knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DoubtKind {
    /// The request went out and no answer came.
    LostResponse,
    /// The system said yes, and the effect was not seen afterwards.
    NotSeen,
    /// The system said yes, and could not be read afterwards.
    NotReadBack,
    /// Somebody was asked to do it and has not said yet.
    Asked,
}

/// What is not known, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Doubt {
    /// Why.
    pub kind: DoubtKind,
    /// What was tried, where, and what was missing.
    pub message: String,
    /// Which task whoever was asked has in hand, if somebody was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<String>,
}

impl Doubt {
    /// A doubt with words for a human. Never put a secret into them.
    pub fn new(kind: DoubtKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), asked: None }
    }

    /// That somebody was asked, in this task.
    pub fn asked(task: impl Into<String>, message: impl Into<String>) -> Self {
        Self { asked: Some(task.into()), ..Self::new(DoubtKind::Asked, message) }
    }
}
