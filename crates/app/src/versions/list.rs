//! Which versions of the estate there were.

use tenure_policy::authz::{Action, Thing};
use tenure_store::StoreError;
use tenure_store::estates::{self, EstateVersion};

use crate::cx::Cx;
use crate::error::AppError;

/// Versions, the newest first, from before this one.
pub async fn list(cx: &Cx, before: Option<i64>, limit: usize) -> Result<Vec<EstateVersion>, AppError> {
    cx.allow(Action::ReadEstate, &Thing::Estate)?;
    let job = cx.house.store.read(move |tx| Box::pin(async move { estates::list(tx, before, limit).await }));
    job.await.map_err(|error: StoreError| error.into())
}
