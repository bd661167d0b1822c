//! Steps that wait until something happens to somebody, and what tells them that it has.

use serde_json::{Map, Value as Json};
use tenure_model::{PersonId, RunEvent, Signal};
use tenure_store::awaits::{self, Await};
use tenure_store::{StoreError, Tx};

use crate::cx::{Cx, House, send_to};
use crate::error::AppError;
use crate::limits::AWAITS_MAX;

/// Before the name of the signal that tells a step that it has come.
pub const SIGNAL: &str = "await/";

/// The signal that tells a step of this key that it has come.
pub(crate) fn signal_of(key: &str) -> String {
    format!("{SIGNAL}{key}")
}

/// Something happened to somebody: tells the steps that wait for it, in the same transaction.
pub(crate) async fn happened(
    house: &House,
    tx: &mut Tx,
    person: PersonId,
    event: &str,
    said: &Json,
) -> Result<(), StoreError> {
    for wait in awaits::open_for(tx, person, event, AWAITS_MAX).await? {
        if fits(&wait.wanted, said) {
            come(house, tx, &wait, event, said).await?;
        }
    }
    Ok(())
}

/// Lets what a step waits for be taken as having come, as a rehearsal does. False if there is none.
pub async fn take_as_come(cx: &Cx, signal: &str) -> Result<bool, AppError> {
    let Some(key) = signal.strip_prefix(SIGNAL).map(ToOwned::to_owned) else { return Ok(false) };
    let own = cx.clone();
    let job = cx.house.store.write(move |tx| {
        Box::pin(async move {
            let Some(wait) = awaits::get(tx, &key).await? else { return Ok::<_, StoreError>(false) };
            let said = Json::Object(wait.wanted.clone());
            come(&own.house, tx, &wait, &own.actor.name, &said).await?;
            Ok(true)
        })
    });
    let came = job.await?;
    cx.house.nudge();
    Ok(came)
}

/// Before the name of the signal with which a watch looks again.
pub const WATCH: &str = "watch/";

/// Under which name it is kept that a watch looks only once more, when its time is over.
const SELDOM: &str = "seldom";

/// Lets a watch look only once more, when its time is over, as a rehearsal does. False if it does so
/// already, or is none.
pub async fn look_at_the_end(cx: &Cx, signal: &str) -> Result<bool, AppError> {
    let Some(key) = signal.strip_prefix(WATCH).map(ToOwned::to_owned) else { return Ok(false) };
    let (own, name) = (cx.clone(), signal.to_owned());
    let job = cx.house.store.write(move |tx| {
        Box::pin(async move {
            let Some(watch) = awaits::get(tx, &key).await? else { return Ok::<_, StoreError>(false) };
            let mut seen = watch.wanted.clone();
            if seen.insert(SELDOM.to_owned(), Json::Bool(true)) == Some(Json::Bool(true)) {
                return Ok(false);
            }
            awaits::keep(tx, &key, &watch.wanted, &seen).await?;
            let signal = Signal { name, by: own.actor.name.clone(), body: Json::Null };
            send_to(&own.house, tx, watch.run, RunEvent::Signalled(signal), ("await", &key)).await?;
            Ok(true)
        })
    });
    let changed = job.await?;
    cx.house.nudge();
    Ok(changed)
}

/// Forgets what runs waited for that are over.
pub async fn forget(house: &House) -> Result<(), StoreError> {
    let is_any_over = house.store.read(|tx| Box::pin(async move { awaits::any_over(tx).await }));
    if is_any_over.await? {
        house.store.write(|tx| Box::pin(async move { awaits::forget(tx, AWAITS_MAX).await })).await?;
    }
    Ok(())
}

async fn come(house: &House, tx: &mut Tx, wait: &Await, by: &str, said: &Json) -> Result<(), StoreError> {
    if awaits::arrive(tx, &wait.key, said).await? {
        let signal = Signal { name: signal_of(&wait.key), by: by.to_owned(), body: Json::Null };
        send_to(house, tx, wait.run, RunEvent::Signalled(signal), ("await", &wait.key)).await?;
    }
    Ok(())
}

/// Whether everything that is wanted was said.
fn fits(wanted: &Map<String, Json>, said: &Json) -> bool {
    wanted.iter().all(|(name, value)| said.get(name) == Some(value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_what_says_all_that_is_wanted_fits() {
        let fits = |wanted: Json, said: Json| super::fits(wanted.as_object().unwrap(), &said);
        assert!(fits(json!({}), Json::Null) && fits(json!({ "serial": "A1" }), json!({ "serial": "A1", "x": 1 })));
        assert!(!fits(json!({ "serial": "A1" }), json!({ "serial": "A2" })));
        assert!(!fits(json!({ "serial": "A1" }), Json::Null) && !fits(json!({ "serial": null }), json!({})));
    }
}
