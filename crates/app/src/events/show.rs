//! One event, with what it was answered.

use tenure_model::{Event, EventId};
use tenure_policy::authz::{Action, Thing};
use tenure_store::{StoreError, events};

use crate::cx::Cx;
use crate::error::AppError;
use crate::events::accept::Accepted;

/// Shows one event.
pub async fn show(cx: &Cx, event: EventId) -> Result<(Event, Option<Accepted>), AppError> {
    cx.allow(Action::ListEvents, &Thing::Event(None))?;
    let found = cx.house.store.read(move |tx| Box::pin(async move { events::get(tx, event).await }));
    let found = found.await.map_err(|error: StoreError| AppError::from(error))?;
    let (event, answer) = found.ok_or_else(|| AppError::no("event", event))?;
    Ok((event, answer.and_then(|text| serde_json::from_str(&text).ok())))
}
