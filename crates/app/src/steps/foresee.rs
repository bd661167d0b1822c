//! `access/foresee`: what would change so that one person has what policy says, for somebody to say
//! yes to. Reads only, and keeps nothing.
//!
//! Each thing has a hash of what it does and for how long. Whoever says yes says yes to these: what
//! is done later may be less, and never more. What is held already and would be for longer is a thing of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use tenure_engine::Order;
use tenure_model::{AccountId, Attributes, ConnectionName, GrantId, GrantState, PersonId, Value};
use tenure_policy::template::{is_unseen, to_the_minute};
use tenure_policy::{Action, Change, PersonFacts, Plan};

use super::align::{Worked, work_out};
use super::{Done, OfPerson, done, read};
use crate::cx::House;
use crate::estate::hex;
use crate::limits::SHOWN_VALUE_CHARS_MAX;

pub(super) async fn perform(house: &Arc<House>, order: &Order) -> Done {
    let OfPerson { person } = read(order)?;
    let Worked { facts, plan, now, .. } = work_out(house, person).await?;
    let things = Things::of(&facts, &plan, now);
    let (shows, each) = (things.lines(), things.hashes());
    Ok(done(if each.is_empty() { "nothing" } else { "changes" }, json!({ "shows": shows, "each": each })))
}

/// Whether a plan does nothing but what somebody said yes to.
pub(super) fn is_within(facts: &PersonFacts, plan: &Plan, approved: &BTreeSet<String>, now: Timestamp) -> bool {
    Things::of(facts, plan, now).hashes().is_subset(approved)
}

/// Until when something is held, by where and what; None is for good.
type Ends = BTreeMap<(ConnectionName, String), Option<Timestamp>>;

/// What a plan comes to for somebody.
struct Things<'a> {
    facts: &'a PersonFacts,
    plan: &'a Plan,
    /// Until when what is new is to be held.
    ends: Ends,
    /// What is held, or would be without a change of an account, for longer than until now.
    longer: Ends,
}

impl<'a> Things<'a> {
    fn of(facts: &'a PersonFacts, plan: &'a Plan, now: Timestamp) -> Self {
        let live = facts.grants.iter().filter(|grant| grant.state == GrantState::Held);
        let live = live.filter(|grant| grant.valid_until.is_none_or(|end| now < end));
        let mut held = Ends::new();
        live.clone().for_each(|grant| later(&mut held, &grant.connection, &grant.entitlement, grant.valid_until));
        let held_by: BTreeSet<GrantId> = live.map(|grant| grant.id).collect();
        let (mut ends, mut longer) = (Ends::new(), Ends::new());
        // The days of grace of what is held already count from now, whenever that is; they make nothing longer.
        for wish in plan.desired.iter().filter(|wish| wish.grant.is_none_or(|grant| !held_by.contains(&grant))) {
            later(&mut ends, &wish.connection, &wish.entitlement, wish.until);
        }
        for (key, until) in &ends {
            let is_longer = match held.get(key) {
                Some(before) => before.is_some_and(|before| until.is_none_or(|until| before < until)),
                None => !plan.changes.iter().any(|one| one.connection == key.0 && gives(&one.action).contains(&key.1)),
            };
            if is_longer {
                longer.insert(key.clone(), *until);
            }
        }
        Self { facts, plan, ends, longer }
    }

    fn until(&self, change: &Change, entitlement: &str) -> Option<Timestamp> {
        self.ends.get(&(change.connection.clone(), entitlement.to_owned())).copied().flatten()
    }

    fn hashes(&self) -> BTreeSet<String> {
        let person = self.facts.person.id;
        let changes = self.plan.changes.iter().map(|change| self.hash(person, change));
        let longer = self.longer.iter().map(|held| hash(&("held", person, held)));
        changes.chain(longer).collect()
    }

    fn hash(&self, person: PersonId, change: &Change) -> String {
        let mut action = change.action.clone();
        if let Action::SetAttributes { before, .. } = &mut action {
            // What stands there now is what is not wanted, whatever it is.
            before.clear();
        }
        let until: Vec<Option<Timestamp>> = gives(&action).iter().map(|name| self.until(change, name)).collect();
        hash(&(person, &change.connection, &action, until))
    }

    /// Each thing as whoever is asked reads it, in one line.
    fn lines(&self) -> Vec<String> {
        let changes = self
            .plan
            .changes
            .iter()
            .map(|change| format!("{}: {} ({})", change.connection, self.said(change), change.why.join("; ")));
        let longer = self.longer.iter().map(|((connection, entitlement), until)| {
            let of_it = |wish: &&tenure_policy::plan::Desired| {
                wish.connection == *connection && wish.entitlement == *entitlement
            };
            let why: BTreeSet<String> =
                self.plan.desired.iter().filter(of_it).map(|wish| wish.reason.to_string()).collect();
            let why = why.into_iter().collect::<Vec<_>>().join("; ");
            format!("{connection}: lets {} be held ({why})", named(entitlement, *until))
        });
        changes
            .chain(longer)
            .map(|line| line.chars().map(|one| if is_unseen(one) { ' ' } else { one }).collect())
            .collect()
    }

    fn said(&self, change: &Change) -> String {
        let account = |id: &AccountId| {
            let found = self.facts.accounts.iter().find(|account| account.id == *id);
            found.map_or_else(|| id.to_string(), |account| account.name.clone())
        };
        let given = gives(&change.action).into_iter().map(|name| named(&name, self.until(change, &name)));
        let given = given.collect::<Vec<_>>().join(" and ");
        match &change.action {
            Action::CreateAccount { attributes, .. } => {
                let with = if given.is_empty() { String::new() } else { format!(" with {given}") };
                format!("makes an account{with}; {}", values(attributes))
            }
            Action::DisableAccount { account: id } => format!("locks {}", account(id)),
            Action::DeleteAccount { account: id, .. } => format!("deletes {}", account(id)),
            Action::RestoreAccount { account: id } => format!("brings {} back", account(id)),
            Action::EnableAccount { account: id } => format!("unlocks {}", account(id)),
            Action::SetAttributes { account: id, attributes, .. } => {
                format!("sets at {}: {}", account(id), values(attributes))
            }
            Action::AddEntitlement { account: id, .. } => format!("gives {given} to {}", account(id)),
            Action::RemoveEntitlement { account: id, entitlement, .. } => {
                format!("takes {entitlement} from {}", account(id))
            }
        }
    }
}

/// Notes an end, if it is later than what is noted.
fn later(ends: &mut Ends, connection: &ConnectionName, entitlement: &str, until: Option<Timestamp>) {
    let known = ends.entry((connection.clone(), entitlement.to_owned())).or_insert(until);
    *known = known.zip(until).map(|(known, other)| known.max(other));
}

/// What an action gives, by the names that documents use.
fn gives(action: &Action) -> Vec<String> {
    match action {
        Action::CreateAccount { entitlements, .. } => entitlements.keys().cloned().collect(),
        Action::AddEntitlement { entitlement, .. } => vec![entitlement.clone()],
        Action::DisableAccount { .. }
        | Action::DeleteAccount { .. }
        | Action::RemoveEntitlement { .. }
        | Action::RestoreAccount { .. }
        | Action::EnableAccount { .. }
        | Action::SetAttributes { .. } => Vec::new(),
    }
}

fn hash(parts: &impl serde::Serialize) -> String {
    match serde_json::to_vec(parts) {
        Ok(body) => hex(&Sha256::digest(&body)),
        // Nobody said yes to what cannot be written down.
        Err(error) => error.to_string(),
    }
}

fn named(entitlement: &str, until: Option<Timestamp>) -> String {
    match until {
        Some(until) => format!("{entitlement} until {}", to_the_minute(until)),
        None => entitlement.to_owned(),
    }
}

fn values(attributes: &Attributes) -> String {
    let one = |(name, value): (&String, &Value)| match value {
        Value::Cleared => format!("{name} is empty"),
        other => {
            let text = other.to_string();
            let most = text.char_indices().nth(SHOWN_VALUE_CHARS_MAX);
            let shown =
                most.map_or_else(|| text.clone(), |(end, _)| format!("{}…", text.get(..end).unwrap_or_default()));
            format!("{name} = {shown}")
        }
    };
    attributes.iter().map(one).collect::<Vec<_>>().join(", ")
}
