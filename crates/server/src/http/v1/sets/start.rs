//! `POST /v1/sets/{set}/start`: starts the workflow for those of a set for whom it can begin.

use axum::Json as Answer;
use axum::extract::State;
use axum::http::StatusCode;
use tenure_api::{SetStartIn, SetView};
use tenure_app::sets::start::start;
use tenure_model::SetId;

use crate::http::v1::{Doors, sets};
use crate::http::{Caller, Json, Place, Refusal};

pub(crate) async fn handler(
    State(doors): State<Doors>,
    Caller(actor): Caller,
    Place(set): Place<SetId>,
    Json(SetStartIn { people, reason }): Json<SetStartIn>,
) -> Result<(StatusCode, Answer<SetView>), Refusal> {
    let shown = start(&doors.cx(actor), set, people, reason).await?;
    Ok((StatusCode::ACCEPTED, Answer(sets::shown(shown))))
}
