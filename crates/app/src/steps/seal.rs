//! `evidence/seal`: writes down that the run came to its end, and tells the outside.

use serde_json::json;
use tenure_engine::{Ended, Order};
use tenure_model::new_id;
use tenure_store::journal::Attachment;
use tenure_store::notices::Notice;

use super::{Done, OfPerson, done, entry, ledger, read};
use crate::cx::House;
use crate::probe::Point;

pub(super) fn perform(house: &House, order: &Order) -> Done {
    let OfPerson { person } = read(order)?;
    house.pass(Point::BeforeSeal);
    let now = house.clock.now();
    let body = json!({ "type": "run.sealed", "run": order.run, "person": person, "at": now });
    let notice = Notice {
        id: new_id(house.ids.as_ref()),
        channel: "log".to_owned(),
        body: body.to_string(),
        created_at: now,
        due: now,
        attempts: 0,
    };
    let record = entry(house, order, "run.sealed").about(person);
    let attachments = vec![ledger(house, &record), Attachment::Notice(notice)];
    Ok(Ended { attachments, ..done("done", json!({ "sealedAt": now })) })
}
