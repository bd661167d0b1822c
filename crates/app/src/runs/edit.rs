//! Trying a step that is stuck again, with something else than the workflow gave it.

use serde_json::Value as Json;
use tenure_engine::journal::RunRow;
use tenure_flow::Node;
use tenure_model::RunId;

use super::replay::replay;
use super::tell::{Telling, tell};
use crate::cx::Cx;
use crate::error::AppError;

/// Tells a run to try this step again with these parameters: a new effect with a key of its own.
pub async fn edit(cx: &Cx, run: RunId, node: String, with: Json, reason: String) -> Result<RunRow, AppError> {
    let now = replay(cx, run, None).await?;
    match now.state.nodes.get(&node) {
        None => Err(AppError::no("step that something happened to", &node)),
        Some(Node::Blocked { .. } | Node::Retrying { .. } | Node::UndoBlocked { .. } | Node::UndoRetrying { .. }) => {
            tell(cx, run, Telling::Edit { node, with, reason }).await
        }
        Some(_) => Err(AppError::Conflict(format!(
            "step `{node}` is not stuck; only what is blocked or waits to be tried again is tried with something else"
        ))),
    }
}
