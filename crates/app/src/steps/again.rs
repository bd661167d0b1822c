//! `access/again`: sets the timer for the next moment at which the same facts come to something
//! else. Timers follow from facts; asking twice sets one timer.

use serde_json::json;
use sha2::{Digest as _, Sha256};
use tenure_engine::Order;
use tenure_engine::journal::{Urgency, private_lane};
use tenure_engine::message::{self, Busy, Start};
use tenure_model::{Id as _, PersonId, RunId};
use tenure_store::StoreError;
use uuid::Uuid;

use super::align::load_for;
use super::{Done, OfPerson, done, read, store_refused};
use crate::cx::{House, send};
use crate::estate::timer;
use crate::people::facts::{self, Turn};

pub(super) async fn perform(house: &House, order: &Order) -> Done {
    let OfPerson { person } = read(order)?;
    let rules = house.rules();
    let facts = load_for(house, person, &rules).await?;
    let Some(turn) = facts::next_turn(&facts, &rules, house.clock.now()) else {
        return Ok(done("never", json!({})));
    };
    let run = timer_of(person, turn);
    let definition = timer();
    let start = Start {
        lane: private_lane(run),
        definition: definition.hash,
        name: definition.name,
        urgency: Urgency::Normal,
        busy: Busy::Queue,
        input: json!({ "person": person, "at": turn.at, "event": turn.event }),
    };
    let letter = message::start(run, start, "timer", "start", house.clock.now());
    house
        .store
        .write(move |tx| Box::pin(async move { send(tx, letter).await }))
        .await
        .map_err(|error: StoreError| store_refused(error))?;
    house.nudge();
    Ok(done("set", json!({ "at": turn.at, "event": turn.event, "run": run })))
}

/// The run that waits for this moment: the same however often it is asked for.
fn timer_of(person: PersonId, turn: Turn) -> RunId {
    timer_named(&format!("{person}/{}/{}", turn.at, turn.event))
}

/// The run of this name: a timer is set once however often it is asked for.
pub(crate) fn timer_named(name: &str) -> RunId {
    let hash = Sha256::digest(name.as_bytes());
    let bytes: [u8; 16] = std::array::from_fn(|place| hash.get(place).copied().unwrap_or(0));
    let marks: u128 = (0xf << 76) | (0b11 << 62);
    let number = (u128::from_be_bytes(bytes) & !marks) | (7 << 76) | (0b10 << 62);
    RunId::from_uuid(Uuid::from_u128(number))
}
