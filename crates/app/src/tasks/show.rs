//! One task, with what was said about it; and evidence that is kept here.

use tenure_model::{HumanTask, TaskEntryId, TaskId, TaskTicket};
use tenure_policy::authz::Action;
use tenure_store::tasks::{self, TaskEntry};
use tenure_store::tickets;

use super::find;
use crate::cx::Cx;
use crate::error::AppError;

/// A task, with what was said about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// The task.
    pub task: HumanTask,
    /// What was said and brought, in order.
    pub entries: Vec<TaskEntry>,
    /// Its tickets, in the order in which they were wanted.
    pub tickets: Vec<TaskTicket>,
    /// Whether whoever asks may end it.
    pub may_answer: bool,
}

/// Shows one task.
pub async fn show(cx: &Cx, task: TaskId) -> Result<Shown, AppError> {
    let own = cx.clone();
    let job = cx.house.store.read(move |tx| {
        Box::pin(async move {
            let task = find(&own, tx, task, Action::ReadTask).await?.task;
            let may_answer = find(&own, tx, task.id, Action::WorkTask).await.is_ok();
            let entries = tasks::entries(tx, task.id).await?;
            let tickets = tickets::of_task(tx, task.id).await?;
            Ok::<_, AppError>(Shown { task, entries, tickets, may_answer })
        })
    });
    job.await
}

/// Evidence that is kept here, with its bytes.
pub async fn evidence(cx: &Cx, task: TaskId, entry: TaskEntryId) -> Result<(TaskEntry, Vec<u8>), AppError> {
    let own = cx.clone();
    let job = cx.house.store.read(move |tx| {
        Box::pin(async move {
            find(&own, tx, task, Action::ReadTask).await?;
            tasks::evidence(tx, task, entry).await?.ok_or_else(|| AppError::no("evidence", entry))
        })
    });
    job.await
}
