//! `POST /v1/runs/{run}/edit`: tries a step that is stuck again, with something else.

use axum::Json as Answer;
use axum::extract::State;
use tenure_api::{EditIn, RunView};
use tenure_app::runs::edit::edit;
use tenure_model::RunId;

use crate::http::v1::{Doors, runs};
use crate::http::{Caller, Json, Place, Refusal};

pub(crate) async fn handler(
    State(doors): State<Doors>,
    Caller(actor): Caller,
    Place(run): Place<RunId>,
    Json(EditIn { node, with, reason }): Json<EditIn>,
) -> Result<Answer<RunView>, Refusal> {
    Ok(Answer(runs::view(edit(&doors.cx(actor), run, node, with, reason).await?)))
}
