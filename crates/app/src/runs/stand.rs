//! Where a run stands, and nothing else: for whoever looks often.

use tenure_engine::journal::RunRow;
use tenure_model::RunId;
use tenure_policy::authz::{Action, Thing};
use tenure_store::{StoreError, runs};

use crate::cx::Cx;
use crate::error::AppError;

/// Where a run stands.
pub async fn stand(cx: &Cx, run: RunId) -> Result<RunRow, AppError> {
    cx.allow(Action::ReadRun, &Thing::Run(Some(run)))?;
    let found = cx.house.store.read(move |tx| Box::pin(async move { runs::get(tx, run).await }));
    found.await.map_err(|error: StoreError| AppError::from(error))?.ok_or_else(|| AppError::no("run", run))
}
