//! `GET /v1/ledger/checkpoint`: the newest signed statement of what the log holds.
//!
//! It is handed out only if the pinned key signed it: a checkpoint that nobody can verify would
//! look like evidence and be none.

use axum::Json as Answer;
use axum::extract::State;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tenure_api::{CheckpointView, Code};
use tenure_app::ledger::list::checkpoint;
use tenure_ledger::Checkpoint;

use crate::http::v1::Doors;
use crate::http::{Caller, Refusal};

pub(crate) async fn handler(
    State(doors): State<Doors>,
    Caller(actor): Caller,
) -> Result<Answer<CheckpointView>, Refusal> {
    let kept = checkpoint(&doors.cx(actor)).await?;
    let opened = Checkpoint::open(&kept.note, &doors.pinned).map_err(|error| {
        tracing::error!(error = &error as &dyn std::error::Error, size = kept.size, "a checkpoint is not signed by us");
        Refusal::new(Code::Internal)
    })?;
    Ok(Answer(CheckpointView {
        origin: opened.origin.to_string(),
        size: i64::try_from(opened.head.size).unwrap_or(i64::MAX),
        root_hash: STANDARD.encode(opened.head.root.as_bytes()),
        note: kept.note,
        at: kept.at,
    }))
}
