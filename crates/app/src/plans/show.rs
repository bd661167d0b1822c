//! One plan, and what it comes to.

use tenure_model::PlanId;
use tenure_policy::authz::{Action, Thing};
use tenure_store::StoreError;
use tenure_store::plans::{self, PlanRow};

use crate::cx::Cx;
use crate::error::AppError;
use crate::plans::report::Report;

/// Shows one plan; the report once it is worked out.
pub async fn show(cx: &Cx, id: PlanId) -> Result<(PlanRow, Option<Report>), AppError> {
    cx.allow(Action::ReadPlan, &Thing::Plan)?;
    let job = cx.house.store.read(move |tx| Box::pin(async move { plans::get(tx, id).await }));
    let found =
        job.await.map_err(|error: StoreError| AppError::from(error))?.ok_or_else(|| AppError::no("plan", id))?;
    let report = found.report.as_deref().map(serde_json::from_str).transpose();
    Ok((found, report.map_err(|error| AppError::Corrupt(error.to_string()))?))
}
