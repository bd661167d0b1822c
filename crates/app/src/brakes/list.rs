//! What the brakes hold, and held.

use tenure_model::HeldId;
use tenure_policy::authz::{Action, Thing};
use tenure_store::StoreError;
use tenure_store::removals::{self, HeldState};

use super::show::{Shown, whole};
use crate::cx::Cx;
use crate::error::AppError;

/// Sets, the newest first, from before the cursor, perhaps only those that stand so.
pub async fn list(
    cx: &Cx,
    state: Option<HeldState>,
    before: Option<HeldId>,
    limit: usize,
) -> Result<Vec<Shown>, AppError> {
    cx.allow(Action::ReadHeld, &Thing::Held)?;
    let job = cx.house.store.read(move |tx| {
        Box::pin(async move {
            let mut shown = Vec::new();
            for set in removals::sets(tx, state, before, limit).await? {
                shown.push(whole(tx, set).await?);
            }
            Ok::<_, StoreError>(shown)
        })
    });
    Ok(job.await?)
}
