//! What humans are asked to do: all of it for those who see to it, and otherwise one's own.

use tenure_model::{HumanTask, TaskId};
use tenure_policy::authz::{Action, Extent};
use tenure_store::tasks::{self, TaskFilter};

use super::own;
use crate::cx::Cx;
use crate::error::AppError;

/// Which tasks are wanted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Only one's own, also for those who may see all.
    pub mine: bool,
    /// Also those that are over.
    pub closed: bool,
}

/// Tasks, the oldest first.
pub async fn list(cx: &Cx, wanted: Wanted, after: Option<TaskId>, limit: usize) -> Result<Vec<HumanTask>, AppError> {
    let all = match cx.house.authz.extent(&cx.actor, Action::ListTasks) {
        Extent::Nothing => return Err(AppError::Forbidden { action: Action::ListTasks.word().to_owned() }),
        Extent::Everything => !wanted.mine,
        Extent::Own => false,
    };
    let asker = cx.clone();
    let job = cx.house.store.read(move |tx| {
        Box::pin(async move {
            let assignees = if all { None } else { Some(own(&asker, tx).await?) };
            let filter = TaskFilter { assignees, closed: wanted.closed };
            Ok::<_, AppError>(tasks::list(tx, &filter, after, limit).await?)
        })
    });
    job.await
}
