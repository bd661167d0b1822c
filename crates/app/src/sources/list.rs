//! Readings of a source, and what a human says to one that is held.

use tenure_ledger::Word;
use tenure_model::ConnectionName;
use tenure_policy::authz::{Action, Thing};
use tenure_store::source_readings::{self as readings, Stage};

use super::read::{How, earlier, read, source};
use super::{Report, stored};
use crate::cx::Cx;
use crate::error::AppError;
use crate::record;

/// The last readings of a source, the newest first.
pub async fn list(cx: &Cx, name: &ConnectionName) -> Result<Vec<Report>, AppError> {
    cx.allow(Action::ReadConnection, &Thing::Connection(Some(name.clone())))?;
    source(cx, name)?;
    earlier(cx, name).await
}

/// Accepts what a reading withholds: the source is read again, and as much as was seen is taken in,
/// and not more.
pub async fn accept(cx: &Cx, name: &ConnectionName, number: i64) -> Result<Report, AppError> {
    answered(cx, name, number, "accepted").await?;
    read(cx, name, How::Accept { number }).await
}

/// Refuses what a reading withholds. It stays withheld, and the same feed is not told of again.
pub async fn reject(cx: &Cx, name: &ConnectionName, number: i64) -> Result<Report, AppError> {
    answered(cx, name, number, "rejected").await
}

async fn answered(cx: &Cx, name: &ConnectionName, number: i64, word: &'static str) -> Result<Report, AppError> {
    cx.allow(Action::AnswerReading, &Thing::Connection(Some(name.clone())))?;
    source(cx, name)?;
    let known = earlier(cx, name).await?;
    let newest = known.first().map(|newest| newest.row.number);
    let held = known.into_iter().find(|reading| reading.row.number == number);
    let mut held = held.ok_or_else(|| AppError::no("reading", number))?;
    if held.row.stage != Stage::Held || held.row.answer.is_some() {
        return Err(AppError::Conflict(format!("reading {number} of `{name}` waits for no answer")));
    }
    if newest != Some(number) {
        let newest = newest.unwrap_or_default();
        return Err(AppError::Conflict(format!("a newer reading of `{name}` was held against it; answer {newest}")));
    }
    held.row.answer = Some(format!("{word} by {}", cx.actor.name));
    let (row, ids) = (held.row.clone(), std::sync::Arc::clone(&cx.house.ids));
    let mut entry = record::entry(cx.house.clock.as_ref(), &cx.actor, "feed.answered");
    entry.system = Some(name.clone());
    entry.decision = Some(Word::or_hash(word));
    let kept = cx.house.store.write(move |tx| {
        Box::pin(async move {
            readings::update(tx, &row).await?;
            record::write(tx, ids.as_ref(), &entry).await
        })
    });
    kept.await.map_err(stored)?;
    Ok(held)
}
