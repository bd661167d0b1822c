//! Leaving a difference as it is: from now on this is how the account was.

use tenure_ledger::{DetailKey, Word};
use tenure_model::{Closing, Drift, DriftId};
use tenure_policy::authz::{Action, Thing};
use tenure_store::{Tx, drifts};

use super::list::{Shown, with_person};
use crate::cx::Cx;
use crate::drift::check_reason;
use crate::error::AppError;
use crate::record;

/// Accepts it, for a reason. Nothing is written to the system.
pub async fn accept(cx: &Cx, drift: DriftId, reason: String) -> Result<Shown, AppError> {
    check_reason(&reason)?;
    let own = cx.clone();
    let job = cx.house.store.write(move |tx| {
        Box::pin(async move {
            let known = open(&own, tx, drift).await?;
            let now = own.house.clock.now();
            let closed =
                known.closed(Closing { at: now, by: own.actor.name.clone(), why: format!("accepted: {reason}") });
            drifts::update(tx, &closed).await?;
            let mut entry = record::entry(own.house.clock.as_ref(), &own.actor, "drift.settled").about(drift);
            entry.system = Some(closed.connection.clone());
            entry.decision = Some(Word::or_hash("accepted"));
            entry = entry.with(DetailKey::Account, closed.account);
            record::write(tx, own.house.ids.as_ref(), &entry).await?;
            Ok::<_, AppError>(with_person(tx, closed).await?)
        })
    });
    job.await
}

/// The drift, if it is still open and whoever asks may settle it.
pub(super) async fn open(cx: &Cx, tx: &mut Tx, id: DriftId) -> Result<Drift, AppError> {
    let found = drifts::get(tx, id).await?;
    cx.allow(Action::SettleDrift, &Thing::Connection(found.as_ref().map(|drift| drift.connection.clone())))?;
    let known = found.ok_or_else(|| AppError::no("drift", id))?;
    match &known.closing {
        None => Ok(known),
        Some(closing) => Err(AppError::Conflict(format!("drift `{id}` is settled already: {}", closing.why))),
    }
}
