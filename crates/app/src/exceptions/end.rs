//! Ending an exception before its time.

use std::sync::Arc;

use tenure_model::ExceptionId;
use tenure_policy::authz::{Action, Thing};
use tenure_store::exceptions;

use super::{Settled, align};
use crate::cx::Cx;
use crate::error::AppError;
use crate::record;

/// Ends an exception now. What it let in goes with the run that follows.
pub async fn end(cx: &Cx, exception: ExceptionId) -> Result<Settled, AppError> {
    cx.allow(Action::EndException, &Thing::Person(None))?;
    let (house, by, now) = (Arc::clone(&cx.house), cx.actor.name.clone(), cx.house.clock.now());
    let entry = record::entry(cx.house.clock.as_ref(), &cx.actor, "exception.ended").about(exception);
    let job = cx.house.store.write(move |tx| {
        Box::pin(async move {
            let found = exceptions::get(tx, exception).await?.ok_or_else(|| AppError::no("exception", exception))?;
            let ended = found.end(&by, now)?;
            exceptions::update(tx, &ended).await?;
            let runs = align(&house, tx, &ended, "exception.ended").await?;
            record::write(tx, house.ids.as_ref(), &entry.caused_by(ended.person)).await?;
            Ok::<_, AppError>(Settled { exception: ended, runs })
        })
    });
    let settled = job.await?;
    cx.house.nudge();
    Ok(settled)
}
