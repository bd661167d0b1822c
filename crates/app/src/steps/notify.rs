//! `notify/send`: tells somebody, in the words of a notice of the estate.
//!
//! Who is told is what the step says, or what the notice itself says. The notice goes into the
//! outbox with the result of the step, so that it is told exactly if the step was done.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::json;
use tenure_engine::{Ended, Order};
use tenure_model::{NoticeKind, Person, PersonId, Value};
use tenure_store::journal::Attachment;
use tenure_store::{StoreError, people};

use super::{Done, done, entry, ledger, read, refused, store_refused};
use crate::cx::House;
use crate::notices::write;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Tell {
    person: PersonId,
    notice: String,
    #[serde(default)]
    to: Vec<String>,
}

pub(super) async fn perform(house: &House, order: &Order) -> Done {
    let Tell { person, notice, to } = read(order)?;
    let estate = house.estate();
    let telling = estate.notices.values().find(|known| known.name.as_str() == notice);
    let telling = telling.ok_or_else(|| refused(format!("there is no notice `{notice}`")))?;
    if telling.on != NoticeKind::WorkflowTold {
        return Err(refused(format!(
            "notice `{notice}` is told `on: {}`; a workflow tells those `on: workflow.told`",
            telling.on
        )));
    }
    let mut addresses = BTreeSet::new();
    for name in &to {
        addresses.insert(address(house, name).await?);
    }
    let data = [("run".to_owned(), order.run.to_string()), ("step".to_owned(), order.task.node.clone())];
    let rows = write::by(house, telling, data.into(), Some(person), &addresses);
    let count = rows.len();
    let mut attachments: Vec<Attachment> = rows.into_iter().map(Attachment::Notice).collect();
    attachments.push(ledger(house, &entry(house, order, "notice.written").about(person)));
    Ok(Ended { attachments, ..done("done", json!({ "notices": count, "to": addresses })) })
}

/// The address of whoever is meant: an address, or somebody by their id or key.
pub(super) async fn address(house: &House, name: &str) -> Result<String, tenure_model::Ending> {
    if name.contains('@') {
        return Ok(name.to_owned());
    }
    let found = somebody(house, name).await?;
    let found = found.ok_or_else(|| refused(format!("nobody is known as `{name}`, so nobody can be told")))?;
    let mail = found.attributes.get("email").and_then(Value::as_text).map(ToOwned::to_owned);
    mail.ok_or_else(|| refused(format!("`{name}` has no `email`, so they cannot be told")))
}

/// The attribute by which people are named in documents.
const PERSON_KEY: &str = "employeeId";

/// Somebody by their id, or by the key under which sources know them.
pub(super) async fn somebody(house: &House, name: &str) -> Result<Option<Person>, tenure_model::Ending> {
    let name = name.to_owned();
    let job = house.store.read(move |tx| {
        Box::pin(async move {
            if let Ok(id) = name.parse::<PersonId>() {
                return people::get(tx, id).await;
            }
            let mut found = people::find_by_key(tx, PERSON_KEY, &name).await?;
            Ok::<_, StoreError>(if found.len() == 1 { found.pop() } else { None })
        })
    });
    job.await.map_err(|error: StoreError| store_refused(error))
}
