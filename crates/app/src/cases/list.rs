//! What waits for an answer.

use tenure_model::CaseId;
use tenure_policy::authz::{Action, Thing};
use tenure_store::cases::{self, Case};

use crate::cx::Cx;
use crate::error::AppError;

/// Open cases, the oldest first.
pub async fn list(cx: &Cx, after: Option<CaseId>, limit: usize) -> Result<Vec<Case>, AppError> {
    cx.allow(Action::ListCases, &Thing::Case(None))?;
    let job = cx.house.store.read(move |tx| Box::pin(async move { cases::list_open(tx, after, limit).await }));
    Ok(job.await?)
}
