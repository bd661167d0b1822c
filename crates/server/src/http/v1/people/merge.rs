//! `POST /v1/people/{person}/merge`: says that two people are one.

use axum::Json as Answer;
use axum::extract::State;
use tenure_api::{MergeIn, MergeView};
use tenure_app::merges::merge::merge;

use crate::http::v1::{Doors, merges};
use crate::http::{Caller, Json, Place, Refusal};

pub(crate) async fn handler(
    State(doors): State<Doors>,
    Caller(actor): Caller,
    Place(person): Place<String>,
    Json(wish): Json<MergeIn>,
) -> Result<Answer<MergeView>, Refusal> {
    Ok(Answer(merges::done(merge(&doors.cx(actor), person, wish.other, wish.reason).await?)))
}
