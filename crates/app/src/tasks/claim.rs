//! Taking a task in hand.

use std::sync::Arc;

use tenure_model::{HumanTask, TaskId};
use tenure_policy::authz::Action;
use tenure_store::tasks;

use super::{entry, find};
use crate::cx::Cx;
use crate::error::AppError;
use crate::record;

/// Takes a task in hand. Whoever has it already keeps it; what another has is theirs.
pub async fn claim(cx: &Cx, task: TaskId) -> Result<HumanTask, AppError> {
    let own = cx.clone();
    let job = cx.house.store.write(move |tx| {
        Box::pin(async move {
            let house = Arc::clone(&own.house);
            let found = find(&own, tx, task, Action::WorkTask).await?;
            let claimed = found.clone().claimed(&own.actor.name)?;
            if claimed != found {
                tasks::update(tx, &claimed).await?;
                let entry = entry(&house, &own.actor, "task.claimed", &claimed);
                record::write(tx, house.ids.as_ref(), &entry).await?;
            }
            Ok::<_, AppError>(claimed)
        })
    });
    job.await
}
