//! `POST /v1/sets/{set}/cancel`: nobody of a set is begun any more; what was begun goes on.

use axum::Json as Answer;
use axum::extract::State;
use tenure_api::{SetCancelIn, SetView};
use tenure_app::sets::cancel::cancel;
use tenure_model::SetId;

use crate::http::v1::{Doors, sets};
use crate::http::{Caller, Json, Place, Refusal};

pub(crate) async fn handler(
    State(doors): State<Doors>,
    Caller(actor): Caller,
    Place(set): Place<SetId>,
    Json(SetCancelIn { reason }): Json<SetCancelIn>,
) -> Result<Answer<SetView>, Refusal> {
    Ok(Answer(sets::shown(cancel(&doors.cx(actor), set, reason).await?)))
}
