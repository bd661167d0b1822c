//! `GET /v1/drift`: what somebody else changed, the oldest first.

use axum::Json as Answer;
use axum::extract::State;
use serde::Deserialize;
use tenure_api::{DriftView, Page};
use tenure_app::drift::list::list;
use tenure_model::ConnectionName;

use crate::http::v1::{Doors, drift};
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
) -> Result<Answer<Page<DriftView>>, Refusal> {
    let wanted = doors.wanted("drift", asked.after, asked.limit)?;
    let found = list(&doors.cx(actor), asked.connection, wanted.after, wanted.limit()).await?;
    Ok(Answer(wanted.page(found, |shown| shown.drift.id, drift::view)))
}
