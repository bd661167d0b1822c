//! Durable runs.

pub(super) mod cancel;
pub(super) mod edit;
pub(super) mod list;
pub(super) mod migrate;
pub(super) mod replay;
pub(super) mod retry;
pub(super) mod show;
pub(super) mod signal;
pub(super) mod skip;
pub(super) mod start;
pub(super) mod undo;
pub(super) mod watch;

use tenure_api::RunView;
use tenure_engine::journal::RunRow;
use tenure_flow::limits::VERSION_CHARS;

/// The letters of a hash that tell two versions of a workflow apart.
pub(super) fn version(definition: &str) -> String {
    definition.chars().take(VERSION_CHARS).collect()
}

fn view(row: RunRow) -> RunView {
    let closed = row.status.is_closed();
    RunView {
        id: row.id,
        workflow: row.name,
        workflow_version: version(&row.definition),
        status: row.status.word().to_owned(),
        reason: Some(row.note).filter(|note| !note.is_empty()),
        // The lane of a run about somebody is their id, or begins with it.
        person: row.lane.split('/').next().and_then(|person| person.parse().ok()),
        event: None,
        started_at: row.started_at,
        changed_at: row.updated_at,
        ended_at: closed.then_some(row.updated_at),
    }
}
