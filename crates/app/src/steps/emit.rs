//! `lifecycle/emit`: lets an event happen that workflows wait for.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value as Json, json};
use tenure_engine::{Ended, Order};
use tenure_model::PersonId;
use tenure_store::StoreError;

use super::align::load;
use super::{Done, done, entry, ledger, read, store_refused};
use crate::cx::House;
use crate::workflows::begin::{self, Cause, Names};
use crate::workflows::start::Happened;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Emit {
    person: PersonId,
    event: String,
    #[serde(default)]
    body: Json,
}

pub(super) async fn perform(house: &Arc<House>, order: &Order) -> Done {
    let Emit { person, event, body } = read(order)?;
    let known = load(house, person).await?;
    let input = [("body".to_owned(), body)].into_iter().collect();
    let happened = Happened { event, input, ..Happened::default() };
    let (own, key, because) = (Arc::clone(house), order.key.as_str().to_owned(), order.run.to_string());
    let job = house.store.write(move |tx| {
        Box::pin(async move {
            // The same for every attempt of this step: whoever dies in between starts it once.
            let cause = Cause { source: "emit", external: &because, names: Names::After(&key) };
            begin::begin(&own, tx, person, Some(&known), &happened, cause).await
        })
    });
    let runs = job.await.map_err(|error: StoreError| store_refused(error))?;
    house.nudge();
    let attachments = vec![ledger(house, &entry(house, order, "event.emitted").about(person))];
    Ok(Ended { attachments, ..done("done", json!({ "runs": runs })) })
}
