//! `evidence/seal`: writes down that the run came to its end, and tells the outside.

use serde_json::json;
use tenure_engine::{Ended, Order};
use tenure_model::NoticeKind;
use tenure_store::journal::Attachment;

use super::{Done, OfPerson, done, entry, ledger, read};
use crate::cx::House;
use crate::notices::write;
use crate::probe::Point;

pub(super) fn perform(house: &House, order: &Order) -> Done {
    let OfPerson { person } = read(order)?;
    house.pass(Point::BeforeSeal);
    let now = house.clock.now();
    let data = [("run".to_owned(), order.run.to_string())];
    let notices = write::of(house, NoticeKind::RunSealed, data.into(), Some(person));
    let record = entry(house, order, "run.sealed").about(person);
    let mut attachments = vec![ledger(house, &record)];
    attachments.extend(notices.into_iter().map(Attachment::Notice));
    Ok(Ended { attachments, ..done("done", json!({ "sealedAt": now })) })
}
