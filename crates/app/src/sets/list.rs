//! Sets, the newest first.

use tenure_model::SetId;
use tenure_policy::authz::{Action, Thing};
use tenure_store::sets::{self, SetRow};

use crate::cx::Cx;
use crate::error::AppError;

/// Sets, from before the cursor.
pub async fn list(cx: &Cx, before: Option<SetId>, limit: usize) -> Result<Vec<SetRow>, AppError> {
    cx.allow(Action::ListRuns, &Thing::Run(None))?;
    let job = cx.house.store.read(move |tx| Box::pin(async move { sets::list(tx, before, limit).await }));
    Ok(job.await?)
}
