//! `set/look` and `set/start`: look who is in a set, and start it, a while at a time.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::json;
use tenure_engine::Order;
use tenure_engine::journal::Definition;
use tenure_model::{Ending, RefusalClass, SetId};

use super::plan::{end_of, go_on};
use super::{Done, done, read, store_refused};
use crate::cx::House;
use crate::error::AppError;
use crate::plans::compute::Came;
use crate::sets::{self, look, start};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct OfSet {
    set: SetId,
    part: u64,
}

pub(super) async fn look(house: &House, order: &Order) -> Done {
    let of: OfSet = read(order)?;
    came(house, &of, sets::looking(), look::work(house, of.set).await).await
}

pub(super) async fn start(house: &Arc<House>, order: &Order) -> Done {
    let of: OfSet = read(order)?;
    came(house, &of, sets::starting(), start::work(house, of.set).await).await
}

/// Begins the next part, or writes that the set cannot go on.
async fn came(house: &House, of: &OfSet, definition: Definition, came: Result<Came, AppError>) -> Done {
    let (set, part) = (of.set, of.part);
    let ending = match came {
        Ok(came) => return go_on(house, came, || sets::letter(house, set, definition, part + 1)).await,
        Err(error) => end_of(error),
    };
    let Ending::Refused { class: RefusalClass::Permanent, message, .. } = &ending else { return Err(ending) };
    let note = message.clone();
    let job = house.store.write(move |tx| Box::pin(async move { sets::fail(tx, set, &note).await }));
    job.await.map_err(store_refused)?;
    Ok(done("failed", json!({ "why": message })))
}
