//! Ending the use of an account of nobody. It is not deleted, and everything on it is kept.

use tenure_ledger::Word;
use tenure_model::{ConnectionName, RunId};
use tenure_policy::authz::{Action, Thing};

use super::{check_reason, orphan};
use crate::cx::Cx;
use crate::error::AppError;
use crate::reconcile::act::end_use;
use crate::record;

/// Starts the run that disables it.
pub async fn disable(cx: &Cx, connection: ConnectionName, account: String, reason: String) -> Result<RunId, AppError> {
    cx.allow(Action::SettleDrift, &Thing::Connection(Some(connection.clone())))?;
    check_reason(&reason)?;
    let own = cx.clone();
    let job = cx.house.store.write(move |tx| {
        Box::pin(async move {
            let seen = orphan(tx, &connection, &account).await?;
            let house = &own.house;
            let run = end_use(tx, house.clock.as_ref(), house.ids.as_ref(), &seen).await?;
            let mut entry = record::entry(house.clock.as_ref(), &own.actor, "orphan.settled").about(run);
            entry.system = Some(connection);
            entry.run = Some(run);
            entry.decision = Some(Word::or_hash("disabling"));
            entry.effect = Some(Word::or_hash(&reason));
            record::write(tx, house.ids.as_ref(), &entry).await?;
            Ok::<_, AppError>(run)
        })
    });
    let run = job.await?;
    cx.house.nudge();
    Ok(run)
}
