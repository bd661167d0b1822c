//! Seeing to tasks as time passes: reminders, runs that are stuck, and tasks that nobody needs any more.

use std::sync::Arc;

use tenure_ledger::Word;
use tenure_model::{Actor, HumanTask, NoticeKind};
use tenure_store::{Tx, tasks};

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
        settle(house, task, Settling::Withdraw).await?;
    }
    for task in moved {
        // While another step of the run is under way, this one may be as stuck as before.
        if stuck::is_settled(house, &task).await? {
            settle(house, task, Settling::Withdraw).await?;
        }
    }
    for task in late {
        settle(house, task, Settling::Remind).await?;
    }
    Ok(seen_to)
}

/// What is done with a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Settling {
    Remind,
    Withdraw,
}

/// Does it, unless the task changed since it was looked at; then the next look sees to it.
async fn settle(house: &Arc<House>, task: HumanTask, settling: Settling) -> Result<(), AppError> {
    let actor = Actor::system("tasks");
    let (clock, ids) = (house.clock.now(), house.ids.clone());
    let next = match settling {
        Settling::Remind => {
            let due = task.due_at.filter(|due| *due > clock);
            task.clone().reminded(due)
        }
        Settling::Withdraw => {
            task.clone().withdrawn("tenure", clock, "the run that asked for it went on or is over")?
        }
    };
    let kind = match (settling, next.remind_at) {
        (Settling::Withdraw, _) => None,
        (Settling::Remind, Some(_)) => Some(NoticeKind::TaskDue),
        (Settling::Remind, None) => Some(NoticeKind::TaskOverdue),
    };
    let mut told = entry(house, &actor, kind.map_or("task.withdrawn", NoticeKind::word), &next);
    told.effect = Some(Word::or_hash(next.kind.word()));
    let own = Arc::clone(house);
    let job = house.store.write(move |tx: &mut Tx| {
        Box::pin(async move {
            match tasks::get(tx, next.id).await? {
                Some(found) if found.version + 1 == next.version => {}
                Some(_) | None => return Ok(()),
            }
            tasks::update(tx, &next).await?;
            if let Some(kind) = kind {
                tell(&own, tx, kind, &next).await?;
            }
            match kind {
                None => want::let_go(&own, tx, &next).await?,
                Some(NoticeKind::TaskOverdue) => want::overdue(&own, tx, &next).await?,
                Some(_) => {}
            }
            record::write(tx, ids.as_ref(), &told).await?;
            Ok::<_, AppError>(())
        })
    });
    job.await
}
