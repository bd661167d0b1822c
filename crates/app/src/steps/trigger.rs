//! `lifecycle/trigger`: a date has come. Works out anew what the facts come to, and starts what
//! follows from that; a date that moved in the meantime starts nothing.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;
use tenure_engine::Order;
use tenure_engine::journal::Urgency;
use tenure_engine::message::{self, Busy, Start};
use tenure_model::{Ending, Engagement, Id as _, PersonId, RunId, Standing, standing};
use tenure_store::{StoreError, people};
use uuid::Uuid;

use super::{Done, again, done, not_now, read, refused, store_refused};
use crate::cx::{House, send};
use crate::error::AppError;
use crate::people::settle;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Due {
    person: PersonId,
    at: Timestamp,
    event: String,
}

pub(super) async fn perform(house: &House, order: &Order) -> Done {
    let Due { person, at, event } = read(order)?;
    let now = house.clock.now().max(at);
    let engagements = brought_up_to(house, person, now).await?;
    let ended = engagements.iter().filter_map(Engagement::ends_at).any(|end| end <= now);
    if event == "employment.ended" && !ended {
        // Whoever moved it set a timer of their own; after a change of the rules of a zone nobody did.
        again::set(house, person).await?;
        return Ok(done("moved", json!({})));
    }
    // An engagement that ends while another one runs ends nobody's employment.
    let event = match standing(&engagements, now) {
        Standing::Active | Standing::OnLeave if event == "employment.ended" => "person.changed".to_owned(),
        Standing::Active | Standing::OnLeave | Standing::Planned | Standing::Left | Standing::None => event,
    };
    let mut runs = Vec::new();
    let mut letters = Vec::new();
    for (place, workflow) in house.estate().started_by(&event).enumerate() {
        // The same for every attempt of this step: whoever dies in between starts it once.
        let number = order.run.uuid().as_u128().wrapping_add(1 + place as u128);
        let run = RunId::from_uuid(Uuid::from_u128(number));
        let start = Start {
            lane: person.to_string(),
            definition: workflow.definition.hash.clone(),
            name: workflow.name.to_string(),
            urgency: Urgency::Normal,
            busy: Busy::Supersede,
            input: json!({ "person": person, "because": event, "at": at }),
        };
        letters.push(message::start(run, start, "timer", "due", house.clock.now()));
        runs.push(run);
    }
    house
        .store
        .write(move |tx| {
            Box::pin(async move {
                for letter in letters {
                    send(tx, letter).await?;
                }
                Ok(())
            })
        })
        .await
        .map_err(|error: StoreError| store_refused(error))?;
    house.nudge();
    Ok(done("started", json!({ "runs": runs })))
}

/// What the facts about a person come to at this moment, which is written down if it is news.
async fn brought_up_to(house: &House, person: PersonId, now: Timestamp) -> Result<Vec<Engagement>, Ending> {
    let (ids, estate) = (std::sync::Arc::clone(&house.ids), house.estate());
    let settled = house.store.write(move |tx| {
        Box::pin(async move {
            let known = people::get(tx, person).await?.ok_or_else(|| AppError::no("person", person))?;
            settle::settle(ids.as_ref(), &estate, tx, known, now).await
        })
    });
    match settled.await {
        Ok(settled) => Ok(settled.after),
        Err(AppError::Store(error)) => Err(store_refused(error)),
        Err(error @ AppError::NotFound { .. }) => Err(refused(error.to_string())),
        Err(error) => Err(not_now(error.to_string())),
    }
}
