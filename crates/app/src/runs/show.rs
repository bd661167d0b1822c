//! One run: where it stands, what it waits for and why, and what happened.

use tenure_engine::journal::{RecordRow, RunRow};
use tenure_flow::{Graph, RunState, Wait};
use tenure_model::RunId;
use tenure_policy::authz::{Action, Thing};
use tenure_store::{StoreError, journal, runs};

use super::replay::{fold, fold_on};
use crate::cx::Cx;
use crate::error::AppError;
use crate::limits::RECORDS_AT_ONCE;

/// A run as people see it.
#[derive(Debug, Clone)]
pub struct Shown {
    /// The row.
    pub row: RunRow,
    /// Everything that it waits for.
    pub waits: Vec<Wait>,
    /// What happened, the oldest first.
    pub records: Vec<RecordRow>,
    /// What the records come to.
    pub state: RunState,
}

/// Shows one run.
pub async fn show(cx: &Cx, run: RunId) -> Result<Shown, AppError> {
    cx.allow(Action::ReadRun, &Thing::Run(Some(run)))?;
    let found = cx.house.store.read(move |tx| {
        Box::pin(async move {
            let Some(row) = runs::get(tx, run).await? else { return Ok::<_, StoreError>(None) };
            let records = runs::records(tx, run, 0, RECORDS_AT_ONCE).await?;
            let body = journal::definition(tx, row.definition.clone()).await?;
            Ok(Some((row, records, body)))
        })
    });
    let (row, records, definition) = found.await?.ok_or_else(|| AppError::no("run", run))?;
    let mut state = RunState::default();
    for record in &records {
        fold(&mut state, record)?;
    }
    // What is not shown any more still says where it stands.
    let shown = records.last().map_or(0, |record| record.seq);
    fold_on(cx, run, &mut state, shown, row.seq).await?;
    let graph = definition.and_then(|definition| Graph::parse(&definition.body).ok());
    let waits = graph.map(|graph| tenure_flow::waits(&graph, &state)).unwrap_or_default();
    Ok(Shown { row, waits, records, state })
}
