//! That somebody should hold something, for a reason, for a time.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids::{GrantId, PersonId};
use crate::name::{ConnectionName, Name};
use crate::transition::BadTransition;

/// Why a grant is there. There is no grant without one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "kebab-case")]
pub enum Reason {
    /// A role gives it to everybody who fits.
    Birthright {
        /// The role document.
        role: Name,
        /// The condition that held, in words of the document.
        because: String,
    },
    /// Somebody asked and somebody else agreed.
    Request {
        /// The request.
        request: String,
    },
    /// It was there before Tenure and somebody took responsibility for it.
    Adopted {
        /// Who did.
        by: String,
    },
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Birthright { role, because } => write!(f, "role {role}, because {because}"),
            Self::Request { request } => write!(f, "request {request}"),
            Self::Adopted { by } => write!(f, "adopted by {by}"),
        }
    }
}

/// Where a grant stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GrantState {
    /// Decided; not yet true in the system.
    Pending,
    /// True in the system, and read back.
    Held,
    /// To be taken away; not yet gone from the system.
    Leaving,
    /// Gone from the system, and read back.
    Revoked,
}

impl GrantState {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Pending, Self::Held, Self::Leaving, Self::Revoked];

    /// The word for it in the database.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Held => "held",
            Self::Leaving => "leaving",
            Self::Revoked => "revoked",
        }
    }

    /// The state of this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }
}

impl fmt::Display for GrantState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// That a person should hold an entitlement of a connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Grant {
    /// Ours.
    pub id: GrantId,
    /// Who.
    pub person: PersonId,
    /// Where.
    pub connection: ConnectionName,
    /// What, by the name that the document uses, such as `group/finance`.
    pub entitlement: String,
    /// Why.
    pub reason: Reason,
    /// From when.
    pub valid_from: Timestamp,
    /// Until when, if there is an end.
    pub valid_until: Option<Timestamp>,
    /// Where it stands.
    pub state: GrantState,
    /// Goes up with every change.
    pub version: i64,
}

impl Grant {
    /// It was read back as held.
    pub fn held(self) -> Result<Self, BadTransition> {
        match self.state {
            GrantState::Pending | GrantState::Held => Ok(self.into_state(GrantState::Held)),
            GrantState::Leaving | GrantState::Revoked => Err(BadTransition::new("grant", self.state, "held")),
        }
    }

    /// It is to be taken away from this moment.
    pub fn leave(self, now: Timestamp) -> Result<Self, BadTransition> {
        match self.state {
            GrantState::Pending | GrantState::Held | GrantState::Leaving => {
                Ok(Self { valid_until: Some(now), ..self.into_state(GrantState::Leaving) })
            }
            GrantState::Revoked => Err(BadTransition::new("grant", self.state, "taken away")),
        }
    }

    /// It was read back as gone.
    pub fn revoked(self) -> Result<Self, BadTransition> {
        match self.state {
            GrantState::Leaving | GrantState::Revoked => Ok(self.into_state(GrantState::Revoked)),
            GrantState::Pending | GrantState::Held => Err(BadTransition::new("grant", self.state, "revoked")),
        }
    }

    fn into_state(self, state: GrantState) -> Self {
        Self { state, version: self.version + 1, ..self }
    }
}
