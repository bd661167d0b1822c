//! `lifecycle/wait-for`: waits until something happens to somebody.
//!
//! The first time it writes down what it waits for, and it is performed again when that has come or
//! the time is over. What came before the step began does not count.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Map, Value as Json, json};
use tenure_engine::Order;
use tenure_flow::{Calendar, Span};
use tenure_model::{Ending, PersonId};
use tenure_store::StoreError;
use tenure_store::awaits::{self, Await};

use super::human::zone;
use super::{Done, done, read, refused, store_refused};
use crate::cx::House;
use crate::workflows::awaits::signal_of;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    person: PersonId,
    event: String,
    #[serde(default)]
    r#match: Map<String, Json>,
    #[serde(default)]
    within: Option<Span>,
    #[serde(default)]
    calendar: Option<Calendar>,
}

pub(super) async fn perform(house: &Arc<House>, order: &Order) -> Done {
    let Wanted { person, event, r#match: wanted, within, calendar } = read(order)?;
    let now = house.clock.now();
    let until = match within {
        Some(span) => Some(span.after(now, &zone(house, order).await, calendar.as_ref())),
        None => None,
    };
    let until = until.transpose().map_err(|bad| refused(bad.to_string()))?;
    let wait = Await { key: order.key.as_str().to_owned(), run: order.run, person, event, wanted, until, came: None };
    let job = house.store.write(move |tx| Box::pin(async move { awaits::open_once(tx, &wait).await }));
    let found = job.await.map_err(|error: StoreError| store_refused(error))?;
    match (found.came, found.until) {
        (Some(said), _) => Ok(done("came", json!({ "body": said }))),
        (None, Some(until)) if until <= now => Ok(done("timeout", Json::Null)),
        (None, until) => {
            let message = format!("waits for `{}`", found.event);
            Err(Ending::Asked { signal: signal_of(&found.key), message, until })
        }
    }
}
