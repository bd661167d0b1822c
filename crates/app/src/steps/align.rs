//! `access/align`: what must change so that one person has what policy says. Reads only.
//!
//! Its result is the plan: it is recorded before the first write, shown by a simulation and by
//! `why`, and held back by the brakes. The grants that it decides on are written with it.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tenure_connect::{Desired, Locator};
use tenure_engine::{Ended, Order};
use tenure_ledger::{DetailKey, Word};
use tenure_model::{Account, AccountId, ConnectionName, Ending, Grant, GrantState, HeldId, NativeId, PersonId, new_id};
use tenure_policy::brakes;
use tenure_policy::{Action, Change, PersonFacts, Plan, Rules};
use tenure_store::StoreError;
use tenure_store::journal::Attachment;

use super::foresee::is_within;
use super::{Done, done, entry, no, not_now, read, refused, store_refused};
use crate::brakes::reserve::reserve;
use crate::cx::House;
use crate::people::{decided, facts};
use crate::versions::follow::follow;

/// One change, as it is handed to `access/change`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Wish {
    /// For whom.
    pub person: PersonId,
    /// Where.
    pub connection: ConnectionName,
    /// Our account, if there is one already.
    pub account: Option<AccountId>,
    /// What it should be.
    pub desired: Desired,
    /// What is done, in a word.
    pub action: String,
    /// Why, each a sentence.
    pub why: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Asked {
    person: PersonId,
    /// Nothing is done but what somebody said yes to.
    #[serde(default)]
    asks: bool,
    /// The changes that somebody said yes to, by their hashes.
    #[serde(default)]
    approved: BTreeSet<String>,
    /// Nobody is asked once more.
    #[serde(default)]
    last: bool,
}

/// What must change for one person, and what it follows from.
pub(super) struct Worked {
    pub(super) facts: PersonFacts,
    pub(super) plan: Plan,
    pub(super) now: Timestamp,
    rules: Arc<Rules>,
}

pub(super) async fn work_out(house: &Arc<House>, person: PersonId) -> Result<Worked, Ending> {
    // Another node may have put something into force a moment ago, and this run may follow from it.
    follow(house).await.map_err(|error| not_now(error.to_string()))?;
    let rules = house.resolved_rules().await.map_err(no)?;
    let facts = load_for(house, person, &rules).await?;
    let now = decided::moment(house.clock.now());
    let plan = tracing::info_span!("policy.plan").in_scope(|| tenure_policy::plan(&facts, &rules, now));
    Ok(Worked { facts, plan, now, rules })
}

pub(super) async fn perform(house: &Arc<House>, order: &Order) -> Done {
    let Asked { person, asks, approved, last } = read(order)?;
    let Worked { facts, plan, rules, now } = work_out(house, person).await?;
    if asks && !is_within(&facts, &plan, &approved, now) {
        return if last {
            Err(refused("what would change was something else again each time that somebody had said yes to it"))
        } else {
            Ok(done("other", json!({})))
        };
    }
    let set = brakes::removals(&facts, &plan, &rules, &house.estate().brakes);
    let held = reserve(house, person, set.clone(), order.key.as_str().to_owned()).await.map_err(store_refused)?;
    // What takes away is in the order of the changes, so the places of the two go together.
    let taking = plan.changes.iter().enumerate().filter(|(_, change)| change.action.takes_away());
    let withheld: BTreeSet<usize> =
        taking.enumerate().filter(|(place, _)| held.contains_key(place)).map(|(_, (at, _))| at).collect();
    let goes = plan.changes.iter().enumerate().filter(|(at, _)| !withheld.contains(at));
    let wishes: Vec<Wish> = goes.map(|(_, change)| wish(house, &facts, change)).collect::<Result<_, _>>()?;
    let outcome = if wishes.is_empty() { "nothing" } else { "changes" };
    let held: BTreeSet<HeldId> = held.into_values().collect();
    let findings: Vec<String> = plan.findings.iter().map(ToString::to_string).collect();
    let output = json!({
        "changes": wishes, "closing": plan.closing, "presence": plan.presence, "findings": findings, "held": held,
        "stopped": plan.stopped,
    });
    let mut attachments = grants(house, &facts, &plan, now);
    let mut record = entry(house, order, "plan.made").about(person);
    record.decision = Some(Word::or_hash(if held.is_empty() { outcome } else { "held" }));
    record = record.with(DetailKey::Count, i64::try_from(wishes.len()).unwrap_or(i64::MAX));
    attachments.extend(decided::attachments(house, order.run, &facts, &rules, now, &plan, &record).await?);
    Ok(Ended { attachments, ..done(outcome, output) })
}

/// Everything that is known of somebody, for whoever only looks.
pub(super) async fn load(house: &House, person: PersonId) -> Result<PersonFacts, Ending> {
    load_for(house, person, &house.rules()).await
}

/// The same, with what these rules ask about others.
pub(super) async fn load_for(house: &House, person: PersonId, rules: &Arc<Rules>) -> Result<PersonFacts, Ending> {
    let rules = Arc::clone(rules);
    let found = house
        .store
        .read(move |tx| Box::pin(async move { facts::load_for(tx, person, &rules).await }))
        .await
        .map_err(|error: StoreError| store_refused(error))?;
    found.ok_or_else(|| refused(format!("there is no person `{person}`")))
}

/// Grants that the plan decides on and that are not written yet, or have another end now.
fn grants(house: &House, facts: &PersonFacts, plan: &Plan, now: Timestamp) -> Vec<Attachment> {
    let mut rows = Vec::new();
    for desired in &plan.desired {
        let known = desired.grant.and_then(|id| facts.grants.iter().find(|grant| grant.id == id));
        match known {
            None => rows.push(Grant {
                id: new_id(house.ids.as_ref()),
                person: facts.person.id,
                connection: desired.connection.clone(),
                entitlement: desired.entitlement.clone(),
                reason: desired.reason.clone(),
                valid_from: now,
                valid_until: desired.until,
                state: GrantState::Pending,
                version: 1,
            }),
            Some(known) if known.valid_until != desired.until => {
                rows.push(Grant { valid_until: desired.until, version: known.version + 1, ..known.clone() });
            }
            Some(_) => {}
        }
    }
    rows.into_iter().map(|grant| Attachment::Grant(Box::new(grant))).collect()
}

pub(super) fn wish(house: &House, facts: &PersonFacts, change: &Change) -> Result<Wish, Ending> {
    let native = |id: &NativeId| Locator::Native(id.clone());
    let (account, desired) = match &change.action {
        Action::CreateAccount { attributes, entitlements } => {
            let estate = house.estate();
            let target = estate.rules.targets.get(&change.connection);
            let by = target.and_then(|target| target.template.matched_by.clone());
            let by = by.ok_or_else(|| {
                refused(format!("connection `{}` does not say how it knows its accounts", change.connection))
            })?;
            let value = attributes.get(&by).map(ToString::to_string).filter(|value| !value.is_empty());
            let value = value
                .ok_or_else(|| refused(format!("a new account at `{}` would have no `{by}`", change.connection)))?;
            let hold = entitlements.values().map(native).collect();
            (None, Desired::Present { account: Locator::attribute(by, value), attributes: attributes.clone(), hold })
        }
        Action::DisableAccount { account } => {
            (Some(*account), Desired::Disabled { account: locator(facts, *account)? })
        }
        Action::DeleteAccount { account, .. } => {
            (Some(*account), Desired::Deleted { account: locator(facts, *account)? })
        }
        Action::RestoreAccount { account } | Action::EnableAccount { account } => {
            (Some(*account), Desired::Enabled { account: locator(facts, *account)? })
        }
        Action::SetAttributes { account, attributes, .. } => {
            let (attributes, hold) = (attributes.clone(), [].into());
            (Some(*account), Desired::Present { account: locator(facts, *account)?, attributes, hold })
        }
        Action::AddEntitlement { account, native_id, .. } => {
            let (add, remove) = ([native(native_id)].into(), [].into());
            (Some(*account), Desired::Entitlements { account: locator(facts, *account)?, add, remove })
        }
        Action::RemoveEntitlement { account, native_id, .. } => {
            let (add, remove) = ([].into(), [native(native_id)].into());
            (Some(*account), Desired::Entitlements { account: locator(facts, *account)?, add, remove })
        }
    };
    Ok(Wish {
        person: facts.person.id,
        connection: change.connection.clone(),
        account,
        desired,
        action: change.action.word().to_owned(),
        why: change.why.clone(),
    })
}

pub(super) fn locator(facts: &PersonFacts, id: AccountId) -> Result<Locator, Ending> {
    let account: Option<&Account> = facts.accounts.iter().find(|account| account.id == id);
    let native = account.and_then(|account| account.native_id.clone());
    native.map(Locator::Native).ok_or_else(|| refused(format!("account `{id}` was never seen")))
}
