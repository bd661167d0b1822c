//! `lifecycle/emit`: lets an event happen that workflows wait for.

use serde::Deserialize;
use serde_json::{Value as Json, json};
use tenure_engine::{Ended, Order, message};
use tenure_model::{PersonId, RunId};
use tenure_store::StoreError;

use super::align::load;
use super::{Done, done, entry, ledger, read, store_refused};
use crate::cx::{House, send};
use crate::runs::alone;
use crate::workflows::start::{self, Happened};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Emit {
    person: PersonId,
    event: String,
    #[serde(default)]
    body: Json,
}

pub(super) async fn perform(house: &House, order: &Order) -> Done {
    let Emit { person, event, body } = read(order)?;
    let known = load(house, person).await?;
    let input = [("body".to_owned(), body)].into_iter().collect();
    let happened = Happened { event, input, ..Happened::default() };
    let starts = start::of(house, person, Some(&known), &happened);
    let (mut runs, mut letters) = (Vec::new(), Vec::new());
    for (place, start) in starts.into_iter().enumerate() {
        let run = nth_run(order, place);
        letters.push(message::start(run, start, "emit", &order.run.to_string(), house.clock.now()));
        runs.push(run);
    }
    let job = house.store.write(move |tx| {
        Box::pin(async move {
            for letter in letters {
                send(tx, letter).await?;
            }
            Ok(())
        })
    });
    job.await.map_err(|error: StoreError| store_refused(error))?;
    house.nudge();
    let attachments = vec![ledger(house, &entry(house, order, "event.emitted").about(person))];
    Ok(Ended { attachments, ..done("done", json!({ "runs": runs })) })
}

/// The same for every attempt of this step: whoever dies in between starts it once.
pub(super) fn nth_run(order: &Order, place: usize) -> RunId {
    alone::named(&format!("{}/{place}", order.key.as_str()))
}
