//! `POST /v1/runs/{run}/skip`: lets a run go on without a blocked step.

use axum::Json as Answer;
use axum::extract::State;
use tenure_api::{RunView, SkipIn};
use tenure_app::runs::tell::{Telling, tell};
use tenure_model::RunId;

use crate::http::v1::{Doors, runs};
use crate::http::{Caller, Json, Place, Refusal};

pub(crate) async fn handler(
    State(doors): State<Doors>,
    Caller(actor): Caller,
    Place(run): Place<RunId>,
    Json(SkipIn { node, outcome, reason }): Json<SkipIn>,
) -> Result<Answer<RunView>, Refusal> {
    let word = Telling::Skip { node, outcome, reason };
    Ok(Answer(runs::view(tell(&doors.cx(actor), run, word).await?)))
}
