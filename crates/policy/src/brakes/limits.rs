//! Past what a human is asked.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use tenure_model::{Account, ConnectionName, Person};

use super::{Kind, Removal, fold, names};

/// What needs a human first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// How many people may lose something, each bound for itself.
    pub bounds: Vec<Bound>,
    /// What nothing may be taken from.
    pub protected: Protected,
    /// What lets its holder administer a system. The last holder is never taken away.
    pub admins: Vec<Admin>,
    /// What lets its holder rule over others, by the name that documents use.
    pub privileged: BTreeSet<(ConnectionName, String)>,
}

/// How many people may lose something of a kind at one connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Bound {
    /// What people call it.
    pub name: String,
    /// Only at this connection; at each for itself otherwise.
    pub connection: Option<ConnectionName>,
    /// Only things of this kind.
    pub kind: Option<Kind>,
    /// Only this entitlement or attribute.
    pub what: Option<String>,
    /// Only what lets its holder rule over others.
    pub privileged: bool,
    /// What is urgent has a bound of its own, so that a storm does not hold up the one who must go now.
    pub urgent: bool,
    /// How many, in how much time.
    pub windows: Vec<Window>,
}

/// How many people within how much time: the larger of a number and a share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Window {
    /// How much time.
    pub hours: u32,
    /// So many people always may.
    pub people: u64,
    /// This share of a connection's accounts may, in hundredths of a percent.
    pub share: u64,
}

/// What lets its holder administer a system.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Admin {
    /// The system.
    pub connection: ConnectionName,
    /// What, by the name that documents use.
    pub entitlement: String,
}

/// What nothing may be taken from without a human's yes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Protected {
    /// People, by their id or by any short text that a source has for them; folded.
    pub people: BTreeMap<String, String>,
    /// Accounts, by connection and name or native id; folded.
    pub accounts: BTreeMap<(ConnectionName, String), String>,
}

/// So many of so many: a share in hundredths of a percent.
pub fn share_of(all: u64, share: u64) -> u64 {
    all.saturating_mul(share) / 10_000
}

impl Window {
    /// How many may.
    pub fn limit(&self, population: u64) -> u64 {
        self.people.max(share_of(population, self.share))
    }
}

impl Limits {
    /// How many accounts of nobody may be disabled at a connection at once, by the narrowest window
    /// that speaks of usual accounts there.
    pub fn accounts_at_once(&self, connection: &ConnectionName, population: u64) -> u64 {
        let about = |bound: &&Bound| {
            bound.connection.as_ref().is_none_or(|known| known == connection)
                && bound.kind.is_none_or(|kind| kind == Kind::Account)
                && bound.what.is_none()
                && !bound.privileged
                && !bound.urgent
        };
        let windows = self.bounds.iter().filter(about).flat_map(|bound| &bound.windows);
        windows.map(|window| window.limit(population)).min().unwrap_or(u64::MAX)
    }
}

impl Bound {
    /// Whether it speaks of this.
    pub fn is_about(&self, removal: &Removal) -> bool {
        self.connection.as_ref().is_none_or(|connection| *connection == removal.connection)
            && self.kind.is_none_or(|kind| kind == removal.kind)
            && self.what.as_ref().is_none_or(|what| *what == removal.what)
            && (!self.privileged || removal.privileged)
            && self.urgent == removal.urgent
    }
}

impl Protected {
    /// Nobody takes anything from whoever is named so.
    pub fn person(&mut self, name: &str, because: &str) {
        self.people.insert(fold(name), because.to_owned());
    }

    /// Nobody takes anything from this account.
    pub fn account(&mut self, connection: ConnectionName, name: &str, because: &str) {
        self.accounts.insert((connection, fold(name)), because.to_owned());
    }

    /// Whether an account that is called so is on the list.
    pub fn names(&self, connection: &ConnectionName, called: &[&str]) -> bool {
        called.iter().any(|name| self.accounts.contains_key(&(connection.clone(), fold(name))))
    }

    pub(super) fn because(&self, person: &Person, account: Option<&Account>) -> Option<String> {
        if self.people.is_empty() && self.accounts.is_empty() {
            return None;
        }
        let by_person = names(person).iter().find_map(|name| self.people.get(name)).cloned();
        let by_account = || {
            let account = account?;
            let native = account.native_id.as_ref().map(|id| fold(id.as_str()));
            let mut called = [Some(fold(&account.name)), native].into_iter().flatten();
            called.find_map(|name| self.accounts.get(&(account.connection.clone(), name))).cloned()
        };
        by_person.or_else(by_account)
    }
}

impl Default for Limits {
    /// On by default: 5 people or 2 % an hour, 10 or 5 % a day, 30 or 20 % in thirty days; one person an
    /// hour where it rules over others. What is urgent is counted apart, with the same numbers.
    fn default() -> Self {
        let window = |hours, people, share| Window { hours, people, share };
        let usual = vec![window(1, 5, 200), window(24, 10, 500), window(720, 30, 2_000)];
        let bound = |name: &str, privileged, urgent, windows: &[Window]| Bound {
            name: name.to_owned(),
            connection: None,
            kind: None,
            what: None,
            privileged,
            urgent,
            windows: windows.to_vec(),
        };
        let few = [window(1, 1, 0), window(24, 3, 0)];
        Self {
            bounds: vec![
                bound("usual", false, false, &usual),
                bound("urgent", false, true, &usual),
                bound("privileged", true, false, &few),
            ],
            protected: Protected::default(),
            admins: Vec::new(),
            privileged: BTreeSet::new(),
        }
    }
}
