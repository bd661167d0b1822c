//! `access/again`: sets the timer for the next moment at which the same facts come to something
//! else. Timers follow from facts; asking twice sets one timer.

use jiff::Timestamp;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use tenure_engine::Order;
use tenure_engine::journal::{Urgency, private_lane};
use tenure_engine::message::{self, Busy, Start};
use tenure_model::{Id as _, PersonId, RunId};
use tenure_store::{StoreError, facts as told};
use uuid::Uuid;

use super::align::load;
use super::{Done, OfPerson, done, read, store_refused};
use crate::cx::{House, send};
use crate::estate::timer;
use crate::limits::TURNS_LOOK_BACK;
use crate::people::facts::{self, Turn};

pub(super) async fn perform(house: &House, order: &Order) -> Done {
    let OfPerson { person } = read(order)?;
    set(house, person).await
}

/// Sets the timer for the next moment.
pub(super) async fn set(house: &House, person: PersonId) -> Done {
    let facts = load(house, person).await?;
    // A date that came while the run was under way is not lost: its timer fires at once, and since
    // a timer is named by its moment, it fires once.
    let since = house.clock.now().checked_sub(TURNS_LOOK_BACK).unwrap_or(Timestamp::MIN);
    let told = house.store.read(move |tx| Box::pin(async move { told::next_after(tx, person, since).await }));
    let told = told.await.map_err(|error: StoreError| store_refused(error))?;
    let Some(turn) = facts::next_turn(&facts, &house.estate().rules, told, since) else {
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
    let name = format!("{person}/{}/{}", turn.at, turn.event);
    let hash = Sha256::digest(name.as_bytes());
    let bytes: [u8; 16] = std::array::from_fn(|place| hash.get(place).copied().unwrap_or(0));
    let marks: u128 = (0xf << 76) | (0b11 << 62);
    let number = (u128::from_be_bytes(bytes) & !marks) | (7 << 76) | (0b10 << 62);
    RunId::from_uuid(Uuid::from_u128(number))
}
