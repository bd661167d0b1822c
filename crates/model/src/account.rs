//! An account in a connected system, with a state that admits what is not known.

use std::collections::BTreeSet;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids::{AccountId, PersonId};
use crate::name::{ConnectionName, NativeId};
use crate::transition::BadTransition;
use crate::value::Attributes;

/// What is known of an account. Two values ("enabled" or not) have misled every product that
/// stopped there; a staged account, for one, is neither.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AccountState {
    /// Looked for and not there; never made by us.
    Absent,
    /// There, and not usable yet.
    Staged,
    /// There and usable.
    Active,
    /// There, not usable for a while; everything on it is kept.
    Suspended,
    /// There and not usable.
    Disabled,
    /// Deleted in a way that the system can take back for some time.
    SoftDeleted,
    /// Was there, and is not any more.
    Gone,
    /// Nobody knows: the last write got no answer, or nobody ever looked.
    Unknown,
}

impl AccountState {
    /// Every state.
    pub const ALL: [Self; 8] = [
        Self::Absent,
        Self::Staged,
        Self::Active,
        Self::Suspended,
        Self::Disabled,
        Self::SoftDeleted,
        Self::Gone,
        Self::Unknown,
    ];

    /// The word for it on screens and in the database.
    pub fn word(self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::Staged => "staged",
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Disabled => "disabled",
            Self::SoftDeleted => "soft-deleted",
            Self::Gone => "gone",
            Self::Unknown => "unknown",
        }
    }

    /// The state of this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }

    /// Whether somebody could sign in with it. Unknown counts as yes.
    pub fn may_be_usable(self) -> bool {
        match self {
            Self::Active | Self::Unknown => true,
            Self::Absent | Self::Staged | Self::Suspended | Self::Disabled | Self::SoftDeleted | Self::Gone => false,
        }
    }
}

impl fmt::Display for AccountState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// What a connector saw when it looked, in the system's own words where they matter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Observed {
    /// What the system calls the account. None when there is none.
    pub native_id: Option<NativeId>,
    /// The name a human would look for, such as a DN.
    pub name: String,
    /// What state it was seen in.
    pub state: AccountState,
    /// Native ids of the groups and other entitlements that it was seen to hold.
    pub holds: BTreeSet<NativeId>,
    /// Attributes that are not secret.
    pub attributes: Attributes,
    /// When it was looked at.
    pub at: Timestamp,
}

/// An account in a connected system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Account {
    /// Ours.
    pub id: AccountId,
    /// Where.
    pub connection: ConnectionName,
    /// Whose, if that is known.
    pub person: Option<PersonId>,
    /// What the system calls it.
    pub native_id: Option<NativeId>,
    /// The name a human would look for.
    pub name: String,
    /// What is known of it.
    pub state: AccountState,
    /// Native ids of what it was last seen to hold.
    pub holds: BTreeSet<NativeId>,
    /// When it was last seen.
    pub seen_at: Option<Timestamp>,
    /// Goes up with every change.
    pub version: i64,
}

impl Account {
    /// Records that the account was made, as it was then seen.
    pub fn created(self, seen: &Observed) -> Result<Self, BadTransition> {
        match self.state {
            AccountState::Absent | AccountState::Gone | AccountState::SoftDeleted | AccountState::Unknown => {
                self.settled(seen, &[AccountState::Active, AccountState::Staged], "created")
            }
            AccountState::Staged | AccountState::Active | AccountState::Suspended | AccountState::Disabled => {
                Err(BadTransition::new("account", self.state, "created"))
            }
        }
    }

    /// Records that the account was made usable again, as it was then seen.
    pub fn enabled(self, seen: &Observed) -> Result<Self, BadTransition> {
        match self.state {
            AccountState::Staged
            | AccountState::Active
            | AccountState::Suspended
            | AccountState::Disabled
            | AccountState::Unknown => self.settled(seen, &[AccountState::Active], "enabled"),
            AccountState::Absent | AccountState::SoftDeleted | AccountState::Gone => {
                Err(BadTransition::new("account", self.state, "enabled"))
            }
        }
    }

    /// Records that nobody can use the account, as it was then seen. An account that turned out to
    /// be gone or soft-deleted satisfies this, under its true name.
    pub fn disabled(self, seen: &Observed) -> Result<Self, BadTransition> {
        let ends = [AccountState::Disabled, AccountState::SoftDeleted, AccountState::Gone];
        match self.state {
            AccountState::Staged
            | AccountState::Active
            | AccountState::Suspended
            | AccountState::Disabled
            | AccountState::SoftDeleted
            | AccountState::Gone
            | AccountState::Unknown => self.settled(seen, &ends, "disabled"),
            AccountState::Absent => Err(BadTransition::new("account", self.state, "disabled")),
        }
    }

    /// Records that the account was brought back from where deleted ones are kept, as it was then
    /// seen.
    pub fn restored(self, seen: &Observed) -> Result<Self, BadTransition> {
        let ends = [AccountState::Active, AccountState::Staged, AccountState::Disabled];
        match self.state {
            AccountState::SoftDeleted | AccountState::Unknown => self.settled(seen, &ends, "restored"),
            AccountState::Absent
            | AccountState::Staged
            | AccountState::Active
            | AccountState::Suspended
            | AccountState::Disabled
            | AccountState::Gone => Err(BadTransition::new("account", self.state, "restored")),
        }
    }

    /// Records that the account was deleted, as it was then seen. One that was in use is disabled
    /// first.
    pub fn deleted(self, seen: &Observed) -> Result<Self, BadTransition> {
        match self.state {
            AccountState::Disabled | AccountState::SoftDeleted | AccountState::Gone | AccountState::Unknown => {
                self.settled(seen, &[AccountState::SoftDeleted, AccountState::Gone], "deleted")
            }
            AccountState::Absent | AccountState::Staged | AccountState::Active | AccountState::Suspended => {
                Err(BadTransition::new("account", self.state, "deleted"))
            }
        }
    }

    /// Records a look at the account, whatever was seen.
    pub fn observed(self, seen: &Observed) -> Self {
        let state = match (self.state, seen.state) {
            // What once was there is gone, not absent.
            (AccountState::Absent, AccountState::Absent) => AccountState::Absent,
            (AccountState::Unknown, AccountState::Absent) if self.native_id.is_none() => AccountState::Absent,
            (_, AccountState::Absent) => AccountState::Gone,
            (_, state) => state,
        };
        Self {
            native_id: seen.native_id.clone().or(self.native_id),
            name: seen.name.clone(),
            state,
            holds: seen.holds.clone(),
            seen_at: Some(seen.at),
            version: self.version + 1,
            ..self
        }
    }

    /// Records that a write got no answer: from now on nobody knows.
    pub fn doubted(self) -> Self {
        Self { state: AccountState::Unknown, version: self.version + 1, ..self }
    }

    fn settled(self, seen: &Observed, ends: &[AccountState], verb: &'static str) -> Result<Self, BadTransition> {
        let next = self.observed(seen);
        if ends.contains(&next.state) {
            Ok(next)
        } else {
            Err(BadTransition::new("account", format_args!("seen as {}", next.state), verb))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{SeededIds, new_id};

    fn account(state: AccountState) -> Account {
        Account {
            id: new_id(&SeededIds::new(1)),
            connection: "ldap".parse().unwrap(),
            person: None,
            native_id: Some(NativeId::new("7f")),
            name: "uid=ada".into(),
            state,
            holds: BTreeSet::new(),
            seen_at: None,
            version: 1,
        }
    }

    fn seen(state: AccountState) -> Observed {
        Observed {
            native_id: Some(NativeId::new("7f")),
            name: "uid=ada".into(),
            state,
            holds: BTreeSet::new(),
            attributes: Attributes::new(),
            at: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn disabled_means_seen_disabled() {
        let refused = account(AccountState::Active).disabled(&seen(AccountState::Active)).unwrap_err();
        assert_eq!(refused.to_string(), "account is seen as active and cannot be disabled");
        let done = account(AccountState::Active).disabled(&seen(AccountState::Disabled)).unwrap();
        assert_eq!((done.state, done.version), (AccountState::Disabled, 2));
    }

    #[test]
    fn an_account_that_vanished_is_gone_and_not_absent() {
        let done = account(AccountState::Active).disabled(&seen(AccountState::Absent)).unwrap();
        assert_eq!(done.state, AccountState::Gone);
        assert_eq!(account(AccountState::Absent).observed(&seen(AccountState::Absent)).state, AccountState::Absent);
    }

    #[test]
    fn every_pair_of_states_is_accepted_or_refused_with_words() {
        for from in AccountState::ALL {
            for to in AccountState::ALL {
                for result in [
                    account(from).created(&seen(to)),
                    account(from).enabled(&seen(to)),
                    account(from).disabled(&seen(to)),
                    account(from).restored(&seen(to)),
                    account(from).deleted(&seen(to)),
                ] {
                    match result {
                        Ok(next) => assert_eq!(next.version, 2),
                        Err(refused) => assert!(refused.to_string().starts_with("account is ")),
                    }
                }
            }
        }
    }

    #[test]
    fn unknown_is_treated_as_usable() {
        assert!(account(AccountState::Active).doubted().state.may_be_usable());
    }
}
