//! Who stands in for whom: all of it for those who see to it, and otherwise one's own.

use tenure_model::{Deputy, DeputyId};
use tenure_policy::authz::{Action, Extent};
use tenure_store::deputies::{self, DeputyFilter};

use crate::cx::Cx;
use crate::error::AppError;

/// Which are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Only those who stand in for this one.
    pub whom: Option<String>,
    /// Only those of whom whoever asks is either side, also for those who may see all.
    pub mine: bool,
}

/// Deputies, the oldest first; those that are over too.
pub async fn list(cx: &Cx, wanted: Wanted, after: Option<DeputyId>, limit: usize) -> Result<Vec<Deputy>, AppError> {
    let either = match cx.house.authz.extent(&cx.actor, Action::ListDeputies) {
        Extent::Nothing => return Err(AppError::Forbidden { action: Action::ListDeputies.word().to_owned() }),
        Extent::Everything if !wanted.mine => None,
        Extent::Own | Extent::Everything => Some(cx.actor.name.clone()),
    };
    let filter = DeputyFilter { whom: wanted.whom, either };
    let job = cx.house.store.read(move |tx| {
        Box::pin(async move { deputies::list(tx, &filter, after, limit).await.map_err(AppError::from) })
    });
    job.await
}
