//! `access/foresee`: what would change so that one person has what policy says, for somebody to say
//! yes to. Reads only, and keeps nothing.
//!
//! Each change has a hash of what it does and for how long. Whoever says yes says yes to these: what
//! is done later may be less, and never more.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use tenure_engine::Order;
use tenure_model::{AccountId, Attributes, GrantId, GrantState, PersonId, Value};
use tenure_policy::{Action, Change, PersonFacts, Plan};

use super::align::{Worked, work_out};
use super::{Done, OfPerson, done, read};
use crate::cx::House;
use crate::estate::hex;

pub(super) async fn perform(house: &Arc<House>, order: &Order) -> Done {
    let OfPerson { person } = read(order)?;
    let Worked { facts, plan, .. } = work_out(house, person).await?;
    let outcome = if plan.changes.is_empty() { "nothing" } else { "changes" };
    let ends = ends(&facts, &plan);
    let shows: Vec<String> = plan.changes.iter().map(|change| said(&facts, change, &ends)).collect();
    Ok(done(outcome, json!({ "shows": shows, "each": each(&facts, &plan) })))
}

/// Whether a plan does nothing but what somebody said yes to.
pub(super) fn is_within(facts: &PersonFacts, plan: &Plan, approved: &BTreeSet<String>) -> bool {
    each(facts, plan).is_subset(approved)
}

/// The hash of each change: whose, where, what, and until when what it gives is held.
fn each(facts: &PersonFacts, plan: &Plan) -> BTreeSet<String> {
    let ends = ends(facts, plan);
    plan.changes.iter().map(|change| hash(facts.person.id, change, &ends)).collect()
}

fn hash(person: PersonId, change: &Change, ends: &Ends) -> String {
    let mut action = change.action.clone();
    if let Action::SetAttributes { before, .. } = &mut action {
        // What stands there now is what is not wanted, whatever it is.
        before.clear();
    }
    let until: Vec<Option<Timestamp>> = gives(&action).map(|name| ends.of(change, name)).collect();
    let parts = (person, &change.connection, &action, until);
    // What cannot be written down has a hash that nobody said yes to.
    let mut body = serde_json::to_vec(&parts).unwrap_or_default();
    body.push(u8::from(body.is_empty()));
    hex(&Sha256::digest(&body))
}

/// Until when what is not held yet is to be held, by where and what; None is for good.
struct Ends(BTreeMap<(String, String), Option<Timestamp>>);

fn ends(facts: &PersonFacts, plan: &Plan) -> Ends {
    let mut ends: BTreeMap<(String, String), Option<Timestamp>> = BTreeMap::new();
    let held: BTreeSet<GrantId> =
        facts.grants.iter().filter(|grant| grant.state == GrantState::Held).map(|grant| grant.id).collect();
    // The days of grace of what is held already count from now, whenever that is.
    for wish in plan.desired.iter().filter(|wish| wish.grant.is_none_or(|grant| !held.contains(&grant))) {
        let known = ends.entry((wish.connection.to_string(), wish.entitlement.clone())).or_insert(wish.until);
        *known = known.zip(wish.until).map(|(known, other)| known.max(other));
    }
    Ends(ends)
}

impl Ends {
    fn of(&self, change: &Change, entitlement: &str) -> Option<Timestamp> {
        self.0.get(&(change.connection.to_string(), entitlement.to_owned())).copied().flatten()
    }

    fn name(&self, change: &Change, entitlement: &str) -> String {
        match self.of(change, entitlement) {
            Some(until) => format!("{entitlement} until {}", until.strftime("%Y-%m-%d %H:%M UTC")),
            None => entitlement.to_owned(),
        }
    }
}

fn gives(action: &Action) -> Box<dyn Iterator<Item = &String> + '_> {
    match action {
        Action::CreateAccount { entitlements, .. } => Box::new(entitlements.keys()),
        Action::AddEntitlement { entitlement, .. } => Box::new(std::iter::once(entitlement)),
        Action::DisableAccount { .. }
        | Action::DeleteAccount { .. }
        | Action::RemoveEntitlement { .. }
        | Action::RestoreAccount { .. }
        | Action::EnableAccount { .. }
        | Action::SetAttributes { .. } => Box::new(std::iter::empty()),
    }
}

/// One change, as whoever is asked reads it.
fn said(facts: &PersonFacts, change: &Change, ends: &Ends) -> String {
    let mut line = format!("{}: ", change.connection);
    let account = |id: &AccountId| {
        let found = facts.accounts.iter().find(|account| account.id == *id);
        found.map_or_else(|| id.to_string(), |account| account.name.clone())
    };
    // Writing to a string cannot fail.
    let _ = match &change.action {
        Action::CreateAccount { attributes, .. } => {
            let holds: Vec<String> = gives(&change.action).map(|name| ends.name(change, name)).collect();
            let with = if holds.is_empty() { String::new() } else { format!(" with {}", holds.join(" and ")) };
            write!(line, "makes an account{with}; {}", values(attributes))
        }
        Action::DisableAccount { account: id } => write!(line, "locks {}", account(id)),
        Action::DeleteAccount { account: id, .. } => write!(line, "deletes {}", account(id)),
        Action::RestoreAccount { account: id } => write!(line, "brings {} back", account(id)),
        Action::EnableAccount { account: id } => write!(line, "unlocks {}", account(id)),
        Action::SetAttributes { account: id, attributes, .. } => {
            write!(line, "sets at {}: {}", account(id), values(attributes))
        }
        Action::AddEntitlement { account: id, entitlement, .. } => {
            write!(line, "gives {} to {}", ends.name(change, entitlement), account(id))
        }
        Action::RemoveEntitlement { account: id, entitlement, .. } => {
            write!(line, "takes {entitlement} from {}", account(id))
        }
    };
    let _ = write!(line, " ({})", change.why.join("; "));
    line
}

fn values(attributes: &Attributes) -> String {
    let one = |(name, value): (&String, &Value)| match value {
        Value::Cleared => format!("{name} is empty"),
        other => format!("{name} = {other}"),
    };
    attributes.iter().map(one).collect::<Vec<_>>().join(", ")
}
