//! `POST /v1/deputies`: says that somebody stands in for somebody else for a time.

use axum::Json as Answer;
use axum::extract::State;
use axum::http::StatusCode;
use tenure_api::{DeputyIn, DeputyView};
use tenure_app::deputies::add::{Adding, add};

use crate::http::v1::Doors;
use crate::http::{Caller, Json, Refusal};

pub(crate) async fn handler(
    State(doors): State<Doors>,
    Caller(actor): Caller,
    Json(DeputyIn { whom, deputy: name, from, until, reason }): Json<DeputyIn>,
) -> Result<(StatusCode, Answer<DeputyView>), Refusal> {
    let added = add(&doors.cx(actor), Adding { whom, name, from, until, reason }).await?;
    Ok((StatusCode::CREATED, Answer(DeputyView::of(added, doors.house.clock.now()))))
}
