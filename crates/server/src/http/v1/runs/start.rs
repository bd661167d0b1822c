//! `POST /v1/runs`: starts a workflow by hand.

use axum::Json as Answer;
use axum::extract::State;
use axum::http::StatusCode;
use tenure_api::{FieldError, RunIn, RunStarted};
use tenure_app::runs::start::start;

use crate::http::v1::Doors;
use crate::http::{Caller, Json, Refusal};
use crate::limits::LANE_BYTES_MAX;

pub(crate) async fn handler(
    State(doors): State<Doors>,
    Caller(actor): Caller,
    Json(wish): Json<RunIn>,
) -> Result<(StatusCode, Answer<RunStarted>), Refusal> {
    if wish.lane.as_ref().is_some_and(|lane| lane.is_empty() || lane.len() > LANE_BYTES_MAX || lane.contains('\0')) {
        let reason = format!("a lane has 1 to {LANE_BYTES_MAX} bytes and no zero byte");
        return Err(Refusal::fields(vec![FieldError::new("/lane", reason)]));
    }
    let run = start(&doors.cx(actor), wish.workflow, wish.lane, wish.input).await?;
    Ok((StatusCode::ACCEPTED, Answer(RunStarted { run })))
}
