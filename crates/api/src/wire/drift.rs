//! What somebody else changed in connected systems, and how old what we know of them is, for the
//! wire.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tenure_model::{AccountId, ConnectionName, DriftId, PersonId, RunId};
use utoipa::ToSchema;

/// How far the readings of a connected system came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReadingView {
    /// Which system.
    #[schema(value_type = String)]
    pub connection: ConnectionName,
    /// Since when what is known of it was true; absent if it was never read as a whole.
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub true_since: Option<Timestamp>,
    /// When somebody last asked for a reading.
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked_at: Option<Timestamp>,
    /// When the last reading began that came to an end.
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tried_at: Option<Timestamp>,
    /// Accounts that the last whole reading met.
    pub read: u64,
    /// Of these, never seen before.
    pub new: u64,
    /// Found to belong to somebody.
    pub linked: u64,
    /// Of nobody.
    pub orphans: u64,
    /// Not as they were last seen.
    pub changed: u64,
    /// Not there any more.
    pub missing: u64,
    /// Differences found.
    pub drifts: u64,
    /// Left for the next reading, because a run acts on them.
    pub left: u64,
    /// Why nothing was concluded from what was not there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doubt: Option<String>,
    /// Why the last reading did not come to its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
}

/// What somebody else changed on one account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DriftView {
    /// Ours.
    #[schema(value_type = String)]
    pub id: DriftId,
    /// Where.
    #[schema(value_type = String)]
    pub connection: ConnectionName,
    /// What the system calls the account.
    pub native_id: String,
    /// Our account.
    #[schema(value_type = String)]
    pub account: AccountId,
    /// Whose.
    #[schema(value_type = Option<String>)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<PersonId>,
    /// What to call them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// attribute, membership, state, missing or resurrected.
    pub kind: String,
    /// report, ask or restore: what was to be done about it.
    pub policy: String,
    /// open, restoring or settled.
    pub state: String,
    /// Part by part.
    pub differences: Vec<DifferenceView>,
    /// When it was found.
    #[schema(value_type = String, format = DateTime)]
    pub found_at: Timestamp,
    /// The run that takes it back.
    #[schema(value_type = Option<String>)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<RunId>,
    /// How it was settled, as a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settled: Option<String>,
}

/// One part of an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DifferenceView {
    /// Which: `state`, `holds/…` or `attribute/…`.
    pub part: String,
    /// How it was; absent if it was not there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// How it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

/// An account of nobody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrphanView {
    /// Where.
    #[schema(value_type = String)]
    pub connection: ConnectionName,
    /// What the system calls it.
    pub native_id: String,
    /// The name a human would look for.
    pub name: String,
    /// In what state it was seen.
    pub state: String,
    /// What it holds, by the system's own ids.
    pub holds: Vec<String>,
    /// When it was seen for the first time.
    #[schema(value_type = String, format = DateTime)]
    pub first_seen_at: Timestamp,
}

/// A difference between what policy intends and what a system enforces.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct GapView {
    /// Whose.
    #[schema(value_type = String)]
    pub person: PersonId,
    /// What to call them.
    pub name: String,
    /// Which account, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// What it is about.
    pub what: String,
    /// not-there: decided and missing; not-decided: there and nobody decided it.
    pub direction: String,
    /// Why, as a sentence.
    pub why: String,
}

/// Leaving a difference as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AcceptIn {
    /// Why, for the record.
    pub reason: String,
}

/// What becomes of an account of nobody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "do", rename_all = "kebab-case", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum OrphanIn {
    /// It becomes an identity of its own, for which somebody answers.
    Adopt {
        /// Which account: the system's own id, or its name.
        account: String,
        /// Who answers for it.
        #[schema(value_type = String)]
        sponsor: PersonId,
        /// What it is for.
        reason: String,
    },
    /// It is this person's.
    Link {
        /// Which account: the system's own id, or its name.
        account: String,
        /// Whose it is.
        #[schema(value_type = String)]
        person: PersonId,
    },
    /// Nobody can use it any more. It is not deleted.
    Disable {
        /// Which account: the system's own id, or its name.
        account: String,
        /// Why, for the record.
        reason: String,
    },
}

/// What followed for an account of nobody, or for a difference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SettledView {
    /// Whose it is now.
    #[schema(value_type = Option<String>)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<PersonId>,
    /// Our account.
    #[schema(value_type = Option<String>)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountId>,
    /// What was started.
    #[schema(value_type = Vec<String>)]
    pub runs: Vec<RunId>,
}
