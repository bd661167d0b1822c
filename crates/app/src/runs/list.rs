//! Runs, the newest first.

use tenure_engine::journal::RunRow;
use tenure_model::RunId;
use tenure_policy::authz::{Action, Thing};
use tenure_store::runs::{self, RunFilter};

use crate::cx::Cx;
use crate::error::AppError;

/// Runs that fit, from before the cursor.
pub async fn list(cx: &Cx, filter: RunFilter, before: Option<RunId>, limit: usize) -> Result<Vec<RunRow>, AppError> {
    cx.allow(Action::ListRuns, &Thing::Run(None))?;
    let job = cx.house.store.read(move |tx| Box::pin(async move { runs::list(tx, &filter, before, limit).await }));
    Ok(job.await?)
}
