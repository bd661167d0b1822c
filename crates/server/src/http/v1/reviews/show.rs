//! `GET /v1/reviews/{workflow}`: one campaign of reviews: how far it is, and what became of it.

use axum::Json as Answer;
use axum::extract::State;
use jiff::Timestamp;
use serde::Deserialize;
use tenure_api::ReviewView;
use tenure_app::reviews::show::show;
use tenure_model::Name;

use crate::http::v1::{Doors, reviews};
use crate::http::{Caller, Place, Query, Refusal};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    since: Option<Timestamp>,
}

pub(crate) async fn handler(
    State(doors): State<Doors>,
    Caller(actor): Caller,
    Place(workflow): Place<Name>,
    Query(asked): Query<Asked>,
) -> Result<Answer<ReviewView>, Refusal> {
    Ok(Answer(reviews::view(show(&doors.cx(actor), workflow, asked.since).await?)))
}
