//! What came in, the newest first.

use tenure_model::{ConnectionName, Event, EventId};
use tenure_policy::authz::{Action, Thing};
use tenure_store::events;

use crate::cx::Cx;
use crate::error::AppError;
use crate::events::accept::Accepted;

/// Events with what they were answered.
pub async fn list(
    cx: &Cx,
    connection: Option<ConnectionName>,
    before: Option<EventId>,
    limit: usize,
) -> Result<Vec<(Event, Option<Accepted>)>, AppError> {
    cx.allow(Action::ListEvents, &Thing::Event(connection.clone()))?;
    let rows = cx
        .house
        .store
        .read(move |tx| Box::pin(async move { events::list(tx, connection.as_ref(), before, limit).await }))
        .await
        .map_err(|error: tenure_store::StoreError| AppError::from(error))?;
    Ok(rows
        .into_iter()
        .map(|(event, answer)| (event, answer.and_then(|text| serde_json::from_str(&text).ok())))
        .collect())
}
