//! `access/settle`: looks once more whether everything is as it should be, and closes the grants.
//!
//! What was meant to go and is gone is revoked; what was meant to be there and was read back is
//! held. If something is still open, the step is tried again and at last asks a human.

use serde_json::json;
use tenure_engine::{Ended, Order};
use tenure_model::{AccountState, Ending, Grant, GrantState};
use tenure_policy::brakes::{self, Kind, Removal};
use tenure_policy::{Action, Change, PersonFacts, Plan, Rules};
use tenure_store::journal::Attachment;
use tenure_store::{StoreError, removals};

use super::align::load_for;
use super::{Done, OfPerson, done, entry, ledger, no, not_now, read, store_refused};
use crate::brakes::same;
use crate::cx::House;

pub(super) async fn perform(house: &House, order: &Order) -> Done {
    let OfPerson { person } = read(order)?;
    let rules = house.resolved_rules().await.map_err(no)?;
    let facts = load_for(house, person, &rules).await?;
    let now = house.clock.now();
    let plan = tenure_policy::plan(&facts, &rules, now);
    let held = held(house, &facts, &plan, &rules).await?;
    let open: Vec<&Change> = plan.changes.iter().filter(|change| !held.iter().any(|one| is(change, one))).collect();
    if !open.is_empty() {
        let open: Vec<&str> = open.iter().map(|change| change.action.word()).collect();
        return Err(not_now(format!("not everything is as it should be yet: {}", open.join(", "))));
    }
    let mut attachments = Vec::new();
    for grant in &facts.grants {
        let stays = held.iter().any(|one| {
            one.connection == grant.connection && (one.kind == Kind::Account || one.what == grant.entitlement)
        });
        let next = if plan.closing.contains(&grant.id) && stays {
            // It is withheld by a brake, and so it is still there.
            continue;
        } else if plan.closing.contains(&grant.id) {
            grant.clone().leave(now).and_then(Grant::revoked).map(|next| Grant { version: grant.version + 1, ..next })
        } else if grant.state == GrantState::Pending && is_held(&rules, &facts, grant) {
            grant.clone().held()
        } else {
            continue;
        };
        attachments.extend(next.ok().map(|grant| Attachment::Grant(Box::new(grant))));
    }
    let changed = attachments.len();
    attachments.push(ledger(house, &entry(house, order, "access.settled").about(person)));
    Ok(Ended { attachments, ..done("done", json!({ "grants": changed })) })
}

/// What a brake withholds of a plan: it is as it should be until people say otherwise.
async fn held(house: &House, facts: &PersonFacts, plan: &Plan, rules: &Rules) -> Result<Vec<Removal>, Ending> {
    let set = brakes::removals(facts, plan, rules, &house.estate().brakes);
    if set.is_empty() {
        return Ok(set);
    }
    let (person, now) = (facts.person.id, house.clock.now());
    let job = house.store.read(move |tx| Box::pin(async move { removals::of_person(tx, person, "", now).await }));
    let rows = job.await.map_err(|error: StoreError| store_refused(error))?;
    let is_held = |removal: &Removal| rows.iter().any(|row| row.let_at.is_none() && same(row, removal));
    Ok(set.into_iter().filter(is_held).collect())
}

/// Whether a change takes away what is withheld.
fn is(change: &Change, held: &Removal) -> bool {
    let (kind, account, what) = match &change.action {
        Action::DisableAccount { account } | Action::DeleteAccount { account, .. } => (Kind::Account, account, ""),
        Action::RemoveEntitlement { account, entitlement, .. } => (Kind::Entitlement, account, entitlement.as_str()),
        Action::CreateAccount { .. }
        | Action::RestoreAccount { .. }
        | Action::EnableAccount { .. }
        | Action::SetAttributes { .. }
        | Action::AddEntitlement { .. } => return false,
    };
    change.connection == held.connection && kind == held.kind && *account == held.account && what == held.what
}

/// Whether an account of theirs was last seen to hold it.
fn is_held(rules: &Rules, facts: &PersonFacts, grant: &Grant) -> bool {
    let target = rules.targets.get(&grant.connection);
    let native = target.and_then(|target| target.entitlements.get(&grant.entitlement));
    native.is_some_and(|native| {
        facts.accounts.iter().any(|account| {
            account.connection == grant.connection
                && account.state == AccountState::Active
                && account.holds.contains(native)
        })
    })
}
