//! Sealing: drafts get their place in the log, and the head is signed.
//!
//! One sealer works at a time; the unique index of an entry's place makes a second one fail
//! instead of forking the log.

use std::sync::Arc;

use tenure_ledger::{Checkpoint, Frontier, Hash, Origin, SigningKey, leaf_hash};
use tenure_store::ledger;
use tenure_store::{StoreError, Tx};

use crate::cx::House;
use crate::error::AppError;
use crate::limits;

/// Who seals: a key, and the right edge of the log as far as this process has seen it.
#[derive(Debug)]
pub struct Sealer {
    key: Arc<SigningKey>,
    origin: Origin,
    frontier: Frontier,
}

impl Sealer {
    /// A sealer for this log; the log is read when it first seals.
    pub fn new(key: Arc<SigningKey>, origin: Origin) -> Self {
        Self { key, origin, frontier: Frontier::default() }
    }

    /// Seals what waits. Says how many entries that were.
    #[tracing::instrument(name = "app.ledger.seal", skip_all)]
    pub async fn seal(&mut self, house: &House) -> Result<usize, AppError> {
        self.catch_up(house).await?;
        let (key, origin, frontier) = (Arc::clone(&self.key), self.origin.clone(), self.frontier.clone());
        let now = house.clock.now();
        let sealed = house
            .store
            .write(move |tx| Box::pin(async move { seal_batch(tx, &key, &origin, frontier, now).await }))
            .await;
        match sealed {
            Ok((frontier, count)) => {
                self.frontier = frontier;
                Ok(count)
            }
            Err(error) => {
                // Somebody else may have sealed meanwhile: the next round reads the log anew.
                self.frontier = Frontier::default();
                Err(error)
            }
        }
    }

    async fn catch_up(&mut self, house: &House) -> Result<(), AppError> {
        loop {
            let from = i64::try_from(self.frontier.size()).unwrap_or(i64::MAX);
            let hashes = house
                .store
                .read(move |tx| Box::pin(async move { ledger::leaf_hashes(tx, from, limits::PAGE_MAX).await }))
                .await
                .map_err(|error: StoreError| AppError::from(error))?;
            if hashes.is_empty() {
                return Ok(());
            }
            for hash in hashes {
                self.frontier.append(Hash::from_bytes(hash));
            }
        }
    }
}

async fn seal_batch(
    tx: &mut Tx,
    key: &SigningKey,
    origin: &Origin,
    mut frontier: Frontier,
    now: jiff::Timestamp,
) -> Result<(Frontier, usize), AppError> {
    let drafts = ledger::unsealed(tx, limits::SEAL_BATCH).await?;
    if drafts.is_empty() {
        return Ok((frontier, 0));
    }
    let from = i64::try_from(frontier.size()).unwrap_or(i64::MAX);
    let mut sealed = Vec::with_capacity(drafts.len());
    for draft in &drafts {
        let leaf = leaf_hash(draft.body.as_bytes());
        frontier.append(leaf);
        sealed.push((draft.id, *leaf.as_bytes()));
    }
    ledger::seal(tx, from, &sealed).await?;
    let head = frontier.head();
    let note =
        Checkpoint { origin: origin.clone(), head }.sign(key).map_err(|error| AppError::Corrupt(error.to_string()))?;
    let size = i64::try_from(head.size).unwrap_or(i64::MAX);
    ledger::insert_checkpoint(tx, &ledger::Checkpoint { size, root: *head.root.as_bytes(), at: now, note }).await?;
    Ok((frontier, drafts.len()))
}
