//! `POST /v1/drift/{drift}/restore`: has a run make it as it was decided.

use axum::Json as Answer;
use axum::extract::State;
use axum::http::StatusCode;
use tenure_api::SettledView;
use tenure_app::drift::restore::restore;
use tenure_model::DriftId;

use crate::http::v1::Doors;
use crate::http::{Caller, Place, Refusal};

pub(crate) async fn handler(
    State(doors): State<Doors>,
    Caller(actor): Caller,
    Place(id): Place<DriftId>,
) -> Result<(StatusCode, Answer<SettledView>), Refusal> {
    let run = restore(&doors.cx(actor), id).await?;
    Ok((StatusCode::ACCEPTED, Answer(SettledView { person: None, account: None, runs: vec![run] })))
}
