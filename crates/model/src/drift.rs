//! What a connected system was last seen to hold, and how that differs from what was decided.
//!
//! An [`Observation`] is kept for every account that a reading met, also for those of nobody. A
//! [`Drift`] is what somebody else changed in between: it stays open until a human or a run has
//! settled it, or until the system is as it was before.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::account::{Account, AccountState};
use crate::ids::{AccountId, DriftId, PersonId, RunId};
use crate::name::{ConnectionName, NativeId};
use crate::value::{Attributes, Value};

/// The part of a difference that is about the state of an account.
const STATE: &str = "state";
/// What stands before the native id of something that is held.
const HOLDS: &str = "holds/";
/// What stands before the name of an attribute.
const ATTRIBUTE: &str = "attribute/";

/// An account as a reading last saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observation {
    /// Where.
    pub connection: ConnectionName,
    /// What the system calls it.
    pub native_id: NativeId,
    /// Our account; none where it is nobody's.
    pub account: Option<AccountId>,
    /// The name that a human would look for.
    pub name: String,
    /// What state it was seen in.
    pub state: AccountState,
    /// Native ids of what it was seen to hold.
    pub holds: BTreeSet<NativeId>,
    /// The attributes that are watched.
    pub attributes: Attributes,
    /// Of all of this but the moments: equal hashes mean that nothing changed.
    pub hash: [u8; 16],
    /// When it was seen for the first time.
    pub first_seen_at: Timestamp,
    /// When it was last seen to change.
    pub seen_at: Timestamp,
}

impl Observation {
    /// Our account for it, now that it is somebody's.
    pub fn owned(&self, id: AccountId, person: PersonId) -> Account {
        Account {
            id,
            connection: self.connection.clone(),
            person: Some(person),
            native_id: Some(self.native_id.clone()),
            name: self.name.clone(),
            state: self.state,
            holds: self.holds.clone(),
            seen_at: Some(self.seen_at),
            version: 1,
        }
    }

    /// What it says of one part of an account.
    pub fn part(&self, part: &Part) -> Option<Value> {
        match part {
            Part::State => Some(Value::Text(self.state.word().to_owned())),
            Part::Holds(native) => self.holds.contains(native).then_some(Value::Flag(true)),
            Part::Attribute(name) => self.attributes.get(name).cloned(),
        }
    }
}

/// What kind of difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DriftKind {
    /// Somebody else changed an attribute.
    Attribute,
    /// Somebody else gave or took a membership.
    Membership,
    /// Somebody else changed the state of the account.
    State,
    /// The account is not there any more.
    Missing,
    /// An account that was gone or disabled can be used again.
    Resurrected,
    /// An account of nobody.
    Orphan,
}

impl DriftKind {
    /// Every kind.
    pub const ALL: [Self; 6] =
        [Self::Attribute, Self::Membership, Self::State, Self::Missing, Self::Resurrected, Self::Orphan];

    /// The word for it in documents and in the database.
    pub fn word(self) -> &'static str {
        match self {
            Self::Attribute => "attribute",
            Self::Membership => "membership",
            Self::State => "state",
            Self::Missing => "missing",
            Self::Resurrected => "resurrected",
            Self::Orphan => "orphan",
        }
    }

    /// The kind of this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

impl fmt::Display for DriftKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// What is done about a difference without anybody being asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DriftPolicy {
    /// It is listed and counted.
    #[default]
    Report,
    /// A human is asked.
    Ask,
    /// A run makes it as it was decided, under the brakes.
    Restore,
}

impl DriftPolicy {
    /// Every policy.
    pub const ALL: [Self; 3] = [Self::Report, Self::Ask, Self::Restore];

    /// The word for it in documents and in the database.
    pub fn word(self) -> &'static str {
        match self {
            Self::Report => "report",
            Self::Ask => "ask",
            Self::Restore => "restore",
        }
    }

    /// The policy of this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|policy| policy.word() == word)
    }
}

/// A part of an account that can differ.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Part {
    /// Its state.
    State,
    /// That it holds something, by the system's own id.
    Holds(NativeId),
    /// An attribute.
    Attribute(String),
}

/// Why a text is not a part of an account.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a part of an account; it is `state`, `holds/…` or `attribute/…`")]
pub struct NotAPart(String);

impl TryFrom<String> for Part {
    type Error = NotAPart;
    fn try_from(text: String) -> Result<Self, NotAPart> {
        if text == STATE {
            Ok(Self::State)
        } else if let Some(native) = text.strip_prefix(HOLDS) {
            Ok(Self::Holds(NativeId::new(native)))
        } else if let Some(name) = text.strip_prefix(ATTRIBUTE) {
            Ok(Self::Attribute(name.to_owned()))
        } else {
            Err(NotAPart(text.chars().take(64).collect()))
        }
    }
}

impl From<Part> for String {
    fn from(part: Part) -> Self {
        part.to_string()
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::State => f.write_str(STATE),
            Self::Holds(native) => write!(f, "{HOLDS}{native}"),
            Self::Attribute(name) => write!(f, "{ATTRIBUTE}{name}"),
        }
    }
}

/// How one part was, and how it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Difference {
    /// Before somebody else changed it; nothing if it was not there.
    pub before: Option<Value>,
    /// As it was seen.
    pub after: Option<Value>,
}

/// Differences by part.
pub type Differences = BTreeMap<Part, Difference>;

/// What somebody else changed on one account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drift {
    /// Ours.
    pub id: DriftId,
    /// Where.
    pub connection: ConnectionName,
    /// On which account, as the system calls it.
    pub native_id: NativeId,
    /// Our account.
    pub account: AccountId,
    /// Whose.
    pub person: Option<PersonId>,
    /// What kind.
    pub kind: DriftKind,
    /// What was to be done about it when it was found.
    pub policy: DriftPolicy,
    /// What differs.
    pub differences: Differences,
    /// When it was found.
    pub found_at: Timestamp,
    /// The run that restores it, if one was started.
    pub run: Option<RunId>,
    /// How it ended, once it has.
    pub closing: Option<Closing>,
    /// Goes up with every change.
    pub version: i64,
}

/// How a drift ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closing {
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: String,
    /// Why, as a sentence.
    pub why: String,
}

impl Drift {
    /// Takes in what was seen now: parts that are as they were before are no drift any more. Gives
    /// nothing back if that changes nothing.
    pub fn seen(&self, now: &Observation, by: &str) -> Option<Self> {
        let open = |(part, _): &(&Part, &Difference)| {
            self.differences.get(*part).is_some_and(|known| known.before != now.part(part))
        };
        let left: Differences = self
            .differences
            .iter()
            .filter(open)
            .map(|(part, known)| (part.clone(), Difference { before: known.before.clone(), after: now.part(part) }))
            .collect();
        if left == self.differences {
            return None;
        }
        let why = "the system is as it was before".to_owned();
        let closing = left.is_empty().then(|| Closing { at: now.seen_at, by: by.to_owned(), why });
        let differences = if left.is_empty() { self.differences.clone() } else { left };
        Some(Self { differences, closing, version: self.version + 1, ..self.clone() })
    }

    /// Ends it.
    pub fn closed(self, closing: Closing) -> Self {
        Self { closing: Some(closing), version: self.version + 1, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Id as _;
    use uuid::Uuid;

    fn observation(state: AccountState, holds: &[&str], mail: &str) -> Observation {
        Observation {
            connection: "ldap".parse().unwrap(),
            native_id: NativeId::new("a"),
            account: None,
            name: "a".into(),
            state,
            holds: holds.iter().map(|held| NativeId::new(*held)).collect(),
            attributes: [("mail".to_owned(), mail.into())].into(),
            hash: [0; 16],
            first_seen_at: Timestamp::UNIX_EPOCH,
            seen_at: Timestamp::UNIX_EPOCH,
        }
    }

    fn drift() -> Drift {
        let held = Difference { before: None, after: Some(Value::Flag(true)) };
        let mail = Difference { before: Some("old".into()), after: Some("new".into()) };
        Drift {
            id: DriftId::from_uuid(Uuid::nil()),
            connection: "ldap".parse().unwrap(),
            native_id: NativeId::new("a"),
            account: AccountId::from_uuid(Uuid::nil()),
            person: None,
            kind: DriftKind::Membership,
            policy: DriftPolicy::Report,
            differences: [(Part::Holds(NativeId::new("admins")), held), (Part::Attribute("mail".into()), mail)].into(),
            found_at: Timestamp::UNIX_EPOCH,
            run: None,
            closing: None,
            version: 1,
        }
    }

    #[test]
    fn what_is_as_it_was_is_no_drift_any_more() {
        let drift = drift();
        assert_eq!(drift.seen(&observation(AccountState::Active, &["admins"], "new"), "x"), None);
        let half = drift.seen(&observation(AccountState::Active, &[], "new"), "x").unwrap();
        assert_eq!((half.differences.len(), half.closing.is_some()), (1, false));
        let moved = half.seen(&observation(AccountState::Active, &[], "third"), "x").unwrap();
        assert_eq!(moved.differences[&Part::Attribute("mail".into())].before, Some("old".into()));
        let whole = moved.seen(&observation(AccountState::Active, &[], "old"), "x").unwrap();
        assert!(whole.closing.is_some() && !whole.differences.is_empty(), "{whole:?}");
    }

    #[test]
    fn parts_read_back() {
        for part in [Part::State, Part::Holds(NativeId::new("cn=a/b")), Part::Attribute("mail".into())] {
            assert_eq!(Part::try_from(part.to_string()), Ok(part));
        }
        assert!(Part::try_from("other".to_owned()).is_err());
    }
}
