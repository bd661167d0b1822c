//! `GET /v1/drift/{drift}`: what somebody else changed on an account.

use axum::Json as Answer;
use axum::extract::State;
use tenure_api::DriftView;
use tenure_app::drift::list::show;
use tenure_model::DriftId;

use crate::http::v1::{Doors, drift};
use crate::http::{Caller, Place, Refusal};

pub(crate) async fn handler(
    State(doors): State<Doors>,
    Caller(actor): Caller,
    Place(id): Place<DriftId>,
) -> Result<Answer<DriftView>, Refusal> {
    Ok(Answer(drift::view(show(&doors.cx(actor), id).await?)))
}
