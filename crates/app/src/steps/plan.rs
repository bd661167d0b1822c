//! `estate/plan` and `estate/apply`: work a plan out, and put it into force, a while at a time.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::json;
use tenure_connect::Refusal;
use tenure_engine::Order;
use tenure_engine::journal::Letter;
use tenure_model::{Ending, PlanId};
use tenure_store::StoreError;

use super::{Done, done, no, read, refused, store_refused};
use crate::cx::{House, send};
use crate::error::AppError;
use crate::plans::compute::{self, Came};
use crate::plans::{apply, begin};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct OfPlan {
    plan: PlanId,
    part: u64,
}

pub(super) async fn make(house: &House, order: &Order) -> Done {
    let OfPlan { plan, part } = read(order)?;
    match compute::work(house, plan).await {
        Ok(came) => go_on(house, came, || begin::letter(house, plan, begin::making(), part + 1)).await,
        Err(error) => {
            let ending = end_of(error);
            if let Ending::Refused { class: tenure_model::RefusalClass::Permanent, message, .. } = &ending {
                let note = message.clone();
                let job = house.store.write(move |tx| Box::pin(async move { compute::fail(tx, plan, &note).await }));
                job.await.map_err(store_refused)?;
                return Ok(done("failed", json!({ "why": message })));
            }
            Err(ending)
        }
    }
}

pub(super) async fn apply(house: &Arc<House>, order: &Order) -> Done {
    let OfPlan { plan, part } = read(order)?;
    let came = apply::work(house, plan).await.map_err(end_of)?;
    go_on(house, came, || begin::letter(house, plan, begin::applying(), part + 1)).await
}

/// Begins the next part, if there is more to do.
pub(super) async fn go_on(house: &House, came: Came, next: impl FnOnce() -> Letter) -> Done {
    match came {
        Came::Through => Ok(done("done", json!({}))),
        Came::More => {
            let letter = next();
            let job = house.store.write(move |tx| Box::pin(async move { send(tx, letter).await }));
            job.await.map_err(|error: StoreError| store_refused(error))?;
            house.nudge();
            Ok(done("more", json!({})))
        }
    }
}

pub(super) fn end_of(error: AppError) -> Ending {
    match error {
        AppError::Store(error) => store_refused(error),
        AppError::Target(refusal) => no(Refusal::clone(&refusal)),
        other => refused(other.to_string()),
    }
}
