//! `access/settle`: looks once more whether everything is as it should be, and closes the grants.
//!
//! What was meant to go and is gone is revoked; what was meant to be there and was read back is
//! held. If something is still open, the step is tried again and at last asks a human.

use serde_json::json;
use tenure_engine::{Ended, Order};
use tenure_model::{AccountState, Grant, GrantState};
use tenure_policy::{PersonFacts, Rules};
use tenure_store::journal::Attachment;

use super::align::load;
use super::{Done, OfPerson, done, entry, ledger, no, not_now, read};
use crate::cx::House;

pub(super) async fn perform(house: &House, order: &Order) -> Done {
    let OfPerson { person } = read(order)?;
    let facts = load(house, person).await?;
    let now = house.clock.now();
    let rules = house.resolved_rules().await.map_err(no)?;
    let plan = tenure_policy::plan(&facts, &rules, now);
    if !plan.changes.is_empty() {
        let open: Vec<&str> = plan.changes.iter().map(|change| change.action.word()).collect();
        return Err(not_now(format!("not everything is as it should be yet: {}", open.join(", "))));
    }
    let mut attachments = Vec::new();
    for grant in &facts.grants {
        let next = if plan.closing.contains(&grant.id) {
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
