//! `POST /v1/runs/{run}/cancel`: stops a run. The body may be left out.

use axum::Json as Answer;
use axum::extract::State;
use tenure_api::{CancelIn, RunView};
use tenure_app::runs::tell::{Telling, tell};
use tenure_model::RunId;

use crate::http::v1::{Doors, runs};
use crate::http::{Caller, Json, Place, Refusal};

pub(crate) async fn handler(
    State(doors): State<Doors>,
    Caller(actor): Caller,
    Place(run): Place<RunId>,
    wish: Option<Json<CancelIn>>,
) -> Result<Answer<RunView>, Refusal> {
    let CancelIn { reason, undo } = wish.map(|Json(wish)| wish).unwrap_or_default();
    let reason = reason.unwrap_or_else(|| format!("asked for by {}", actor.name));
    let word = Telling::Cancel { reason, undo: undo.unwrap_or(true) };
    Ok(Answer(runs::view(tell(&doors.cx(actor), run, word).await?)))
}
