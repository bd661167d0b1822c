//! How much there is of what: for metrics, and cheap enough to be asked every few seconds.

use std::collections::BTreeMap;

use tenure_engine::journal::RunStatus;
use tenure_store::notices::Count;
use tenure_store::{StoreError, ledger, notices, runs};

use crate::cx::House;

/// How much there is of what.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Numbers {
    /// How many runs stand how.
    pub runs: BTreeMap<RunStatus, i64>,
    /// How many notices did not arrive, by channel.
    pub notices: Vec<Count>,
    /// How many entries the ledger has.
    pub entries: i64,
}

/// Counts. Reads tallies and ends of indexes, never whole tables.
pub async fn numbers(house: &House) -> Result<Numbers, StoreError> {
    let job = house.store.read(|tx| {
        Box::pin(async move {
            let notices = notices::count_undelivered(tx).await?;
            Ok(Numbers { runs: runs::counts_by_status(tx).await?, notices, entries: ledger::size(tx).await? })
        })
    });
    job.await
}
