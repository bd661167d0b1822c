//! A run read again from its records, up to a moment: where it stood then, and whether all of them
//! come to what is kept of it.

use jiff::Timestamp;
use tenure_engine::Process as _;
use tenure_engine::journal::{RecordRow, RunRow, RunStatus};
use tenure_engine::message::facts_of;
use tenure_flow::{Graph, RunState, Wait};
use tenure_model::RunId;
use tenure_policy::authz::{Action, Thing};
use tenure_store::{StoreError, journal, runs};

use crate::cx::Cx;
use crate::error::AppError;
use crate::flows::Flows;
use crate::limits::RECORDS_AT_ONCE;

/// A run as it was after one of its records.
#[derive(Debug, Clone)]
pub struct Replayed {
    /// What is kept of it now.
    pub row: RunRow,
    /// The last record that was read, and when it was written; 0 before the first.
    pub through: (i64, Option<Timestamp>),
    /// Where it stood.
    pub status: RunStatus,
    /// Why, in words; empty if that needed no saying.
    pub note: String,
    /// What it goes by.
    pub graph: Graph,
    /// What it knew.
    pub state: RunState,
    /// What it waited for.
    pub waits: Vec<Wait>,
    /// How what is kept differs from what the records come to; nothing while records were left out.
    pub differs: Option<String>,
}

/// Reads it again, up to this record or to the last.
pub async fn replay(cx: &Cx, run: RunId, until: Option<i64>) -> Result<Replayed, AppError> {
    cx.allow(Action::ReadRun, &Thing::Run(Some(run)))?;
    let found = cx.house.store.read(move |tx| {
        Box::pin(async move {
            let Some(row) = runs::get(tx, run).await? else { return Ok::<_, StoreError>(None) };
            let body = journal::definition(tx, row.definition.clone()).await?;
            Ok(Some((row, body)))
        })
    });
    let (row, definition) = found.await?.ok_or_else(|| AppError::no("run", run))?;
    let definition = definition.ok_or_else(|| AppError::Corrupt(format!("the definition of run `{run}` is gone")))?;
    let graph = Graph::parse(&definition.body).map_err(|error| AppError::Corrupt(error.to_string()))?;
    // What is written while we read belongs to the next replay.
    let last = until.unwrap_or(row.seq).min(row.seq);
    let mut state = RunState::default();
    let read = fold_on(cx, run, &mut state, 0, last).await?;
    let summary = Flows.summary(&graph, &state);
    let begun = state != RunState::default();
    let (status, note) = if begun { (summary.status, summary.note) } else { (RunStatus::Queued, String::new()) };
    let through = read.as_ref().map_or((0, None), |record| (record.seq, Some(record.at)));
    let differs = (last == row.seq).then(|| difference(&row, through.0, status, &note)).flatten();
    let waits = tenure_flow::waits(&graph, &state);
    Ok(Replayed { row, through, status, note, graph, state, waits, differs })
}

/// Folds the records after this one and up to that one into a state, as recovery does. Gives the
/// last of them.
pub(super) async fn fold_on(
    cx: &Cx,
    run: RunId,
    state: &mut RunState,
    mut after: i64,
    until: i64,
) -> Result<Option<RecordRow>, AppError> {
    let mut last = None;
    while after < until {
        let job = cx
            .house
            .store
            .read(move |tx| Box::pin(async move { runs::records(tx, run, after, RECORDS_AT_ONCE).await }));
        let records = job.await.map_err(|error: StoreError| AppError::from(error))?;
        let Some(newest) = records.last() else { break };
        after = newest.seq;
        for record in records.into_iter().filter(|record| record.seq <= until) {
            fold(state, &record)?;
            last = Some(record);
        }
    }
    Ok(last)
}

/// Folds one record into a state.
pub(super) fn fold(state: &mut RunState, record: &RecordRow) -> Result<(), AppError> {
    facts_of(&record.body).map_or(Ok(()), |facts| Flows.fold(state, &facts).map_err(AppError::Corrupt))
}

fn difference(row: &RunRow, through: i64, status: RunStatus, note: &str) -> Option<String> {
    if through != row.seq {
        return Some(format!("{} records are counted, and {through} are there", row.seq));
    }
    if status != row.status {
        return Some(format!("the records come to {}, and {} is kept", status.word(), row.status.word()));
    }
    (note != row.note).then(|| format!("the records come to `{note}`, and `{}` is kept", row.note))
}
