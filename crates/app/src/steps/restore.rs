//! `access/restore`: puts accounts back as they were before a step changed them.
//!
//! It is how the steps that change accounts are taken back. Each account is looked at first, so
//! that what is as it was already is not written again; what is written is read back.

use serde::Deserialize;
use serde_json::json;
use tenure_engine::{Ended, Order};

use super::align::Wish;
use super::change;
use super::{Done, done, read};
use crate::cx::House;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Restore {
    wishes: Vec<Wish>,
}

pub(super) async fn perform(house: &House, order: &Order) -> Done {
    let Restore { wishes } = read(order)?;
    let count = wishes.len();
    let mut attachments = Vec::new();
    // The last change first.
    for (place, wish) in wishes.into_iter().enumerate().rev() {
        attachments.extend(change::put_back(house, order, &wish, place).await?.attachments);
    }
    Ok(Ended { attachments, ..done("done", json!({ "accounts": count })) })
}
