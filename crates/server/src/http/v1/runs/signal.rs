//! `POST /v1/runs/{run}/signal`: gives a run the answer that it waits for.

use axum::Json as Answer;
use axum::extract::State;
use tenure_api::{FieldError, RunView, SignalIn};
use tenure_app::runs::tell::{Telling, tell};
use tenure_model::RunId;

use crate::http::v1::{Doors, runs};
use crate::http::{Caller, Json, Place, Refusal};
use crate::limits::SIGNAL_NAME_BYTES_MAX;

pub(crate) async fn handler(
    State(doors): State<Doors>,
    Caller(actor): Caller,
    Place(run): Place<RunId>,
    Json(SignalIn { name, body }): Json<SignalIn>,
) -> Result<Answer<RunView>, Refusal> {
    if name.trim().is_empty() || name.len() > SIGNAL_NAME_BYTES_MAX || name.chars().any(char::is_control) {
        let reason = format!("a name has 1 to {SIGNAL_NAME_BYTES_MAX} bytes and no control characters");
        return Err(Refusal::fields(vec![FieldError::new("/name", reason)]));
    }
    Ok(Answer(runs::view(tell(&doors.cx(actor), run, Telling::Signal { name, body }).await?)))
}
