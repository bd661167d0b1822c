//! Seeing to tasks as time passes: reminders, runs that are stuck, and tasks that nobody needs any more.

use std::sync::Arc;

use tenure_ledger::Word;
use tenure_model::{Actor, HumanTask, NoticeKind};
use tenure_store::{Tx, tasks};

use super::withdraw::withdraw;
use super::{entry, stuck, tell};
use crate::cx::House;
use crate::error::AppError;
use crate::tickets::want;
use crate::{limits, record};

/// Sends the reminders that are due, asks for runs that are stuck and withdraws what no run needs any
/// more. Says how many tasks were seen to; fewer than [`limits::TASK_BATCH`] means that nothing is
/// left for now.
#[tracing::instrument(name = "app.tasks.tend", skip_all)]
pub async fn tend(house: &Arc<House>) -> Result<usize, AppError> {
    let now = house.clock.now();
    let look = house.store.read(move |tx| {
        Box::pin(async move {
            let late = tasks::to_remind(tx, now, limits::TASK_BATCH).await?;
            let left = tasks::left_behind(tx, limits::TASK_BATCH).await?;
            let moved = tasks::moved_on(tx, limits::TASK_BATCH).await?;
            Ok::<_, AppError>((late, left, moved))
        })
    });
    let (late, left, moved) = look.await?;
    let seen_to = late.len().max(left.len()).max(stuck::ask(house).await?);
    for task in left {
        put_away(house, task).await?;
    }
    for task in moved {
        // While another step of the run is under way, this one may be as stuck as before.
        if stuck::is_settled(house, &task).await? {
            put_away(house, task).await?;
        }
    }
    for task in late {
        remind(house, task).await?;
    }
    Ok(seen_to)
}

/// Withdraws it, unless it changed since it was looked at; then the next look sees to it.
async fn put_away(house: &Arc<House>, task: HumanTask) -> Result<(), AppError> {
    let own = Arc::clone(house);
    let job = house.store.write(move |tx: &mut Tx| {
        Box::pin(async move {
            if !is_as_seen(tx, &task).await? {
                return Ok(());
            }
            let why = "the run that asked for it went on or is over";
            withdraw(&own, tx, &Actor::system("tasks"), task, why).await?;
            Ok::<_, AppError>(())
        })
    });
    job.await
}

/// Reminds whom it is for, unless it changed since it was looked at.
async fn remind(house: &Arc<House>, task: HumanTask) -> Result<(), AppError> {
    let now = house.clock.now();
    let next = task.clone().reminded(task.due_at.filter(|due| *due > now));
    let kind = if next.remind_at.is_some() { NoticeKind::TaskDue } else { NoticeKind::TaskOverdue };
    let mut told = entry(house, &Actor::system("tasks"), kind.word(), &next);
    told.effect = Some(Word::or_hash(next.kind.word()));
    let own = Arc::clone(house);
    let job = house.store.write(move |tx: &mut Tx| {
        Box::pin(async move {
            if !is_as_seen(tx, &task).await? {
                return Ok(());
            }
            tasks::update(tx, &next).await?;
            tell(&own, tx, kind, &next).await?;
            if kind == NoticeKind::TaskOverdue {
                want::overdue(&own, tx, &next).await?;
            }
            record::write(tx, own.ids.as_ref(), &told).await?;
            Ok::<_, AppError>(())
        })
    });
    job.await
}

async fn is_as_seen(tx: &mut Tx, task: &HumanTask) -> Result<bool, AppError> {
    Ok(tasks::get(tx, task.id).await?.is_some_and(|found| found.version == task.version))
}
