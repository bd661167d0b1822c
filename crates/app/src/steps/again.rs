//! `access/again`: sets the timer for the next moment at which the same facts come to something
//! else. Timers follow from facts; asking twice sets one timer.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::json;
use tenure_engine::Order;
use tenure_engine::journal::Letter;
use tenure_model::{Ending, PersonId};
use tenure_store::{StoreError, facts as told};

use super::align::load_for;
use super::{Done, OfPerson, done, read, store_refused};
use crate::brakes::decide::look_again;
use crate::cx::{House, send};
use crate::limits::TURNS_LOOK_BACK;
use crate::people::facts;
use crate::runs::alone;

/// Lets a person be looked at again for this cause, once however often it is tried. What is under way
/// for them comes to its end first. Says how many runs begin.
pub(super) async fn look(house: &Arc<House>, person: PersonId, cause: String) -> Result<usize, Ending> {
    let own = Arc::clone(house);
    let job = house
        .store
        .write(move |tx| Box::pin(async move { look_again(&own, tx, &cause, &[person], "person.changed").await }));
    let begun = job.await.map_err(|error: StoreError| store_refused(error))?;
    house.nudge();
    Ok(begun)
}

pub(super) async fn perform(house: &House, order: &Order) -> Done {
    let OfPerson { person } = read(order)?;
    set(house, person).await
}

/// Sets the timer for the next moment.
pub(super) async fn set(house: &House, person: PersonId) -> Done {
    let (rules, now) = (house.rules(), house.clock.now());
    let facts = load_for(house, person, &rules).await?;
    // A date that came while the run was under way is not lost: its timer fires at once, and since
    // a timer is named by its moment, it fires once.
    let since = now.checked_sub(TURNS_LOOK_BACK).unwrap_or(Timestamp::MIN);
    let told = house.store.read(move |tx| Box::pin(async move { told::turns(tx, person, since, now).await }));
    let told = told.await.map_err(|error: StoreError| store_refused(error))?;
    let turns = facts::next_turns(&facts, &rules, &told, since, now);
    let letters: Vec<Letter> = turns.iter().map(|turn| alone::timer_at(person, turn.at, turn.event, now)).collect();
    let next = turns.last().copied().zip(letters.last().map(|letter| letter.run));
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
    Ok(match next {
        None => done("never", json!({})),
        Some((turn, run)) => done("set", json!({ "at": turn.at, "event": turn.event, "run": run })),
    })
}
