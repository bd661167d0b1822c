//! `POST /v1/runs/{run}/retry`: lets a blocked run try again.

use axum::Json as Answer;
use axum::extract::State;
use tenure_api::RunView;
use tenure_app::runs::tell::{Telling, tell};
use tenure_model::RunId;

use crate::http::v1::{Doors, runs};
use crate::http::{Caller, Place, Refusal};

pub(crate) async fn handler(
    State(doors): State<Doors>,
    Caller(actor): Caller,
    Place(run): Place<RunId>,
) -> Result<Answer<RunView>, Refusal> {
    Ok(Answer(runs::view(tell(&doors.cx(actor), run, Telling::Retry).await?)))
}
