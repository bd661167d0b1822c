//! How much there is of what: for metrics, and cheap enough to be asked every few seconds.

use std::collections::BTreeMap;

use tenure_engine::journal::RunStatus;
use tenure_store::{StoreError, ledger, runs};

use crate::cx::House;

/// How much there is of what.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Numbers {
    /// How many runs stand how.
    pub runs: BTreeMap<RunStatus, i64>,
    /// How many entries the ledger has.
    pub entries: i64,
}

/// Counts. Reads tallies and ends of indexes, never whole tables.
pub async fn numbers(house: &House) -> Result<Numbers, StoreError> {
    let job = house.store.read(|tx| {
        Box::pin(
            async move { Ok(Numbers { runs: runs::counts_by_status(tx).await?, entries: ledger::size(tx).await? }) },
        )
    });
    job.await
}
