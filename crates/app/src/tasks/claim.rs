//! Taking a task in hand.

use std::sync::Arc;

use tenure_model::{HumanTask, TaskId};
use tenure_policy::authz::Action;
use tenure_store::tasks;

use super::stand_in::taken_over;
use super::{Found, entry_by, find};
use crate::cx::Cx;
use crate::error::AppError;
use crate::record;

/// Takes a task in hand. Whoever has it already keeps it; what another has is theirs,
/// but for those for whom whoever asks stands in, and those who stood in for them.
pub async fn claim(cx: &Cx, task: TaskId) -> Result<HumanTask, AppError> {
    let own = cx.clone();
    let job = cx.house.store.write(move |tx| {
        Box::pin(async move {
            let house = Arc::clone(&own.house);
            let Found { task: found, deputy } = find(&own, tx, task, Action::WorkTask).await?;
            let free = taken_over(&own, tx, found.clone(), deputy.as_ref()).await?;
            let claimed = free.claimed(&own.actor.name)?;
            if claimed != found {
                tasks::update(tx, &claimed).await?;
                let entry = entry_by(&own, "task.claimed", &claimed, deputy.as_ref());
                record::write(tx, house.ids.as_ref(), &entry).await?;
            }
            Ok::<_, AppError>(claimed)
        })
    });
    job.await
}
