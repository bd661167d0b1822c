//! `POST /v1/held/{held}/refuse`: says no to what a brake holds; people keep what they have.

use axum::Json as Answer;
use axum::extract::State;
use tenure_api::{HeldView, RefuseIn};
use tenure_app::brakes::decide::{Said, decide};
use tenure_model::HeldId;

use crate::http::v1::{Doors, held};
use crate::http::{Caller, Json, Place, Refusal};

pub(crate) async fn handler(
    State(doors): State<Doors>,
    Caller(actor): Caller,
    Place(id): Place<HeldId>,
    Json(RefuseIn { reason }): Json<RefuseIn>,
) -> Result<Answer<HeldView>, Refusal> {
    let said = Said { yes: false, size: 0, reason };
    Ok(Answer(held::view(decide(&doors.cx(actor), id, said).await?)))
}
