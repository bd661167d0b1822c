//! Asking for a reading as soon as may be.

use tenure_model::ConnectionName;
use tenure_policy::authz::{Action, Thing};
use tenure_store::{StoreError, readings};

use crate::cx::Cx;
use crate::error::AppError;
use crate::reconcile::show::{self, Shown};

/// Asks for one. Whoever looks after readings sees it within a second.
pub async fn ask(cx: &Cx, connection: &ConnectionName) -> Result<Shown, AppError> {
    cx.allow(Action::Reconcile, &Thing::Connection(Some(connection.clone())))?;
    let estate = cx.house.estate();
    let known = estate.connections.get(connection).ok_or_else(|| AppError::no("connection", connection))?;
    if !known.is_target || cx.house.connector(connection).is_none() {
        let reason = format!("connection `{connection}` has no accounts to read; it only delivers facts");
        return Err(AppError::Conflict(reason));
    }
    let (name, now) = (connection.clone(), cx.house.clock.now());
    let job = cx.house.store.write(move |tx| {
        Box::pin(async move {
            readings::ask(tx, &name, now).await?;
            readings::get(tx, &name).await
        })
    });
    let reading = job.await.map_err(|error: StoreError| AppError::from(error))?;
    Ok(show::shown(&cx.house, connection.clone(), reading))
}
