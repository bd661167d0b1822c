//! `sponsor/transfer`: gives what somebody answers for to somebody else: agents, service accounts
//! and guests whose sponsor leaves or changes role. Nothing stays with whoever is gone.

use serde::Deserialize;
use serde_json::{Value as Json, json};
use tenure_engine::{Ended, Order};
use tenure_model::{Person, PersonId};
use tenure_store::journal::Attachment;
use tenure_store::{StoreError, people};

use super::notify::somebody;
use super::{Done, done, entry, ledger, read, refused, store_refused};
use crate::cx::House;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Transfer {
    person: Option<PersonId>,
    #[serde(default)]
    to: Vec<String>,
    /// How a transfer is taken back: who had what.
    #[serde(default)]
    undo: Json,
}

pub(super) async fn perform(house: &House, order: &Order) -> Done {
    let asked: Transfer = read(order)?;
    let moved = match asked.person {
        Some(person) => forth(house, person, asked.to.first()).await?,
        None => back(house, &asked.undo).await?,
    };
    let before: Vec<Json> =
        moved.iter().map(|(before, _)| json!({ "person": before.id, "sponsor": before.sponsor })).collect();
    let mut attachments = Vec::new();
    for (_, after) in moved {
        attachments.push(ledger(house, &entry(house, order, "sponsor.changed").about(after.id)));
        attachments.push(Attachment::Person(Box::new(after)));
    }
    Ok(Ended { attachments, ..done("done", json!({ "moved": before.len(), "undo": before })) })
}

type Moved = Vec<(Person, Person)>;

async fn forth(house: &House, person: PersonId, to: Option<&String>) -> Result<Moved, tenure_model::Ending> {
    let name = to.ok_or_else(|| refused("it does not say to whom"))?;
    let next = somebody(house, name).await?.ok_or_else(|| refused(format!("nobody is known as `{name}`")))?;
    if next.id == person {
        return Err(refused("the new sponsor is the old one"));
    }
    let job = house.store.read(move |tx| Box::pin(async move { people::sponsored_by(tx, person).await }));
    let theirs = job.await.map_err(|error: StoreError| store_refused(error))?;
    let moved = |before: Person| {
        let after = Person { sponsor: Some(next.id), version: before.version + 1, ..before.clone() };
        (before, after)
    };
    Ok(theirs.into_iter().map(moved).collect())
}

#[derive(Debug, Deserialize)]
struct Before {
    person: PersonId,
    sponsor: Option<PersonId>,
}

async fn back(house: &House, undo: &Json) -> Result<Moved, tenure_model::Ending> {
    let before: Vec<Before> = serde_json::from_value(undo.clone()).map_err(|error| refused(error.to_string()))?;
    let mut moved = Vec::new();
    for Before { person, sponsor } in before {
        let job = house.store.read(move |tx| Box::pin(async move { people::get(tx, person).await }));
        let found = job.await.map_err(|error: StoreError| store_refused(error))?;
        let back = |known: Person| (known.clone(), Person { sponsor, version: known.version + 1, ..known });
        moved.extend(found.filter(|known| known.sponsor != sponsor).map(back));
    }
    Ok(moved)
}
