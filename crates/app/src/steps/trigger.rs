//! `lifecycle/trigger`: a date has come; starts what follows, if the facts still say so.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value as Json, json};
use tenure_engine::Order;
use tenure_engine::journal::Urgency;
use tenure_engine::message::{self, Busy, Start};
use tenure_model::{Id as _, PersonId, RunId};
use tenure_policy::PersonFacts;
use tenure_store::StoreError;
use uuid::Uuid;

use super::align::load;
use super::{Done, done, read, store_refused};
use crate::cx::{House, send};
use crate::workflows::dates;
use crate::workflows::start::{self, Happened};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Due {
    person: PersonId,
    at: Timestamp,
    event: String,
}

pub(super) async fn perform(house: &House, order: &Order) -> Done {
    let due: Due = read(order)?;
    let facts = load(house, due.person).await?;
    let Some(starts) = starts(house, &facts, &due) else { return Ok(done("moved", json!({}))) };
    let mut runs = Vec::new();
    let mut letters = Vec::new();
    for (place, start) in starts.into_iter().enumerate() {
        // The same for every attempt of this step: whoever dies in between starts it once.
        let number = order.run.uuid().as_u128().wrapping_add(1 + place as u128);
        let run = RunId::from_uuid(Uuid::from_u128(number));
        letters.push(message::start(run, start, "timer", "due", house.clock.now()));
        runs.push(run);
    }
    let stopped = start::ended_by(house, &due.event);
    let (person, because, now) = (due.person, order.run.to_string(), house.clock.now());
    let event = due.event.clone();
    house
        .store
        .write(move |tx| {
            Box::pin(async move {
                for letter in letters {
                    send(tx, letter).await?;
                }
                for (lane, name) in start::lanes(&stopped, person) {
                    start::stop_in(tx, (&lane, &name), &event, &because, now).await?;
                }
                Ok(())
            })
        })
        .await
        .map_err(|error: StoreError| store_refused(error))?;
    house.nudge();
    Ok(done("started", json!({ "runs": runs })))
}

/// What the date starts; nothing if the facts have come to another one since.
fn starts(house: &House, facts: &PersonFacts, due: &Due) -> Option<Vec<Start>> {
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
    let ends = facts.engagements.iter().any(|engagement| engagement.ends_at() == Some(due.at));
    if due.event == "employment.ended" && !ends {
        return None;
    }
    let input = [("at".to_owned(), json!(due.at))].into_iter().collect();
    let happened = Happened { event: due.event.clone(), input, ..Happened::default() };
    Some(start::of(house, due.person, Some(facts), &happened))
}
