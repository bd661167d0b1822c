//! `GET /v1/events/{event}`: one event and its answer.

use axum::Json as Answer;
use axum::extract::State;
use tenure_api::EventView;
use tenure_app::events::show::show;
use tenure_model::EventId;

use crate::http::v1::{Doors, events};
use crate::http::{Caller, Place, Refusal};

pub(crate) async fn handler(
    State(doors): State<Doors>,
    Caller(actor): Caller,
    Place(event): Place<EventId>,
) -> Result<Answer<EventView>, Refusal> {
    let (event, answer) = show(&doors.cx(actor), event).await?;
    Ok(Answer(EventView::of(&event, answer.map(events::answer))))
}
