//! Taking a task back that nobody needs any more: it was decided without it, its time is over, or
//! the run that asked for it is.
//!
//! No run is told: none waits for its end. Whoever was asked sees why; a ticket of it is closed.

use tenure_ledger::Word;
use tenure_model::{Actor, HumanTask};
use tenure_store::{Tx, tasks};

use super::entry;
use crate::cx::House;
use crate::error::AppError;
use crate::record;
use crate::tickets::want::let_go;

/// Withdraws it, with all that follows.
pub(crate) async fn withdraw(
    house: &House,
    tx: &mut Tx,
    actor: &Actor,
    task: HumanTask,
    why: &str,
) -> Result<HumanTask, AppError> {
    let over = task.withdrawn("tenure", house.clock.now(), why)?;
    tasks::update(tx, &over).await?;
    let_go(house, tx, &over).await?;
    let mut told = entry(house, actor, "task.withdrawn", &over);
    told.effect = Some(Word::or_hash(over.kind.word()));
    record::write(tx, house.ids.as_ref(), &told).await?;
    Ok(over)
}
