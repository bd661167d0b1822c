//! What the ledger records of one thing that happened.
//!
//! An entry can never be erased, so nothing in it is personal in clear: whom it speaks of is an
//! id, words are short and lower-case, documents are hashes, and the detail has an allow-list.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tenure_model::{Actor, ActorKind, ConnectionName, EventId, RunId, TokenId};

use crate::canonical::{NotCanonical, canonical_bytes};
use crate::hash::{Hash, leaf_hash};
use crate::limits::{DETAIL_FACTS_MAX, ENTRY_BYTES_MAX};
use crate::reference::Reference;
use crate::word::Word;

/// The version of the form of an entry.
pub const ENTRY_VERSION: u8 = 1;

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Entry {
    /// [`ENTRY_VERSION`].
    pub v: u8,
    /// What happened, such as `event.accepted` or `effect.done`.
    #[serde(rename = "type")]
    pub kind: Word,
    /// When.
    pub at: Timestamp,
    /// Who did it.
    pub actor: ActorRef,
    /// In which run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<RunId>,
    /// In which step of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<Word>,
    /// Which attempt at the step, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<u32>,
    /// Which generation of the person's plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generation: Option<u64>,
    /// Whom or what it speaks of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Reference>,
    /// In which connected system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<ConnectionName>,
    /// Which effect, such as `account.disable`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effect: Option<Word>,
    /// What was decided or came of it, such as `allow`, `refuse` or `verified-disabled`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<Word>,
    /// The hash of the policy that decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<Hash>,
    /// What set this in motion: usually an event, a request or a run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation: Option<Reference>,
    /// More, from the allow-list.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub detail: BTreeMap<DetailKey, Fact>,
}

/// Who did it: an id or a connection, never a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum ActorRef {
    /// Somebody with a token.
    Caller {
        /// The token, not its secret.
        token: TokenId,
    },
    /// A source, at its own connection.
    Source {
        /// The token, not its secret.
        token: TokenId,
        /// The connection.
        connection: ConnectionName,
    },
    /// Tenure itself.
    System {
        /// Which part of it.
        part: Word,
    },
}

impl From<&Actor> for ActorRef {
    fn from(actor: &Actor) -> Self {
        match &actor.kind {
            ActorKind::Caller { token, .. } => Self::Caller { token: *token },
            ActorKind::Source { token, connection } => Self::Source { token: *token, connection: connection.clone() },
            ActorKind::System => Self::System { part: Word::or_hash(&actor.name) },
        }
    }
}

/// What may stand in the detail of an entry. A new key is a decision about personal data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum DetailKey {
    /// The account that an effect touches.
    Account,
    /// The hash of what was there before.
    Before,
    /// The hash of what is there after.
    After,
    /// Why a check, brake or rule stopped it, as a code.
    Code,
    /// How many things it speaks of.
    Count,
    /// That somebody stands in for somebody else, by which it was done.
    Deputy,
    /// The engagement that began or ended.
    Engagement,
    /// The entitlement given or taken.
    Entitlement,
    /// The hash of what was read back.
    Evidence,
    /// How the evidence came about, such as `read-back`.
    EvidenceKind,
    /// The event that came in.
    Event,
    /// The grant that changed.
    Grant,
    /// The hash of the payload that came in.
    Payload,
    /// The role given or asked for.
    Role,
    /// The state before.
    StateBefore,
    /// The state after.
    StateAfter,
    /// Until when it holds or is tried.
    Until,
    /// Which workflow.
    Workflow,
}

/// A value in the detail. There is no free text, on purpose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Fact {
    /// A word.
    Word(Word),
    /// A whole number.
    Number(i64),
    /// Yes or no.
    Flag(bool),
    /// The hash of a document kept elsewhere.
    Hash(Hash),
    /// A thing with an id.
    Id(Reference),
    /// A moment.
    At(Timestamp),
}

/// Why an entry is refused.
#[derive(Debug, thiserror::Error)]
pub enum BadEntry {
    /// Not the JSON of an entry.
    #[error("this is not an entry of the ledger")]
    Form(#[source] serde_json::Error),
    /// Has no canonical bytes.
    #[error("the entry has no canonical form")]
    NotCanonical(#[source] NotCanonical),
    /// The right JSON in the wrong bytes.
    #[error("the entry is not in its canonical form")]
    OtherBytes,
    /// Of a form that is not known here.
    #[error("the entry has version {0}, and this program knows version {ENTRY_VERSION}; use a newer one")]
    Version(u8),
    /// Too much.
    #[error("the entry has more than {ENTRY_BYTES_MAX} bytes or more than {DETAIL_FACTS_MAX} facts")]
    TooLarge,
}

impl Entry {
    /// An entry with nothing but what every entry has.
    pub fn new(kind: Word, at: Timestamp, actor: impl Into<ActorRef>) -> Self {
        Self {
            v: ENTRY_VERSION,
            kind,
            at,
            actor: actor.into(),
            run: None,
            step: None,
            attempt: None,
            generation: None,
            subject: None,
            system: None,
            effect: None,
            decision: None,
            policy: None,
            correlation: None,
            detail: BTreeMap::new(),
        }
    }

    /// Sets whom or what it speaks of.
    pub fn about(mut self, subject: impl Into<Reference>) -> Self {
        self.subject = Some(subject.into());
        self
    }

    /// Sets what set this in motion.
    pub fn caused_by(mut self, correlation: impl Into<Reference>) -> Self {
        self.correlation = Some(correlation.into());
        self
    }

    /// Adds a fact to the detail; a second one under the same key takes its place.
    pub fn with(mut self, key: DetailKey, fact: impl Into<Fact>) -> Self {
        self.detail.insert(key, fact.into());
        self
    }

    /// The bytes that the ledger keeps and hashes.
    pub fn to_bytes(&self) -> Result<Vec<u8>, BadEntry> {
        if self.v != ENTRY_VERSION {
            return Err(BadEntry::Version(self.v));
        }
        let value = serde_json::to_value(self).map_err(BadEntry::Form)?;
        let bytes = canonical_bytes(&value).map_err(BadEntry::NotCanonical)?;
        if bytes.len() > ENTRY_BYTES_MAX || self.detail.len() > DETAIL_FACTS_MAX {
            return Err(BadEntry::TooLarge);
        }
        Ok(bytes)
    }

    /// Reads an entry, and insists that these are its only bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, BadEntry> {
        if bytes.len() > ENTRY_BYTES_MAX {
            return Err(BadEntry::TooLarge);
        }
        let entry: Self = serde_json::from_slice(bytes).map_err(BadEntry::Form)?;
        if entry.to_bytes()? == bytes { Ok(entry) } else { Err(BadEntry::OtherBytes) }
    }

    /// The hash of the leaf.
    pub fn leaf(&self) -> Result<Hash, BadEntry> {
        Ok(leaf_hash(&self.to_bytes()?))
    }
}

macro_rules! facts {
    ($($from:ty => $fact:ident;)*) => {$(
        impl From<$from> for Fact {
            fn from(value: $from) -> Self { Self::$fact(value.into()) }
        }
    )*};
}

facts! {
    Word => Word;
    i64 => Number;
    u32 => Number;
    bool => Flag;
    Hash => Hash;
    Reference => Id;
    EventId => Id;
    RunId => Id;
    tenure_model::AccountId => Id;
    tenure_model::EngagementId => Id;
    tenure_model::EntitlementId => Id;
    tenure_model::GrantId => Id;
    Timestamp => At;
}

#[cfg(test)]
mod tests {
    use super::*;
    use tenure_model::{AccountId, PersonId, SeededIds, new_id};

    fn full() -> Entry {
        let ids = SeededIds::new(3);
        let mut entry = Entry::new(
            "effect.done".parse().unwrap(),
            "2026-11-30T22:00:00.25Z".parse().unwrap(),
            &Actor::system("runner"),
        )
        .about(new_id::<PersonId>(&ids))
        .caused_by(new_id::<EventId>(&ids))
        .with(DetailKey::Account, new_id::<AccountId>(&ids))
        .with(DetailKey::Evidence, Hash::of(b"seen"))
        .with(DetailKey::Count, 3_i64)
        .with(DetailKey::Until, Timestamp::UNIX_EPOCH);
        entry.run = Some(new_id(&ids));
        entry.step = Some("accounts/disable#1".parse().unwrap());
        entry.attempt = Some(1);
        entry.generation = Some(4);
        entry.system = Some("ldap".parse().unwrap());
        entry.effect = Some("account.disable".parse().unwrap());
        entry.decision = Some("verified-disabled".parse().unwrap());
        entry.policy = Some(Hash::of(b"policy"));
        entry
    }

    #[test]
    fn the_bytes_never_change() {
        let entry = Entry::new("run.started".parse().unwrap(), Timestamp::UNIX_EPOCH, &Actor::system("runner"));
        assert_eq!(
            String::from_utf8(entry.to_bytes().unwrap()).unwrap(),
            r#"{"actor":{"kind":"system","part":"runner"},"at":"1970-01-01T00:00:00Z","type":"run.started","v":1}"#
        );
        // Computed once with another program: a change here would make every old proof worthless.
        assert_eq!(
            entry.leaf().unwrap().to_string(),
            "463726f3344b47350bbfacbee485fcac6f821b53d7ce50a85dc193c079da4661"
        );
    }

    #[test]
    fn an_entry_survives_its_bytes() {
        let bytes = full().to_bytes().unwrap();
        assert_eq!(Entry::from_bytes(&bytes).unwrap(), full());
    }

    #[test]
    fn other_bytes_of_the_same_entry_are_refused() {
        let text = String::from_utf8(full().to_bytes().unwrap()).unwrap();
        for other in [
            format!(" {text}"),
            text.replacen(':', ": ", 1),
            text.replacen(r#""attempt":1"#, r#""attempt":1,"attempt":1"#, 1),
            text.replacen("effect.done", "effect\\u002edone", 1),
            text.replacen(r#""v":1"#, r#""v":2"#, 1),
            text.replacen(r#""v":1"#, r#""surname":"x","v":1"#, 1),
            text.replacen(r#""count""#, r#""surname""#, 1),
            text.replacen("effect.done", "Ada Lovelace", 1),
            text.replacen(r#""attempt":1"#, r#""attempt":1.0"#, 1),
        ] {
            assert_ne!(other, text);
            assert!(Entry::from_bytes(other.as_bytes()).is_err(), "{other}");
        }
    }

    #[test]
    fn an_actor_leaves_its_name_behind() {
        let token = new_id(&SeededIds::new(5));
        let ada = Actor {
            name: "Ada Lovelace".to_owned(),
            kind: ActorKind::Caller { token, roles: std::collections::BTreeSet::new() },
        };
        assert_eq!(ActorRef::from(&ada), ActorRef::Caller { token });
        let odd = ActorRef::from(&Actor::system("Ada Lovelace"));
        assert!(!serde_json::to_string(&odd).unwrap().contains("Ada"));
    }

    #[test]
    fn numbers_that_are_not_exact_everywhere_are_refused() {
        let mut entry = full();
        entry.generation = Some(1 << 53);
        assert!(matches!(entry.to_bytes(), Err(BadEntry::NotCanonical(NotCanonical::TooLarge(_)))));
    }
}
