//! `access/grant` and `access/revoke`: reasons to hold something, given and taken by a workflow.
//!
//! They write what should be, and touch no system: `access/ensure` makes it so, and a date at
//! which a grant ends is a moment at which the same facts come to something else. Taken back, they
//! let the person be looked at again, because no later step of the run makes it so.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use tenure_engine::{Ended, Order};
use tenure_flow::{Moment, Span};
use tenure_model::{ConnectionName, Ending, Grant, GrantId, GrantState, PersonId, Reason, new_id};
use tenure_policy::PersonFacts;
use tenure_store::journal::Attachment;
use tenure_store::{StoreError, grants};

use super::align::load;
use super::{Done, done, entry, ledger, read, refused, store_refused};
use crate::cx::House;
use crate::workflows::begin::{self, Cause, Names};
use crate::workflows::facts;
use crate::workflows::start::{Happened, Older};

/// What a step did, for whoever takes it back: each grant, and until when it was to hold before.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Undo {
    person: PersonId,
    grants: Vec<(GrantId, Option<Timestamp>)>,
}

/// Whether it is what takes another step back, of this run or of one that is over.
fn takes_back(order: &Order) -> bool {
    order.task.with.get("undo").is_some()
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TakeBack {
    /// Nothing, where the step came to nothing.
    undo: Option<Undo>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Give {
    person: PersonId,
    system: ConnectionName,
    entitlement: String,
    r#for: Option<Span>,
    until: Option<String>,
}

pub(super) async fn give(house: &Arc<House>, order: &Order) -> Done {
    if takes_back(order) {
        return back(house, order, "grant.given").await;
    }
    let asked: Give = read(order)?;
    let known = load(house, asked.person).await?;
    let estate = house.estate();
    let target = estate.rules.targets.get(&asked.system);
    if !target.is_some_and(|target| target.entitlements.contains_key(&asked.entitlement)) {
        return Err(refused(format!("connection `{}` has no entitlement `{}`", asked.system, asked.entitlement)));
    }
    let now = house.clock.now();
    let grant = Grant {
        id: new_id(house.ids.as_ref()),
        person: asked.person,
        connection: asked.system.clone(),
        entitlement: asked.entitlement.clone(),
        reason: reason(order),
        valid_from: now,
        valid_until: until(asked.r#for, asked.until.as_deref(), &known, now)?,
        state: GrantState::Pending,
        version: 1,
    };
    // Whoever tries again finds the grant of the first try.
    let given = known
        .grants
        .iter()
        .find(|one| one.reason == grant.reason && same(one, &grant) && one.state != GrantState::Revoked);
    let undo = Undo { person: asked.person, grants: vec![(given.unwrap_or(&grant).id, Some(now))] };
    let mut attachments = vec![ledger(house, &entry(house, order, "grant.given").about(asked.person))];
    if given.is_none() {
        attachments.push(Attachment::Grant(Box::new(grant.clone())));
    }
    Ok(Ended { attachments, ..done("done", json!({ "until": grant.valid_until, "undo": undo })) })
}

fn same(one: &Grant, other: &Grant) -> bool {
    one.connection == other.connection && one.entitlement == other.entitlement
}

fn reason(order: &Order) -> Reason {
    Reason::Request { request: format!("run {}", order.run) }
}

/// The end of what is for a time, or until a moment.
pub(super) fn until(
    span: Option<Span>,
    moment: Option<&str>,
    known: &PersonFacts,
    now: Timestamp,
) -> Result<Option<Timestamp>, Ending> {
    let state = facts::as_state(known, now);
    let scope = facts::scope(&state, now);
    let found = match (span, moment) {
        (Some(span), _) => span.after(now, &scope.zone(), None).map(Some),
        (None, Some(text)) => text.parse().and_then(|moment: Moment| moment.at(&scope, None)).map(Some),
        (None, None) => Ok(None),
    };
    found.map_err(|bad| refused(bad.to_string()))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Take {
    person: PersonId,
    system: Option<ConnectionName>,
    entitlement: Option<String>,
}

pub(super) async fn take(house: &Arc<House>, order: &Order) -> Done {
    if takes_back(order) {
        return back(house, order, "grant.ended").await;
    }
    let asked: Take = read(order)?;
    let person = asked.person;
    let known = load(house, person).await?;
    let now = house.clock.now();
    let meant = |grant: &&Grant| {
        matches!(grant.reason, Reason::Request { .. } | Reason::Adopted { .. })
            && matches!(grant.state, GrantState::Pending | GrantState::Held)
            && asked.system.as_ref().is_none_or(|system| *system == grant.connection)
            && asked.entitlement.as_ref().is_none_or(|name| *name == grant.entitlement)
            && grant.valid_until.is_none_or(|until| until > now)
    };
    let ended: Vec<&Grant> = known.grants.iter().filter(meant).collect();
    let (mut attachments, undo) = ending(person, &ended, now);
    attachments.push(ledger(house, &entry(house, order, "grant.ended").about(person)));
    Ok(Ended { attachments, ..done("done", json!({ "ended": ended.len(), "undo": undo })) })
}

/// Grants that end now, and what takes that back.
pub(super) fn ending(person: PersonId, grants: &[&Grant], now: Timestamp) -> (Vec<Attachment>, Json) {
    let undo = Undo { person, grants: grants.iter().map(|grant| (grant.id, grant.valid_until)).collect() };
    let end = |grant: &&Grant| Grant { valid_until: Some(now), version: grant.version + 1, ..(*grant).clone() };
    (grants.iter().map(|grant| Attachment::Grant(Box::new(end(grant)))).collect(), json!(undo))
}

/// Lets grants hold until when they were to hold before, and the person be looked at again: both or
/// neither, and once however often it is tried.
async fn back(house: &Arc<House>, order: &Order, told: &str) -> Done {
    let TakeBack { undo } = read(order)?;
    let Some(Undo { person, grants: before }) = undo else { return Ok(done("done", json!({ "grants": 0 }))) };
    let known = load(house, person).await?;
    let changed = |grant: &Grant| {
        let (_, until) = before.iter().find(|(id, _)| *id == grant.id)?;
        let lives = until.is_none_or(|until| until > house.clock.now());
        let state = if lives && grant.state == GrantState::Revoked { GrantState::Pending } else { grant.state };
        let next = Grant { valid_until: *until, state, version: grant.version + 1, ..grant.clone() };
        (grant.valid_until != *until || grant.state != state).then_some(next)
    };
    let changed: Vec<Grant> = known.grants.iter().filter_map(changed).collect();
    let count = changed.len();
    let (own, key, because) = (Arc::clone(house), order.key.as_str().to_owned(), order.run.to_string());
    let job = house.store.write(move |tx| {
        Box::pin(async move {
            for grant in &changed {
                grants::update(tx, grant).await?;
            }
            // What was under way for the person comes to its end first: taking back is no news of them.
            let event = "person.changed".to_owned();
            let happened = Happened { event, older: Older::GoOn, ..Happened::default() };
            let cause = Cause { source: "undo", external: &because, names: Names::After(&key) };
            begin::begin(&own, tx, person, Some(&known), &happened, cause).await
        })
    });
    job.await.map_err(|error: StoreError| store_refused(error))?;
    house.nudge();
    let attachments = vec![ledger(house, &entry(house, order, told).about(person))];
    Ok(Ended { attachments, ..done("done", json!({ "grants": count })) })
}
