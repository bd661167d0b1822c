//! `access/again`: sets the timer for the next moment at which the same facts come to something
//! else. Timers follow from facts; asking twice sets one timer.

use serde_json::json;
use tenure_engine::Order;
use tenure_store::StoreError;

use super::align::load_for;
use super::{Done, OfPerson, done, read, store_refused};
use crate::cx::{House, send};
use crate::people::facts;
use crate::runs::alone;

pub(super) async fn perform(house: &House, order: &Order) -> Done {
    let OfPerson { person } = read(order)?;
    let rules = house.rules();
    let facts = load_for(house, person, &rules).await?;
    let Some(turn) = facts::next_turn(&facts, &rules, house.clock.now()) else {
        return Ok(done("never", json!({})));
    };
    let letter = alone::timer_at(person, turn.at, turn.event, house.clock.now());
    let run = letter.run;
    house
        .store
        .write(move |tx| Box::pin(async move { send(tx, letter).await }))
        .await
        .map_err(|error: StoreError| store_refused(error))?;
    house.nudge();
    Ok(done("set", json!({ "at": turn.at, "event": turn.event, "run": run })))
}
