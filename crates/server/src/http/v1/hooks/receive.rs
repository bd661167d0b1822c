//! `POST /v1/hooks/{connection}`: takes a signed webhook as a fact of its connection, once.
//!
//! Nobody without a key learns anything here: a connection that is not there, one that takes no
//! webhooks, and a wrong signature get the same answer after the same work.

use axum::Json as Answer;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use tenure_api::{Code, Problem};
use tenure_app::events::accept::{Told, accept_told};
use tenure_app::events::source::person_key;
use tenure_model::{Actor, ConnectionName};
use tenure_services::hook::Signed;

use crate::hooks::Mapped;
use crate::http::v1::{Doors, events};
use crate::http::{Place, Raw, Refusal};

#[tracing::instrument(name = "server.http.v1.hooks.receive", skip_all)]
pub(crate) async fn handler(
    State(doors): State<Doors>,
    Place(name): Place<String>,
    headers: HeaderMap,
    Raw(body): Raw,
) -> Result<Response, Refusal> {
    let one = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let signed =
        Signed { id: one("webhook-id"), timestamp: one("webhook-timestamp"), signatures: one("webhook-signature") };
    let known = doors.for_doors();
    let hook = known.as_ref().and_then(|known| known.hooks.believed(&name, &signed, &body, doors.house.clock.now()));
    let (hook, connection) =
        hook.zip(name.parse::<ConnectionName>().ok()).ok_or_else(|| Refusal::new(Code::NotSigned))?;
    let cx = doors.cx(Actor::system("webhook"));
    let key = person_key(&cx, &connection)?;
    let event = match hook.event(signed.id, &key, &body).map_err(|problem| Refusal::from(*problem))? {
        Mapped::Event(event) => event,
        Mapped::Ignored => return Ok(StatusCode::NO_CONTENT.into_response()),
    };
    let parts = event.parts(&key).map_err(|bad| Refusal::from(Problem::from(bad)))?;
    let told = Told { as_of: parts.as_of, sequence: parts.sequence, engagement: parts.engagement, also: Vec::new() };
    let accepted = accept_told(&cx, connection, parts.external_id, parts.subject, parts.kind, told).await?;
    let status = if accepted.repeated { StatusCode::OK } else { StatusCode::ACCEPTED };
    Ok((status, Answer(events::answer(accepted))).into_response())
}
