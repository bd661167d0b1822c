//! `POST /v1/drift/{drift}/accept`: leaves it as it is.

use axum::Json as Answer;
use axum::extract::State;
use tenure_api::{AcceptIn, DriftView};
use tenure_app::drift::accept::accept;
use tenure_model::DriftId;

use crate::http::v1::{Doors, drift};
use crate::http::{Caller, Json, Place, Refusal};

pub(crate) async fn handler(
    State(doors): State<Doors>,
    Caller(actor): Caller,
    Place(id): Place<DriftId>,
    Json(AcceptIn { reason }): Json<AcceptIn>,
) -> Result<Answer<DriftView>, Refusal> {
    Ok(Answer(drift::view(accept(&doors.cx(actor), id, reason).await?)))
}
