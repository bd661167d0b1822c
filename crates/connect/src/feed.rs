//! What changed in a system since a moment that the system remembers.
//!
//! The order that loses nothing: take a token first ([`changes`](crate::Connector::changes) with
//! no token), then read everything, then follow from the token. What changed in between is told
//! twice, which does no harm.

use serde::{Deserialize, Serialize};
use tenure_model::NativeId;

use crate::query::Seen;

/// How far a system tells what changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChangeFeed {
    /// Not at all: two whole readings have to be compared.
    #[default]
    None,
    /// Everything that is there and changed, some of it more than once; not what vanished. A
    /// whole reading is still needed from time to time.
    Imprecise,
    /// Everything that was made, changed or vanished.
    Precise,
}

/// A moment that a system remembers. It belongs to the connector that gave it and means nothing
/// elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ChangeToken(String);

impl ChangeToken {
    /// The connector's own text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
    /// The connector's own text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What happened to one object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Changed {
    /// It was made or changed, and is so now.
    Now(Seen),
    /// It vanished.
    Gone(NativeId),
}

/// The answer to "what changed since".
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "kebab-case")]
pub enum Changes {
    /// This, in the order in which it happened.
    Since {
        /// What happened; empty when no token was given.
        changed: Vec<Changed>,
        /// Where to go on.
        next: ChangeToken,
        /// Whether there is more already.
        more: bool,
    },
    /// The system does not remember that moment: take a new token and read everything again.
    Reset {
        /// Why, in words.
        why: String,
    },
}
