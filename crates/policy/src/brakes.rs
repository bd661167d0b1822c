//! The last look before the first write: too much at once, or the wrong people, and it waits for
//! a human.
//!
//! Planned changes are counted, not rows of a feed: half an HR file that is missing hurts nobody,
//! a hundred accounts that would be disabled do. One person's urgent leaving passes by default.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use tenure_model::{AccountId, ConnectionName, PersonId};

use crate::plan::{Action, Plan};

/// Past what a human is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// This many people may lose something at one connection, whatever the share.
    pub people_max: u64,
    /// This share of a connection's accounts may lose something, in hundredths of a percent.
    pub share_max: u64,
    /// People whom no plan may take anything from.
    pub protected: BTreeSet<PersonId>,
    /// Accounts that administer a system, by connection. The last of them is never disabled.
    pub admins: BTreeMap<ConnectionName, BTreeSet<AccountId>>,
}

impl Default for Limits {
    fn default() -> Self {
        Self { people_max: 5, share_max: 200, protected: BTreeSet::new(), admins: BTreeMap::new() }
    }
}

/// Which brake holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "brake", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum Brake {
    /// Somebody is on the list of those whom nothing may be taken from.
    Protected {
        /// Who.
        person: PersonId,
    },
    /// Nobody would be left who can administer the system.
    LastAdmin {
        /// The system.
        connection: ConnectionName,
    },
    /// Too many people at once.
    TooMany {
        /// The system.
        connection: ConnectionName,
        /// How many people would lose something there.
        found: u64,
        /// How many may.
        limit: u64,
        /// Of how many accounts.
        population: u64,
    },
}

/// What the brakes say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "verdict", rename_all = "kebab-case")]
pub enum Verdict {
    /// Go on.
    Go,
    /// Write nothing and ask a human.
    Hold {
        /// Which brake, with its numbers.
        brake: Brake,
        /// The same as a sentence.
        sentence: String,
    },
}

/// Looks at a whole set of plans at once. `population` says how many accounts each connection has;
/// a connection that is not in it counts as having none, so that only `people_max` applies.
pub fn check(plans: &BTreeMap<PersonId, Plan>, limits: &Limits, population: &BTreeMap<ConnectionName, u64>) -> Verdict {
    let mut losing: BTreeMap<&ConnectionName, BTreeSet<PersonId>> = BTreeMap::new();
    let mut disabled: BTreeMap<&ConnectionName, BTreeSet<AccountId>> = BTreeMap::new();
    for (person, plan) in plans {
        for change in plan.changes.iter().filter(|change| change.action.takes_away()) {
            losing.entry(&change.connection).or_default().insert(*person);
            if let Some(account) = disables(&change.action) {
                disabled.entry(&change.connection).or_default().insert(account);
            }
        }
    }
    protected(&losing, limits)
        .or_else(|| last_admin(&disabled, limits))
        .or_else(|| too_many(&losing, limits, population))
        .map_or(Verdict::Go, |(brake, sentence)| Verdict::Hold { brake, sentence })
}

fn disables(action: &Action) -> Option<AccountId> {
    match action {
        Action::DisableAccount { account } => Some(*account),
        Action::RemoveEntitlement { .. }
        | Action::CreateAccount { .. }
        | Action::EnableAccount { .. }
        | Action::AddEntitlement { .. } => None,
    }
}

type Held = Option<(Brake, String)>;

fn protected(losing: &BTreeMap<&ConnectionName, BTreeSet<PersonId>>, limits: &Limits) -> Held {
    let person = losing.values().flatten().find(|person| limits.protected.contains(person)).copied()?;
    let sentence = format!("{person} is protected, and the plan takes something from them");
    Some((Brake::Protected { person }, sentence))
}

fn last_admin(disabled: &BTreeMap<&ConnectionName, BTreeSet<AccountId>>, limits: &Limits) -> Held {
    let (connection, _) = disabled.iter().find(|(connection, accounts)| {
        limits.admins.get(**connection).is_some_and(|admins| !admins.is_empty() && admins.is_subset(accounts))
    })?;
    let connection = (*connection).clone();
    let sentence = format!("the plan disables the last account that administers {connection}");
    Some((Brake::LastAdmin { connection }, sentence))
}

fn too_many(
    losing: &BTreeMap<&ConnectionName, BTreeSet<PersonId>>,
    limits: &Limits,
    population: &BTreeMap<ConnectionName, u64>,
) -> Held {
    losing.iter().find_map(|(connection, people)| {
        let found = u64::try_from(people.len()).unwrap_or(u64::MAX);
        let all = population.get(*connection).copied().unwrap_or(0);
        let limit = limits.people_max.max(all.saturating_mul(limits.share_max) / 10_000);
        (found > limit).then(|| {
            let connection = (*connection).clone();
            let sentence = format!(
                "{found} people would lose access at {connection}, of {all} accounts; more than {limit} need a human's yes"
            );
            (Brake::TooMany { connection, found, limit, population: all }, sentence)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Change, Presence};
    use tenure_model::{SeededIds, new_id};

    fn leavers(count: usize) -> BTreeMap<PersonId, Plan> {
        let ids = SeededIds::new(1);
        let plan = |account| Plan {
            presence: Presence::Over,
            desired: Vec::new(),
            changes: vec![Change {
                connection: ldap(),
                action: Action::DisableAccount { account },
                why: vec!["over".into()],
            }],
            closing: Vec::new(),
            findings: Vec::new(),
        };
        (0..count).map(|_| (new_id(&ids), plan(new_id(&ids)))).collect()
    }

    fn ldap() -> ConnectionName {
        "ldap".parse().unwrap()
    }

    fn ask(plans: &BTreeMap<PersonId, Plan>, limits: &Limits, accounts: u64) -> Option<Brake> {
        match check(plans, limits, &[(ldap(), accounts)].into()) {
            Verdict::Go => None,
            Verdict::Hold { brake, sentence } => {
                assert!(!sentence.is_empty());
                Some(brake)
            }
        }
    }

    #[test]
    fn the_larger_of_number_and_share_counts() {
        let limits = Limits::default();
        for (leaving, accounts, goes) in [
            (0, 0, true),
            (1, 1, true),
            (5, 10, true),
            (6, 10, false),
            (6, 299, false),
            (6, 300, true),
            (20, 1_000, true),
            (21, 1_000, false),
        ] {
            let held = ask(&leavers(leaving), &limits, accounts);
            assert_eq!(held.is_none(), goes, "{leaving} of {accounts}: {held:?}");
        }
    }

    #[test]
    fn the_numbers_are_told() {
        let Verdict::Hold { sentence, .. } = check(&leavers(6), &Limits::default(), &[(ldap(), 10)].into()) else {
            panic!("went on");
        };
        let wanted = "6 people would lose access at ldap, of 10 accounts; more than 5 need a human's yes";
        assert_eq!(sentence, wanted);
    }

    #[test]
    fn the_protected_and_the_last_admin_are_held_even_alone() {
        let plans = leavers(1);
        let (person, plan) = plans.first_key_value().unwrap();
        let protected = Limits { protected: [*person].into(), ..Limits::default() };
        assert_eq!(ask(&plans, &protected, 1_000), Some(Brake::Protected { person: *person }));
        let account = disables(&plan.changes[0].action).unwrap();
        let alone = Limits { admins: [(ldap(), [account].into())].into(), ..Limits::default() };
        assert_eq!(ask(&plans, &alone, 1_000), Some(Brake::LastAdmin { connection: ldap() }));
        let other = new_id(&SeededIds::new(7));
        let two = Limits { admins: [(ldap(), [account, other].into())].into(), ..Limits::default() };
        assert_eq!(ask(&plans, &two, 1_000), None);
    }
}
