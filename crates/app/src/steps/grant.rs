//! `access/grant` and `access/revoke`: reasons to hold something, given and taken by a workflow.
//!
//! They write what should be, and touch no system: `access/ensure` makes it so, and a date at
//! which a grant ends is a moment at which the same facts come to something else.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value as Json, json};
use tenure_engine::{Ended, Order};
use tenure_flow::{Moment, Span};
use tenure_model::{ConnectionName, Ending, Grant, GrantState, PersonId, Reason, new_id};
use tenure_policy::PersonFacts;
use tenure_store::journal::Attachment;

use super::align::load;
use super::{Done, done, entry, ledger, read, refused};
use crate::cx::House;
use crate::workflows::facts;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Give {
    person: PersonId,
    system: ConnectionName,
    entitlement: String,
    r#for: Option<Span>,
    until: Option<String>,
}

pub(super) async fn give(house: &House, order: &Order) -> Done {
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
        valid_until: until(&asked, &known, now)?,
        state: GrantState::Pending,
        version: 1,
    };
    let undo = json!({ "system": asked.system, "entitlement": asked.entitlement });
    // Whoever tries again finds the grant of the first try.
    let given = known
        .grants
        .iter()
        .any(|one| one.reason == grant.reason && same(one, &grant) && one.state != GrantState::Revoked);
    let mut attachments = vec![ledger(house, &entry(house, order, "grant.given").about(asked.person))];
    if !given {
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

fn until(asked: &Give, known: &PersonFacts, now: Timestamp) -> Result<Option<Timestamp>, Ending> {
    let state = facts::as_state(known, now);
    let scope = facts::scope(&state, now);
    let found = match (&asked.r#for, &asked.until) {
        (Some(span), _) => span.after(now, &scope.zone(), None).map(Some),
        (None, Some(text)) => text.parse().and_then(|moment: Moment| moment.at(&scope, None)).map(Some),
        (None, None) => Ok(None),
    };
    found.map_err(|bad| refused(bad.to_string()))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Take {
    person: Option<PersonId>,
    system: Option<ConnectionName>,
    entitlement: Option<String>,
    #[serde(default)]
    undo: Json,
}

pub(super) async fn take(house: &House, order: &Order) -> Done {
    let asked: Take = read(order)?;
    let Some(person) = asked.person else {
        return Ok(done("done", json!({ "ended": 0, "undo": asked.undo })));
    };
    let known = load(house, person).await?;
    let now = house.clock.now();
    let meant = |grant: &&Grant| {
        matches!(grant.reason, Reason::Request { .. } | Reason::Adopted { .. })
            && matches!(grant.state, GrantState::Pending | GrantState::Held)
            && asked.system.as_ref().is_none_or(|system| *system == grant.connection)
            && asked.entitlement.as_ref().is_none_or(|name| *name == grant.entitlement)
            && grant.valid_until.is_none_or(|until| until > now)
    };
    let ended: Vec<Attachment> = known
        .grants
        .iter()
        .filter(meant)
        .map(|grant| Grant { valid_until: Some(now), version: grant.version + 1, ..grant.clone() })
        .map(|grant| Attachment::Grant(Box::new(grant)))
        .collect();
    let count = ended.len();
    let mut attachments = ended;
    attachments.push(ledger(house, &entry(house, order, "grant.ended").about(person)));
    Ok(Ended { attachments, ..done("done", json!({ "ended": count })) })
}
