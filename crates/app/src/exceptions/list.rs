//! Who was let off which rule.

use tenure_model::{Exception, ExceptionId};
use tenure_policy::authz::{Action, Thing};
use tenure_store::exceptions;

use crate::cx::Cx;
use crate::error::AppError;

/// Every exception there ever was, the oldest first.
pub async fn list(cx: &Cx, after: Option<ExceptionId>, limit: usize) -> Result<Vec<Exception>, AppError> {
    cx.allow(Action::ListExceptions, &Thing::Person(None))?;
    let job = cx
        .house
        .store
        .read(move |tx| Box::pin(async move { exceptions::list(tx, after, limit).await.map_err(AppError::from) }));
    job.await
}
