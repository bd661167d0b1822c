//! `POST /v1/connections/{connection}/events`: takes a fact from a source, once.

use axum::Json as Answer;
use axum::extract::State;
use axum::http::StatusCode;
use tenure_api::{EventAnswer, EventIn, Problem};
use tenure_app::events::accept::{Told, accept_told};
use tenure_app::events::source::person_key;
use tenure_model::ConnectionName;

use crate::http::v1::{Doors, events};
use crate::http::{Caller, Json, Place, Refusal};

#[tracing::instrument(name = "server.http.v1.connections.post_event", skip_all)]
pub(crate) async fn handler(
    State(doors): State<Doors>,
    Caller(actor): Caller,
    Place(connection): Place<ConnectionName>,
    Json(event): Json<EventIn>,
) -> Result<(StatusCode, Answer<EventAnswer>), Refusal> {
    let cx = doors.cx(actor);
    let key = person_key(&cx, &connection)?;
    let parts = event.parts(&key).map_err(|bad| Refusal::from(Problem::from(bad)))?;
    let told = Told { as_of: parts.as_of, sequence: parts.sequence, engagement: parts.engagement, also: Vec::new() };
    let accepted = accept_told(&cx, connection, parts.external_id, parts.subject, parts.kind, told).await?;
    let status = if accepted.repeated { StatusCode::OK } else { StatusCode::ACCEPTED };
    Ok((status, Answer(events::answer(accepted))))
}
