//! The runs that a run is a part of.

use tenure_engine::journal::{Parent, RunRow};
use tenure_model::RunId;
use tenure_store::{StoreError, Tx, runs};

/// The runs that this one is a part of, the nearest first, each with how it waits for the one below.
pub(crate) async fn above(tx: &mut Tx, run: &RunRow) -> Result<Vec<(Parent, RunRow)>, StoreError> {
    let (mut found, mut parent) = (Vec::new(), run.parent.clone());
    for _ in 0..tenure_flow::limits::DEPTH_MAX {
        let Some(waits) = parent.take() else { break };
        let Some(row) = runs::get(tx, waits.run).await? else { break };
        parent.clone_from(&row.parent);
        found.push((waits, row));
    }
    Ok(found)
}

/// The run that this one is a part of in the end, or the run itself.
pub(crate) async fn outermost(tx: &mut Tx, run: RunId) -> Result<Option<RunRow>, StoreError> {
    let Some(own) = runs::get(tx, run).await? else { return Ok(None) };
    Ok(above(tx, &own).await?.pop().map(|(_, row)| row).or(Some(own)))
}
