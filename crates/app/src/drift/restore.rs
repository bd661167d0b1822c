//! Having a run make an account as it was decided.

use tenure_ledger::{DetailKey, Word};
use tenure_model::{DriftId, RunId};

use super::accept::open;
use crate::cx::Cx;
use crate::error::AppError;
use crate::reconcile::act::begin;
use crate::record;

/// Starts the run. It plans anew, under the brakes, and writes nothing that policy does not want.
pub async fn restore(cx: &Cx, drift: DriftId) -> Result<RunId, AppError> {
    let own = cx.clone();
    let job = cx.house.store.write(move |tx| {
        Box::pin(async move {
            let known = open(&own, tx, drift).await?;
            if known.person.is_none() {
                let reason = format!("account `{}` is nobody's; link it to a person first", known.account);
                return Err(AppError::Conflict(reason));
            }
            let house = &own.house;
            let (account, connection) = (known.account, known.connection.clone());
            let run = begin(tx, house.clock.as_ref(), house.ids.as_ref(), vec![known]).await?;
            let run = run.ok_or_else(|| AppError::no("drift", drift))?;
            let mut entry = record::entry(house.clock.as_ref(), &own.actor, "drift.settled").about(drift);
            entry.system = Some(connection);
            entry.run = Some(run);
            entry.decision = Some(Word::or_hash("restoring"));
            entry = entry.with(DetailKey::Account, account);
            record::write(tx, house.ids.as_ref(), &entry).await?;
            Ok::<_, AppError>(run)
        })
    });
    let run = job.await?;
    cx.house.nudge();
    Ok(run)
}
