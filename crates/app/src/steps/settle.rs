//! `access/settle`: looks once more whether everything is as it should be, and closes the grants.
//!
//! What was meant to go and is gone is revoked; what was meant to be there and was read back is
//! held, and workflows that wait for either begin. If something is still open, the step is tried
//! again and at last asks a human.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Deserialize as _;
use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};
use tenure_engine::{Ended, Order};
use tenure_flow::Node;
use tenure_model::{AccountState, Actor, ConnectionName, Ending, Grant, GrantState, Name, PersonId, Reason};
use tenure_policy::brakes::{self, Kind, Removal};
use tenure_policy::{Action, Change, PersonFacts, Plan, Rules};
use tenure_store::journal::Attachment;
use tenure_store::{StoreError, Tx, awaits, removals};

use super::align::{Wish, load_for, wish};
use super::{Done, OfPerson, again, done, entry, ledger, no, not_now, read, store_refused};
use crate::brakes::same;
use crate::cx::{Cx, House};
use crate::estate::hex;
use crate::runs::replay::replay;
use crate::workflows::begin::{self, Cause, Names};
use crate::workflows::start::{self, Happened, Older};

pub(super) async fn perform(house: &Arc<House>, order: &Order) -> Done {
    let OfPerson { person } = read(order)?;
    let rules = house.resolved_rules().await.map_err(no)?;
    let facts = load_for(house, person, &rules).await?;
    let now = house.clock.now();
    let plan = tenure_policy::plan(&facts, &rules, now);
    let held = held(house, &facts, &plan, &rules).await?;
    let open: Vec<&Change> = plan.changes.iter().filter(|change| !held.iter().any(|one| is(change, one))).collect();
    if !open.is_empty() && !is_newer(house, order, &facts, &open).await? {
        let open: Vec<&str> = open.iter().map(|change| change.action.word()).collect();
        return Err(not_now(format!("not everything is as it should be yet: {}", open.join(", "))));
    }
    let unsettled: BTreeSet<&ConnectionName> = open.iter().map(|change| &change.connection).collect();
    let (mut attachments, mut news) = (Vec::new(), News::new());
    for grant in &facts.grants {
        let stays = held.iter().any(|one| {
            one.connection == grant.connection && (one.kind == Kind::Account || one.what == grant.entitlement)
        });
        let next = if plan.closing.contains(&grant.id) && (stays || unsettled.contains(&grant.connection)) {
            // It is withheld by a brake, or nobody has come to it yet, and so it is still there.
            continue;
        } else if plan.closing.contains(&grant.id) {
            grant.clone().leave(now).and_then(Grant::revoked).map(|next| Grant { version: grant.version + 1, ..next })
        } else if grant.state == GrantState::Pending && is_held(&rules, &facts, grant) {
            grant.clone().held()
        } else {
            continue;
        };
        let Ok(next) = next else { continue };
        let event = if next.state == GrantState::Held { "access.gained" } else { "access.lost" };
        news.entry((event, next.connection.clone())).or_default().push(next.clone());
        attachments.push(Attachment::Grant(Box::new(next)));
    }
    let changed = attachments.len();
    tell_workflows(house, order, &facts, news).await?;
    attachments.push(ledger(house, &entry(house, order, "access.settled").about(person)));
    Ok(Ended { attachments, ..done("done", json!({ "grants": changed })) })
}

/// Whether all that is open came to be after this run had planned, such as by a reason to hold something
/// that ended meanwhile. It is not for this run, which would wait for ever: the person is looked at
/// again. A run that began for the same leaves it to no other.
async fn is_newer(house: &Arc<House>, order: &Order, facts: &PersonFacts, open: &[&Change]) -> Result<bool, Ending> {
    let cx = Cx::new(Arc::clone(house), Actor::system("engine"));
    let own = replay(&cx, order.run, None).await.map_err(|error| not_now(error.to_string()))?.state;
    let because = own.input.get("because").and_then(Json::as_str).unwrap_or_default();
    let mut planned: Vec<Wish> = Vec::new();
    for node in own.nodes.values() {
        if let Node::Done { output, .. } = node {
            planned.extend(
                output.get("changes").and_then(|changes| Vec::<Wish>::deserialize(changes).ok()).unwrap_or_default(),
            );
        }
    }
    let mut is_planned = false;
    for change in open {
        let open = wish(house, facts, change)?;
        is_planned |= planned.iter().any(|known| known.desired == open.desired && known.connection == open.connection);
    }
    let actions: Vec<_> = open.iter().map(|change| (&change.connection, &change.action)).collect();
    let same = hex(&Sha256::digest(serde_json::to_vec(&actions).unwrap_or_default()));
    let same = format!("{NEWER}{}/", same.get(..16).unwrap_or_default());
    if is_planned || because.starts_with(&same) {
        return Ok(false);
    }
    let begun = again::look(house, facts.person.id, format!("{same}{}", order.key.as_str())).await?;
    // Where nothing begins so, this run is all there is.
    Ok(begun > 0)
}

/// What stands before the cause of a look at what became so after another run had planned.
const NEWER: &str = "newer/";

/// What somebody got or lost for good, by the event and the system.
type News = BTreeMap<(&'static str, ConnectionName), Vec<Grant>>;

/// Starts what waits for somebody to get or lose access.
async fn tell_workflows(house: &Arc<House>, order: &Order, facts: &PersonFacts, mut news: News) -> Result<(), Ending> {
    let (estate, person) = (house.estate(), facts.person.id);
    let is_awaited = |event: &str| start::is_awaited(&estate, event);
    let of: BTreeSet<&'static str> = news.keys().map(|(event, _)| *event).filter(|event| !is_awaited(event)).collect();
    if !of.is_empty() {
        let job = house.store.read(move |tx| Box::pin(async move { waited_for(tx, person, of).await }));
        let waits = job.await.map_err(|error: StoreError| store_refused(error))?;
        news.retain(|(event, _), _| is_awaited(event) || waits.contains(event));
    }
    if news.is_empty() {
        return Ok(());
    }
    let (own, facts, key, run) =
        (Arc::clone(house), facts.clone(), order.key.as_str().to_owned(), order.run.to_string());
    let job = house.store.write(move |tx| {
        Box::pin(async move {
            for ((event, connection), grants) in news {
                // The same for every attempt of this step: whoever dies in between starts it once.
                let words = format!("{key}/{event}/{connection}");
                let cause = Cause { source: "access", external: &run, names: Names::After(&words) };
                let happened = happened(event, &connection, &grants);
                begin::begin(&own, tx, facts.person.id, Some(&facts), &happened, cause).await?;
            }
            Ok(())
        })
    });
    job.await.map_err(|error: StoreError| store_refused(error))?;
    house.nudge();
    Ok(())
}

/// The events for which a step waits of somebody.
async fn waited_for(
    tx: &mut Tx,
    person: PersonId,
    events: BTreeSet<&'static str>,
) -> Result<BTreeSet<&'static str>, StoreError> {
    let mut found = BTreeSet::new();
    for event in events {
        if !awaits::open_for(tx, person, event, 1).await?.is_empty() {
            found.insert(event);
        }
    }
    Ok(found)
}

fn happened(event: &str, connection: &ConnectionName, grants: &[Grant]) -> Happened {
    let entitlements: BTreeSet<&String> = grants.iter().map(|grant| &grant.entitlement).collect();
    let role = |grant: &'_ Grant| match &grant.reason {
        Reason::Birthright { role, .. } => Some(role.clone()),
        Reason::Request { .. } | Reason::Adopted { .. } => None,
    };
    let roles: BTreeSet<Name> = grants.iter().filter_map(role).collect();
    let body = json!({ "connection": connection, "entitlements": entitlements, "roles": roles });
    Happened {
        event: event.to_owned(),
        source: Some(connection.to_string()),
        changed: grants.iter().map(|grant| grant.entitlement.clone()).collect(),
        older: Older::GoOn,
        input: [("body".to_owned(), body)].into_iter().collect(),
        ..Happened::default()
    }
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
