//! `GET /v1/events`: what came in, newest first.

use axum::Json as Answer;
use axum::extract::State;
use serde::Deserialize;
use tenure_api::{EventView, Page};
use tenure_app::events::list::list;
use tenure_model::ConnectionName;

use crate::http::v1::{Doors, events};
use crate::http::{Caller, Query, Refusal};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    after: Option<String>,
    limit: Option<u32>,
    connection: Option<ConnectionName>,
}

pub(crate) async fn handler(
    State(doors): State<Doors>,
    Caller(actor): Caller,
    Query(asked): Query<Asked>,
) -> Result<Answer<Page<EventView>>, Refusal> {
    let wanted = doors.wanted("events", asked.after, asked.limit)?;
    let found = list(&doors.cx(actor), asked.connection, wanted.after, wanted.limit()).await?;
    let view = |(event, answer)| EventView::of(&event, Option::map(answer, events::answer));
    Ok(Answer(wanted.page(found, |(event, _)| event.id, view)))
}
