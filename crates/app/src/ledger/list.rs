//! Entries of the ledger.

use tenure_policy::authz::{Action, Thing};
use tenure_store::StoreError;
use tenure_store::ledger::{self, Checkpoint, Entry};

use crate::cx::Cx;
use crate::error::AppError;

/// Sealed entries from this index on.
pub async fn list(cx: &Cx, from: i64, limit: usize) -> Result<Vec<Entry>, AppError> {
    cx.allow(Action::ListLedger, &Thing::Ledger)?;
    let job = cx.house.store.read(move |tx| Box::pin(async move { ledger::entries(tx, from, limit).await }));
    Ok(job.await?)
}

/// Sealed entries from before this index, the newest first; without an index from the end.
pub async fn newest(cx: &Cx, before: Option<i64>, limit: usize) -> Result<Vec<Entry>, AppError> {
    cx.allow(Action::ListLedger, &Thing::Ledger)?;
    let job = cx.house.store.read(move |tx| {
        Box::pin(async move {
            let size = ledger::size(tx).await?;
            let end = before.map_or(size, |before| before.clamp(0, size));
            let from = (end - i64::try_from(limit).unwrap_or(i64::MAX)).max(0);
            let count = usize::try_from(end - from).unwrap_or(0);
            if count == 0 {
                return Ok(Vec::new());
            }
            let mut found = ledger::entries(tx, from, count).await?;
            found.reverse();
            Ok::<_, StoreError>(found)
        })
    });
    Ok(job.await?)
}

/// One sealed entry.
pub async fn show(cx: &Cx, index: i64) -> Result<Entry, AppError> {
    cx.allow(Action::ReadLedger, &Thing::Ledger)?;
    let job = cx.house.store.read(move |tx| Box::pin(async move { ledger::get(tx, index).await }));
    job.await?.ok_or_else(|| AppError::no("entry", index))
}

/// The latest signed checkpoint.
pub async fn checkpoint(cx: &Cx) -> Result<Checkpoint, AppError> {
    cx.allow(Action::ReadLedger, &Thing::Ledger)?;
    let job = cx.house.store.read(|tx| Box::pin(async move { ledger::latest_checkpoint(tx).await }));
    job.await?.ok_or_else(|| AppError::NotFound { what: "checkpoint yet".to_owned() })
}
