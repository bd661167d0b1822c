//! What waits for an answer.

use tenure_model::CaseId;
use tenure_policy::authz::{Action, Thing};
use tenure_store::{StoreError, cases};

use crate::cases::show::{Shown, with_candidates};
use crate::cx::Cx;
use crate::error::AppError;

/// Open cases, the oldest first.
pub async fn list(cx: &Cx, after: Option<CaseId>, limit: usize) -> Result<Vec<Shown>, AppError> {
    cx.allow(Action::ListCases, &Thing::Case(None))?;
    let job = cx.house.store.read(move |tx| {
        Box::pin(async move {
            let mut shown = Vec::new();
            for case in cases::list_open(tx, after, limit).await? {
                shown.push(with_candidates(tx, case).await?);
            }
            Ok::<_, StoreError>(shown)
        })
    });
    Ok(job.await?)
}
