//! `lifecycle/trigger`: a date has come. Works out anew what the facts come to, and starts what
//! follows from that; a date that moved in the meantime starts nothing.

use std::sync::Arc;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value as Json, json};
use tenure_engine::Order;
use tenure_engine::journal::Urgency;
use tenure_engine::message::{Busy, Start};
use tenure_model::{Ending, Engagement, PersonId, Standing, standing};
use tenure_policy::PersonFacts;
use tenure_store::{StoreError, people};

use super::align::load;
use super::{Done, again, done, not_now, read, refused, store_refused};
use crate::cx::House;
use crate::error::AppError;
use crate::people::settle;
use crate::workflows::begin::{self, Cause, Names};
use crate::workflows::dates;
use crate::workflows::start::{self, Happened};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Due {
    person: PersonId,
    at: Timestamp,
    event: String,
}

pub(super) async fn perform(house: &Arc<House>, order: &Order) -> Done {
    let due: Due = read(order)?;
    let now = house.clock.now().max(due.at);
    bring_up_to(house, due.person, now).await?;
    let facts = load(house, due.person).await?;
    let due = Due { event: come_to(&facts, due.event, now), ..due };
    let Some(starts) = starts(house, &facts, &due, now) else {
        // Whoever moved it set a timer of their own; after a change of the rules of a zone nobody did.
        again::set(house, due.person).await?;
        return Ok(done("moved", json!({})));
    };
    let stopped = start::ended_by(house, &due.event);
    let (own, key, because) = (Arc::clone(house), order.key.as_str().to_owned(), order.run.to_string());
    let Due { person, event, .. } = due;
    let job = house.store.write(move |tx| {
        Box::pin(async move {
            // The same for every attempt of this step: whoever dies in between starts it once.
            let cause = Cause { source: "timer", external: "due", names: Names::After(&key) };
            let starts = starts.into_iter();
            let beginnings = starts.map(|start| begin::beginning(&own, person, start, cause.names)).collect();
            let runs = begin::send(&own, tx, beginnings, cause).await?;
            for (lane, name) in start::lanes(&stopped, person) {
                start::stop_in(tx, (&lane, &name), &event, &because, now).await?;
            }
            Ok(runs)
        })
    });
    let runs = job.await.map_err(|error: StoreError| store_refused(error))?;
    house.nudge();
    Ok(done("started", json!({ "runs": runs })))
}

/// What the date is about: an engagement that ends while another one runs ends nobody's employment.
fn come_to(facts: &PersonFacts, event: String, now: Timestamp) -> String {
    let ended = facts.engagements.iter().filter_map(Engagement::ends_at).any(|end| end <= now);
    match standing(&facts.engagements, now) {
        Standing::Active | Standing::OnLeave if event == "employment.ended" && ended => "person.changed".to_owned(),
        Standing::Active | Standing::OnLeave | Standing::Planned | Standing::Left | Standing::None => event,
    }
}

/// Works out what the facts about a person come to at this moment, and writes it down if it is news.
async fn bring_up_to(house: &House, person: PersonId, now: Timestamp) -> Result<(), Ending> {
    let (ids, estate) = (std::sync::Arc::clone(&house.ids), house.estate());
    let settled = house.store.write(move |tx| {
        Box::pin(async move {
            let known = people::get(tx, person).await?.ok_or_else(|| AppError::no("person", person))?;
            settle::settle(ids.as_ref(), &estate, tx, known, now).await
        })
    });
    match settled.await {
        Ok(_) => Ok(()),
        Err(AppError::Store(error)) => Err(store_refused(error)),
        Err(error @ AppError::NotFound { .. }) => Err(refused(error.to_string())),
        Err(error) => Err(not_now(error.to_string())),
    }
}

/// What the date starts; nothing if the facts have come to another one since.
fn starts(house: &House, facts: &PersonFacts, due: &Due, now: Timestamp) -> Option<Vec<Start>> {
    if due.event.starts_with(dates::EVENT) {
        let workflow = dates::due(house, facts, &due.event, due.at)?;
        let input: Map<String, Json> =
            json!({ "person": due.person, "because": "date", "at": due.at }).as_object().cloned().unwrap_or_default();
        return Some(vec![Start {
            lane: start::lane(&workflow, due.person),
            definition: workflow.definition.hash.clone(),
            name: workflow.name.to_string(),
            urgency: Urgency::Normal,
            // A date says nothing new about somebody that would make older words void.
            busy: Busy::Queue,
            input: Json::Object(start::with_defaults(&workflow, input)),
        }]);
    }
    let ended = facts.engagements.iter().filter_map(Engagement::ends_at).any(|end| end <= now);
    if due.event == "employment.ended" && !ended {
        return None;
    }
    let input = [("at".to_owned(), json!(due.at))].into_iter().collect();
    let happened = Happened { event: due.event.clone(), input, ..Happened::default() };
    Some(start::of(&house.estate(), due.person, Some(facts), &happened, now))
}
