//! What a plan has for one person, as it is kept, hashed and shown.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use tenure_model::{Attributes, ConnectionName, Name, PersonId, Reason};
use tenure_policy::brakes::{self, Removal};
use tenure_policy::{Action, Change, PersonFacts, Plan, Rules};

use crate::estate::hex;
use crate::plans::simulate::Happens;
use crate::plans::values::{Then, ValueChange};

/// What a plan has for one person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Outcome {
    /// Who.
    pub person: PersonId,
    /// What to call them.
    pub name: String,
    /// Whether they are there, in a word.
    pub presence: String,
    /// What else would be known of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<ValueChange>,
    /// What would be written, in order.
    pub changes: Vec<Write>,
    /// What they keep, and lose at a later moment.
    pub ends: Vec<End>,
    /// What would be taken away, as the brakes see it.
    pub removals: Vec<Removal>,
    /// What else would happen: questions, notices, timers.
    pub happens: Vec<Happens>,
    /// What a human should know, each a sentence.
    pub findings: Vec<String>,
}

/// One write to one system.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Write {
    /// Where.
    pub connection: ConnectionName,
    /// What is done, in a word.
    pub change: String,
    /// When, if not now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// What is given or taken, by the names that documents use.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub entitlements: Vec<String>,
    /// What the account would look like.
    #[serde(default, skip_serializing_if = "Attributes::is_empty")]
    pub attributes: Attributes,
    /// Because of which roles.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<Name>,
    /// Which role each of the entitlements is because of, where it is one.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub role_of: BTreeMap<String, Name>,
    /// Why, each a sentence.
    pub why: Vec<String>,
}

/// That something is kept until a moment.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct End {
    /// Where.
    pub connection: ConnectionName,
    /// What.
    pub entitlement: String,
    /// Because of which role.
    pub role: Option<Name>,
    /// Until when it would be kept as things are; none without an end.
    pub before: Option<Timestamp>,
    /// Until when it would be kept by the plan; none without an end.
    pub after: Option<Timestamp>,
}

impl Outcome {
    /// What `plan` comes to for somebody, beside what holds without it.
    pub(crate) fn of(facts: &PersonFacts, plan: &Plan, without: &Plan, rules: &Rules, limits: &brakes::Limits) -> Self {
        Self {
            person: facts.person.id,
            name: facts.person.display_name.clone(),
            presence: word(plan),
            values: Vec::new(),
            changes: plan.changes.iter().map(|change| write(facts, plan, change)).collect(),
            ends: ends(plan, without),
            removals: brakes::removals(facts, plan, rules, limits),
            happens: Vec::new(),
            findings: plan.findings.iter().map(ToString::to_string).collect(),
        }
    }

    /// The same with what else would be known of them.
    pub(crate) fn with(mut self, then: Option<&Then>) -> Self {
        if let Some(then) = then {
            self.values.clone_from(&then.values);
            self.findings.extend(then.findings.iter().cloned());
        }
        self
    }

    /// Whether nothing would be different.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.ends.is_empty() && self.values.is_empty()
    }

    /// The hash of what would be written and kept, and of the facts that it rests on.
    pub(crate) fn digest(&self, facts: &PersonFacts) -> String {
        let mut hash = Sha256::new();
        // What cannot be written down has no hash that anything else has.
        let changes = serde_json::to_vec(&(&self.values, &self.changes, &self.ends, &self.presence));
        let changes = changes.unwrap_or_default();
        hash.update((changes.len() as u64).to_be_bytes());
        hash.update(changes);
        let mut version = |version: i64| hash.update(version.to_be_bytes());
        version(facts.person.version);
        facts.engagements.iter().for_each(|known| version(known.version));
        version(-1);
        facts.accounts.iter().for_each(|known| version(known.version));
        version(-2);
        facts.grants.iter().for_each(|known| version(known.version));
        hex(&hash.finalize())
    }
}

fn word(plan: &Plan) -> String {
    serde_json::to_value(plan.presence).ok().and_then(|word| word.as_str().map(str::to_owned)).unwrap_or_default()
}

fn write(facts: &PersonFacts, plan: &Plan, change: &Change) -> Write {
    let (entitlements, attributes) = match &change.action {
        Action::CreateAccount { attributes, entitlements } => {
            (entitlements.keys().cloned().collect(), attributes.clone())
        }
        Action::AddEntitlement { entitlement, .. } | Action::RemoveEntitlement { entitlement, .. } => {
            (vec![entitlement.clone()], Attributes::new())
        }
        Action::SetAttributes { attributes, .. } => (Vec::new(), attributes.clone()),
        Action::DisableAccount { .. }
        | Action::DeleteAccount { .. }
        | Action::RestoreAccount { .. }
        | Action::EnableAccount { .. } => (Vec::new(), Attributes::new()),
    };
    let found = roles(facts, plan, change);
    let role_of = entitlements
        .iter()
        .filter_map(|entitlement| {
            let mut of = found.iter().filter(|(what, _)| what == entitlement);
            // Of two roles neither is the one.
            match (of.next(), of.next()) {
                (Some((_, role)), None) => Some((entitlement.clone(), role.clone())),
                _ => None,
            }
        })
        .collect();
    let of_all = found.into_iter().filter(|(what, _)| entitlements.is_empty() || entitlements.contains(what));
    let mut roles: Vec<Name> = of_all.map(|(_, role)| role).collect();
    roles.sort();
    roles.dedup();
    let (connection, word) = (change.connection.clone(), change.action.word().to_owned());
    Write { connection, change: word, at: None, entitlements, attributes, roles, role_of, why: change.why.clone() }
}

/// The roles because of which things are given, or were, at the connection of a change.
fn roles(facts: &PersonFacts, plan: &Plan, change: &Change) -> Vec<(String, Name)> {
    let mut found: Vec<(String, Name)> = if change.action.takes_away() {
        let closing = facts.grants.iter().filter(|grant| plan.closing.contains(&grant.id));
        let here = closing.filter(|grant| grant.connection == change.connection);
        here.filter_map(|grant| Some((grant.entitlement.clone(), role(&grant.reason)?))).collect()
    } else {
        let here = plan.desired.iter().filter(|wish| wish.connection == change.connection);
        here.filter_map(|wish| Some((wish.entitlement.clone(), role(&wish.reason)?))).collect()
    };
    found.sort();
    found.dedup();
    found
}

fn role(reason: &Reason) -> Option<Name> {
    match reason {
        Reason::Birthright { role, .. } => Some(role.clone()),
        Reason::Request { .. } | Reason::Adopted { .. } => None,
    }
}

/// What is held and would end at another moment than it would without the plan.
fn ends(plan: &Plan, without: &Plan) -> Vec<End> {
    let held = plan.desired.iter().filter_map(|wish| Some((wish, wish.grant?)));
    let mut ends: Vec<End> = held
        .filter_map(|(wish, grant)| {
            let before = without.desired.iter().find(|other| other.grant == Some(grant))?;
            (before.until != wish.until).then(|| End {
                connection: wish.connection.clone(),
                entitlement: wish.entitlement.clone(),
                role: role(&wish.reason),
                before: before.until,
                after: wish.until,
            })
        })
        .collect();
    ends.sort();
    ends
}

/// What several plans, one after the other, come to for somebody; it may be nothing.
pub(crate) fn over_time(
    facts: &PersonFacts,
    plans: &[(Timestamp, Plan)],
    rules: &Rules,
    limits: &brakes::Limits,
) -> Option<Outcome> {
    let mut whole: Option<Outcome> = None;
    for (at, plan) in plans {
        let mut one = Outcome::of(facts, plan, plan, rules, limits);
        for change in &mut one.changes {
            change.at = Some(*at);
        }
        match &mut whole {
            None => whole = Some(one),
            Some(whole) => {
                whole.changes.append(&mut one.changes);
                whole.removals.append(&mut one.removals);
                (whole.presence, whole.findings) = (one.presence, one.findings);
            }
        }
    }
    whole
}
