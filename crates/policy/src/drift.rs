//! What somebody else changed in a connected system, and what would take that back.
//!
//! [`differences`] holds what was seen against what was known before; [`restoring`] turns open
//! drift into what must be done so that it is as it was decided. Where policy has an opinion it
//! wins: what a role gives is not taken away because somebody else gave it first.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use tenure_model::{
    Account, AccountState, Attributes, ConnectionName, Difference, Differences, Drift, DriftKind, DriftPolicy,
    NativeId, Observation, Part, Value,
};

use crate::account::AccountTemplate;
use crate::plan::Plan;

/// How a connection is watched, as its document says it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Watching {
    /// How often everything is read; never by itself if none.
    pub every: Option<Duration>,
    /// How often the system is asked what changed, where it can tell.
    pub follow: Option<Duration>,
    /// Attributes that are watched besides those that a new account gets.
    pub attributes: BTreeSet<String>,
    /// The attribute that says when somebody last signed in. It changes by itself, and is no drift.
    pub last_sign_in: Option<String>,
    /// What is done about each kind of difference; what is not named is reported.
    pub policies: BTreeMap<DriftKind, DriftPolicy>,
    /// So many of the known accounts may be missing from a whole reading before it is not believed,
    /// in hundredths of a percent.
    pub disappear_max: Option<u64>,
}

impl Watching {
    /// What is done about this kind.
    pub fn policy(&self, kind: DriftKind) -> DriftPolicy {
        self.policies.get(&kind).copied().unwrap_or_default()
    }

    /// The attributes of an account that are watched. Where a document names none at all, every
    /// one is.
    pub fn watched(&self, template: &AccountTemplate, attributes: &Attributes) -> Attributes {
        let all = template.set.is_empty() && self.attributes.is_empty();
        let wanted = |name: &String| {
            all || template.set.contains_key(name)
                || self.attributes.contains(name)
                || self.last_sign_in.as_ref() == Some(name)
        };
        let watched = attributes.iter().filter(|(name, value)| wanted(name) && **value != Value::Cleared);
        watched.map(|(name, value)| (name.clone(), value.clone())).collect()
    }
}

/// What differs between what was known and what was seen, by kind. `account` is what our own last
/// look said; `before` is the last reading, and the only one that remembers attributes.
pub fn differences(
    account: &Account,
    before: Option<&Observation>,
    seen: &Observation,
) -> BTreeMap<DriftKind, Differences> {
    let mut found: BTreeMap<DriftKind, Differences> = BTreeMap::new();
    if account.state == AccountState::Unknown {
        // Nobody knew, so nobody can say that it changed.
        return found;
    }
    if is_gone(seen.state) {
        if !is_gone(account.state) {
            found.entry(DriftKind::Missing).or_default().insert(Part::State, state(account.state, seen.state));
        }
        return found;
    }
    if account.state != seen.state {
        let kind = if is_over(account.state) && seen.state.may_be_usable() {
            DriftKind::Resurrected
        } else {
            DriftKind::State
        };
        found.entry(kind).or_default().insert(Part::State, state(account.state, seen.state));
    }
    for native in account.holds.symmetric_difference(&seen.holds) {
        let held = |holds: &BTreeSet<NativeId>| holds.contains(native).then_some(Value::Flag(true));
        let difference = Difference { before: held(&account.holds), after: held(&seen.holds) };
        found.entry(DriftKind::Membership).or_default().insert(Part::Holds(native.clone()), difference);
    }
    if let Some(before) = before {
        let names: BTreeSet<&String> = before.attributes.keys().chain(seen.attributes.keys()).collect();
        for name in names {
            let (was, is) = (before.attributes.get(name), seen.attributes.get(name));
            if was != is {
                let difference = Difference { before: was.cloned(), after: is.cloned() };
                found.entry(DriftKind::Attribute).or_default().insert(Part::Attribute(name.clone()), difference);
            }
        }
    }
    found
}

fn state(before: AccountState, after: AccountState) -> Difference {
    let word = |state: AccountState| Some(Value::Text(state.word().to_owned()));
    Difference { before: word(before), after: word(after) }
}

fn is_gone(state: AccountState) -> bool {
    match state {
        AccountState::Absent | AccountState::Gone => true,
        AccountState::Staged
        | AccountState::Active
        | AccountState::Suspended
        | AccountState::Disabled
        | AccountState::SoftDeleted
        | AccountState::Unknown => false,
    }
}

/// Whether nobody was meant to get in with it any more.
fn is_over(state: AccountState) -> bool {
    match state {
        AccountState::Disabled | AccountState::SoftDeleted | AccountState::Gone | AccountState::Absent => true,
        AccountState::Staged | AccountState::Active | AccountState::Suspended | AccountState::Unknown => false,
    }
}

/// What takes a difference back.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Restoring {
    /// Nobody can use the account any more.
    Disable,
    /// It loses what somebody else gave it.
    Remove(NativeId),
    /// It can be used again.
    Enable,
    /// It gets back what somebody else took.
    Add(NativeId),
    /// Its attributes are as they were.
    Set(Attributes),
    /// What policy says of the person here is done; the account itself is not there any more.
    Align,
}

impl Restoring {
    /// Whether somebody loses something by it.
    pub fn takes_away(&self) -> bool {
        match self {
            Self::Disable | Self::Remove(_) => true,
            Self::Enable | Self::Add(_) | Self::Set(_) | Self::Align => false,
        }
    }
}

/// What takes these differences of one account back, in the order in which it is done, each with
/// its reason. `plan` is what policy says of the person now.
pub fn restoring(
    connection: &ConnectionName,
    account: &Account,
    drifts: &[Drift],
    plan: &Plan,
    entitlements: &BTreeMap<String, NativeId>,
) -> Vec<(Restoring, String)> {
    let wanted: BTreeSet<&NativeId> = plan
        .desired
        .iter()
        .filter(|wish| wish.connection == *connection)
        .filter_map(|wish| entitlements.get(&wish.entitlement))
        .collect();
    let needed = plan.desired.iter().any(|wish| wish.connection == *connection);
    let mut found = Vec::new();
    let mut set = Attributes::new();
    for drift in drifts {
        for (part, difference) in &drift.differences {
            match (part, drift.kind) {
                (Part::State, DriftKind::Missing) => found.push((Restoring::Align, why(drift, "it is gone"))),
                (Part::State, _) => found.extend(state_back(account, difference, needed, drift)),
                (Part::Holds(native), _) => {
                    let held = account.holds.contains(native);
                    if held && difference.before.is_none() && !wanted.contains(native) {
                        let reason = why(drift, &format!("somebody else gave it {native}, and nobody decided that"));
                        found.push((Restoring::Remove(native.clone()), reason));
                    } else if !held && difference.before.is_some() && needed {
                        let reason = why(drift, &format!("somebody else took {native} from it"));
                        found.push((Restoring::Add(native.clone()), reason));
                    }
                }
                (Part::Attribute(name), _) => {
                    set.insert(name.clone(), difference.before.clone().unwrap_or(Value::Cleared));
                }
            }
        }
    }
    if let (false, Some(drift)) = (set.is_empty(), drifts.first()) {
        let names: Vec<&str> = set.keys().map(String::as_str).collect();
        let reason = why(drift, &format!("somebody else changed {}", names.join(", ")));
        found.push((Restoring::Set(set), reason));
    }
    found.sort();
    found.dedup();
    found
}

fn state_back(account: &Account, difference: &Difference, needed: bool, drift: &Drift) -> Option<(Restoring, String)> {
    let before = difference.before.as_ref().and_then(Value::as_text).and_then(AccountState::from_word)?;
    if account.state.may_be_usable() && !before.may_be_usable() && !needed {
        return Some((Restoring::Disable, why(drift, &format!("it was {before}, and somebody else brought it back"))));
    }
    if account.state == AccountState::Disabled && before.may_be_usable() && needed {
        return Some((Restoring::Enable, why(drift, "somebody else disabled it")));
    }
    None
}

fn why(drift: &Drift, what: &str) -> String {
    format!("drift {} of {}: {what}", drift.id, drift.found_at)
}

/// Of so many known accounts, this many may be missing from a reading that is believed.
pub fn missing_max(watching: &Watching, known: u64) -> u64 {
    let share = watching.disappear_max.unwrap_or(crate::limits::DISAPPEAR_SHARE_USUAL);
    crate::limits::DISAPPEAR_ALWAYS.max(known.saturating_mul(share) / 10_000)
}

/// Whether a moment has come again.
pub fn is_due(last: Option<Timestamp>, every: Option<Duration>, now: Timestamp) -> bool {
    let Some(every) = every else { return false };
    let span = jiff::SignedDuration::try_from(every).unwrap_or(jiff::SignedDuration::MAX);
    last.is_none_or(|last| last.checked_add(span).is_ok_and(|due| due <= now))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(state: AccountState, holds: &[&str]) -> Account {
        Account {
            id: "account_00000000000000000000000000".parse().unwrap(),
            connection: "ldap".parse().unwrap(),
            person: None,
            native_id: Some(NativeId::new("a")),
            name: "a".into(),
            state,
            holds: holds.iter().map(|held| NativeId::new(*held)).collect(),
            seen_at: None,
            version: 1,
        }
    }

    fn seen(state: AccountState, holds: &[&str], mail: &str) -> Observation {
        let known = account(state, holds);
        Observation {
            connection: known.connection,
            native_id: NativeId::new("a"),
            account: Some(known.id),
            name: known.name,
            state,
            holds: known.holds,
            attributes: [("mail".to_owned(), mail.into())].into(),
            hash: [0; 16],
            first_seen_at: Timestamp::UNIX_EPOCH,
            seen_at: Timestamp::UNIX_EPOCH,
        }
    }

    fn kinds(account: &Account, before: Option<&Observation>, seen: &Observation) -> Vec<DriftKind> {
        differences(account, before, seen).into_keys().collect()
    }

    #[test]
    fn every_kind_is_told_from_the_others() {
        use AccountState::{Absent, Active, Disabled, Gone, SoftDeleted, Suspended, Unknown};
        let table = [
            (Active, Active, vec![]),
            (Active, Disabled, vec![DriftKind::State]),
            (Active, Suspended, vec![DriftKind::State]),
            (Disabled, Active, vec![DriftKind::Resurrected]),
            (Gone, Active, vec![DriftKind::Resurrected]),
            (SoftDeleted, Active, vec![DriftKind::Resurrected]),
            (Disabled, Suspended, vec![DriftKind::State]),
            (Active, Gone, vec![DriftKind::Missing]),
            (Disabled, Absent, vec![DriftKind::Missing]),
            (Gone, Absent, vec![]),
            (Unknown, Active, vec![]),
        ];
        for (known, now, expected) in table {
            assert_eq!(kinds(&account(known, &[]), None, &seen(now, &[], "x")), expected, "{known} {now}");
        }
        let before = seen(Active, &["staff"], "old");
        let both = kinds(&account(Active, &["staff"]), Some(&before), &seen(Active, &["admins"], "new"));
        assert_eq!(both, [DriftKind::Attribute, DriftKind::Membership]);
    }

    #[test]
    fn only_what_is_watched_counts() {
        let template = AccountTemplate {
            matched_by: None,
            set: [("mail".to_owned(), "person.email".parse::<crate::Expression>().unwrap().into())].into(),
        };
        let all: Attributes = [("mail".to_owned(), "x".into()), ("lastLogon".to_owned(), Value::Number(7))].into();
        assert_eq!(Watching::default().watched(&template, &all).len(), 1);
        let more = Watching { attributes: ["lastLogon".to_owned()].into(), ..Watching::default() };
        assert_eq!(more.watched(&template, &all).len(), 2);
        assert_eq!(Watching::default().watched(&AccountTemplate::default(), &all).len(), 2);
    }

    fn drift(kind: DriftKind, part: Part, before: Option<Value>) -> Drift {
        Drift {
            id: "drift_00000000000000000000000000".parse().unwrap(),
            connection: "ldap".parse().unwrap(),
            native_id: NativeId::new("a"),
            account: "account_00000000000000000000000000".parse().unwrap(),
            person: None,
            kind,
            policy: DriftPolicy::Restore,
            differences: [(part, Difference { before, after: None })].into(),
            found_at: Timestamp::UNIX_EPOCH,
            run: None,
            closing: None,
            version: 1,
        }
    }

    fn plan(wants: Option<&str>) -> Plan {
        let wish = |name: &str| crate::plan::Desired {
            connection: "ldap".parse().unwrap(),
            entitlement: name.to_owned(),
            reason: tenure_model::Reason::Adopted { by: "ada".into() },
            until: None,
            grant: None,
        };
        Plan {
            presence: crate::plan::Presence::Here,
            desired: wants.map(wish).into_iter().collect(),
            changes: vec![],
            closing: vec![],
            stopped: vec![],
            findings: vec![],
        }
    }

    #[test]
    fn what_policy_wants_is_not_taken_back() {
        let names = BTreeMap::from([("group/admins".to_owned(), NativeId::new("admins"))]);
        let given = drift(DriftKind::Membership, Part::Holds(NativeId::new("admins")), None);
        let held = account(AccountState::Active, &["admins"]);
        let here = "ldap".parse().unwrap();
        let back = restoring(&here, &held, std::slice::from_ref(&given), &plan(None), &names);
        assert_eq!(back.len(), 1);
        assert!(back[0].0.takes_away() && back[0].1.contains("nobody decided"), "{back:?}");
        assert_eq!(restoring(&here, &held, &[given], &plan(Some("group/admins")), &names), []);
    }

    #[test]
    fn a_dead_account_that_came_back_is_disabled_unless_it_is_needed() {
        let risen = drift(DriftKind::Resurrected, Part::State, Some("disabled".into()));
        let (here, none) = ("ldap".parse().unwrap(), BTreeMap::new());
        let active = account(AccountState::Active, &[]);
        let back = |plan: &Plan| restoring(&here, &active, std::slice::from_ref(&risen), plan, &none);
        assert_eq!(back(&plan(None))[0].0, Restoring::Disable);
        assert_eq!(back(&plan(Some("group/staff"))), []);
    }
}
