//! Which plans there are.

use tenure_model::PlanId;
use tenure_policy::authz::{Action, Thing};
use tenure_store::StoreError;
use tenure_store::plans::{self, PlanRow};

use crate::cx::Cx;
use crate::error::AppError;

/// Plans, the newest first, from before the cursor.
pub async fn list(cx: &Cx, before: Option<PlanId>, limit: usize) -> Result<Vec<PlanRow>, AppError> {
    cx.allow(Action::ReadPlan, &Thing::Plan)?;
    let job = cx.house.store.read(move |tx| Box::pin(async move { plans::list(tx, before, limit).await }));
    job.await.map_err(|error: StoreError| error.into())
}
