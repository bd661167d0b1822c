//! Whoever or whatever can hold access.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::engagement::{Engagement, EngagementState};
use crate::ids::PersonId;
use crate::value::{Attributes, Value};

/// What kind of identity this is. Every kind goes through the same policies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IdentityKind {
    /// Employed by the organisation.
    Employee,
    /// Works for the organisation under a contract.
    Contractor,
    /// Works for a supplier.
    Vendor,
    /// Uses what the organisation offers.
    Customer,
    /// A program that signs in by itself.
    ServiceAccount,
    /// A program that acts on behalf of people, and is answered for by one.
    AiAgent,
}

impl IdentityKind {
    /// Every kind.
    pub const ALL: [Self; 6] =
        [Self::Employee, Self::Contractor, Self::Vendor, Self::Customer, Self::ServiceAccount, Self::AiAgent];

    /// The word for it in documents and in the database.
    pub fn word(self) -> &'static str {
        match self {
            Self::Employee => "employee",
            Self::Contractor => "contractor",
            Self::Vendor => "vendor",
            Self::Customer => "customer",
            Self::ServiceAccount => "service-account",
            Self::AiAgent => "ai-agent",
        }
    }

    /// The kind of this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// A person, or a program that holds access as a person would.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Person {
    /// Ours.
    pub id: PersonId,
    /// What kind of identity.
    pub kind: IdentityKind,
    /// What to call them on a screen.
    pub display_name: String,
    /// What the sources say.
    pub attributes: Attributes,
    /// Who answers for a service account or an agent.
    pub sponsor: Option<PersonId>,
    /// Goes up with every change, and guards against lost updates.
    pub version: i64,
    /// When Tenure first heard of them.
    pub since: Timestamp,
}

impl Person {
    /// One attribute as text.
    pub fn text(&self, attribute: &str) -> Option<&str> {
        self.attributes.get(attribute).and_then(Value::as_text)
    }
}

/// What the engagements of a person come to at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// Nothing has begun yet.
    Planned,
    /// At least one engagement runs.
    Active,
    /// Every running engagement is on leave.
    OnLeave,
    /// All have ended.
    Left,
    /// There never was one.
    None,
}

/// What these engagements come to now: the most present one decides.
pub fn standing(engagements: &[Engagement], now: Timestamp) -> Standing {
    let mut best = Standing::None;
    for engagement in engagements {
        let this = match engagement.state_at(now) {
            EngagementState::Active => return Standing::Active,
            EngagementState::OnLeave => Standing::OnLeave,
            EngagementState::Planned => Standing::Planned,
            EngagementState::Ended => Standing::Left,
            EngagementState::Rescinded => continue,
        };
        if rank(this) > rank(best) {
            best = this;
        }
    }
    best
}

fn rank(standing: Standing) -> u8 {
    match standing {
        Standing::None => 0,
        Standing::Left => 1,
        Standing::Planned => 2,
        Standing::OnLeave => 3,
        Standing::Active => 4,
    }
}
