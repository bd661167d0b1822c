//! `lifecycle/round`: a period of a schedule has begun, and everybody is gone through.

use std::sync::Arc;

use serde_json::json;
use tenure_engine::Order;

use super::{Done, done, read, store_refused};
use crate::cx::House;
use crate::workflows::schedule::{Round, go_through};

pub(super) async fn perform(house: &Arc<House>, order: &Order) -> Done {
    let round: Round = read(order)?;
    let (count, whole) = go_through(house, round).await.map_err(store_refused)?;
    Ok(done(if whole { "done" } else { "more" }, json!({ "begun": count })))
}
