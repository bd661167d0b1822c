//! What is open, the oldest first.

use tenure_model::{ConnectionName, Drift, DriftId, Person};
use tenure_policy::authz::{Action, Thing};
use tenure_store::{StoreError, Tx, drifts, people};

use crate::cx::Cx;
use crate::error::AppError;

/// A difference, with whose account it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown {
    /// The difference.
    pub drift: Drift,
    /// Whose.
    pub person: Option<Person>,
}

/// Open differences, perhaps only of a connection.
pub async fn list(
    cx: &Cx,
    connection: Option<ConnectionName>,
    after: Option<DriftId>,
    limit: usize,
) -> Result<Vec<Shown>, AppError> {
    cx.allow(Action::ListDrift, &Thing::Connection(connection.clone()))?;
    let job = cx.house.store.read(move |tx| {
        Box::pin(async move {
            let mut found = Vec::new();
            for drift in drifts::list_open(tx, connection.as_ref(), after, limit).await? {
                found.push(with_person(tx, drift).await?);
            }
            Ok(found)
        })
    });
    job.await.map_err(|error: StoreError| AppError::from(error))
}

/// One of them, open or not.
pub async fn show(cx: &Cx, drift: DriftId) -> Result<Shown, AppError> {
    let job = cx.house.store.read(move |tx| {
        Box::pin(async move {
            match drifts::get(tx, drift).await? {
                Some(found) => with_person(tx, found).await.map(Some),
                None => Ok(None),
            }
        })
    });
    let found = job.await.map_err(|error: StoreError| AppError::from(error))?;
    let place = found.as_ref().map(|shown| shown.drift.connection.clone());
    cx.allow(Action::ListDrift, &Thing::Connection(place))?;
    found.ok_or_else(|| AppError::no("drift", drift))
}

pub(super) async fn with_person(tx: &mut Tx, drift: Drift) -> Result<Shown, StoreError> {
    let person = match drift.person {
        Some(person) => people::get(tx, person).await?,
        None => None,
    };
    Ok(Shown { drift, person })
}
