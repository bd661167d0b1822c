//! Durable runs.

pub(super) mod cancel;
pub(super) mod list;
pub(super) mod replay;
pub(super) mod retry;
pub(super) mod show;
pub(super) mod signal;
pub(super) mod skip;
pub(super) mod start;
pub(super) mod watch;

use tenure_api::RunView;
use tenure_engine::journal::RunRow;

/// Letters of a hash that tell two versions of a workflow apart.
const VERSION_LETTERS: usize = 12;

fn view(row: RunRow) -> RunView {
    let closed = row.status.is_closed();
    RunView {
        id: row.id,
        workflow: row.name,
        workflow_version: row.definition.chars().take(VERSION_LETTERS).collect(),
        status: row.status.word().to_owned(),
        reason: Some(row.note).filter(|note| !note.is_empty()),
        // The lane of a run about somebody is their id.
        person: row.lane.parse().ok(),
        event: None,
        started_at: row.started_at,
        changed_at: row.updated_at,
        ended_at: closed.then_some(row.updated_at),
    }
}
