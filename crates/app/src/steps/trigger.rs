//! `lifecycle/trigger`: a date has come; starts what follows, if the facts still say so.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;
use tenure_engine::Order;
use tenure_engine::journal::Urgency;
use tenure_engine::message::{self, Busy, Start};
use tenure_model::{Id as _, PersonId, RunId};
use tenure_store::StoreError;
use uuid::Uuid;

use super::align::load;
use super::{Done, done, read, store_refused};
use crate::cx::{House, send};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Due {
    person: PersonId,
    at: Timestamp,
    event: String,
}

pub(super) async fn perform(house: &House, order: &Order) -> Done {
    let Due { person, at, event } = read(order)?;
    let facts = load(house, person).await?;
    let ends = facts.engagements.iter().any(|engagement| engagement.ends_at() == Some(at));
    if event == "employment.ended" && !ends {
        return Ok(done("moved", json!({})));
    }
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
