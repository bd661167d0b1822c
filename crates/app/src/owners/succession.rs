//! What comes to somebody else by rule: a document whose owner has left belongs to the `successor` that it
//! names, for as long as the owner is not there.
//!
//! It follows from documents and facts and is worked out at every look. What is kept is only since when, so
//! that it is told and recorded once, and shown where it is asked who answers for something. The document
//! itself is never changed.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tenure_ledger::{DetailKey, Hash, Word};
use tenure_model::{Actor, Assignee, Name, NoticeKind};
use tenure_store::{StoreError, Tx, notices, settings};

use super::WHO;
use crate::cx::House;
use crate::error::AppError;
use crate::notices::write;
use crate::people::show::named;
use crate::record;

/// Under which name it is kept.
const KEPT: &str = "owners.succession";

/// Who answered for something, and who does now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Passing {
    /// Who the document says.
    pub owner: String,
    /// Whom it names to come after.
    pub to: String,
}

/// The same with since when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Passed {
    /// From whom to whom.
    #[serde(flatten)]
    pub passing: Passing,
    /// Since when.
    pub since: Timestamp,
}

/// By document, such as `role staff`, what has come to a successor.
pub type Succession = BTreeMap<String, Passed>;

/// What has come to successors, as it was seen at the last look.
pub(crate) async fn read(tx: &mut Tx) -> Result<Succession, StoreError> {
    let body = settings::get(tx, KEPT).await?;
    body.map_or_else(|| Ok(Succession::new()), |body| parse(&body))
}

fn parse(body: &str) -> Result<Succession, StoreError> {
    serde_json::from_str(body).map_err(|error| StoreError::Inconsistent {
        table: "setting",
        column: "body".to_owned(),
        id: KEPT.to_owned(),
        what: error.to_string(),
    })
}

/// Keeps what comes to successors now, and records and tells what is new of it. Of several nodes that look
/// at once one does.
pub(super) async fn keep(house: &Arc<House>, passed: BTreeMap<String, Passing>) -> Result<(), AppError> {
    let own = Arc::clone(house);
    let job = house.store.read(|tx| Box::pin(async move { read(tx).await }));
    let known: Succession = job.await.map_err(|error: StoreError| AppError::from(error))?;
    if known.len() == passed.len() && known.iter().all(|(what, known)| passed.get(what) == Some(&known.passing)) {
        return Ok(());
    }
    let job = house.store.write(move |tx| Box::pin(async move { write_down(&own, tx, passed).await }));
    job.await
}

async fn write_down(house: &House, tx: &mut Tx, passed: BTreeMap<String, Passing>) -> Result<(), AppError> {
    let body = settings::get(tx, KEPT).await?;
    let before = body.as_deref().map_or_else(|| Ok(Succession::new()), parse)?;
    let now = house.clock.now();
    let since = |what: &str, passing: &Passing| {
        before.get(what).filter(|known| known.passing == *passing).map_or(now, |known| known.since)
    };
    let after: Succession = passed
        .into_iter()
        .map(|(what, passing)| (what.clone(), Passed { since: since(&what, &passing), passing }))
        .collect();
    let text = serde_json::to_string(&after).map_err(|error| AppError::Corrupt(error.to_string()))?;
    if !settings::swap(tx, KEPT, body.as_deref(), &text).await? {
        // Somebody else has just written what they saw, and told it.
        return Ok(());
    }
    for (what, gone) in before.iter().filter(|(what, known)| after.get(*what) != Some(*known)) {
        record(house, tx, "owner.succession-ended", what, &gone.passing).await?;
    }
    for (what, new) in after.iter().filter(|(what, passed)| before.get(*what) != Some(*passed)) {
        record(house, tx, NoticeKind::OwnerSucceeded.word(), what, &new.passing).await?;
        tell(house, tx, what, &new.passing.to).await?;
    }
    Ok(())
}

/// The ledger holds no names: who came after whom is in it as hashes, and whom we know as a person by id.
async fn record(house: &House, tx: &mut Tx, what: &str, thing: &str, passing: &Passing) -> Result<(), AppError> {
    let mut entry = record::entry(house.clock.as_ref(), &Actor::system(WHO), what)
        .with(DetailKey::Payload, Hash::of(thing.as_bytes()))
        .with(DetailKey::Before, Hash::of(passing.owner.as_bytes()))
        .with(DetailKey::After, Hash::of(passing.to.as_bytes()));
    let (kind, name) = thing.split_once(' ').unwrap_or((thing, ""));
    entry.effect = Some(Word::or_hash(kind));
    if kind == "role" {
        entry = entry.with(DetailKey::Role, Word::or_hash(name));
    }
    if let Some(person) = named(tx, &passing.owner).await? {
        entry = entry.about(person.id);
    }
    record::write(tx, house.ids.as_ref(), &entry).await?;
    Ok(())
}

/// Tells whoever answers for it now.
async fn tell(house: &House, tx: &mut Tx, thing: &str, to: &str) -> Result<(), AppError> {
    let team = to.parse::<Name>().ok().filter(|team| house.estate().teams.contains_key(team));
    let person = if team.is_none() { named(tx, to).await? } else { None };
    let whom = team.map_or_else(|| Assignee::Person(to.to_owned()), Assignee::Team);
    let data = [("document".to_owned(), thing.to_owned()), ("for".to_owned(), whom.to_string())];
    for notice in write::of(house, NoticeKind::OwnerSucceeded, data.into(), person.map(|person| person.id)) {
        notices::insert(tx, &notice).await?;
    }
    Ok(())
}
