//! `POST /v1/held/{held}/approve`: says yes to what a brake holds, and to no more than that.

use axum::Json as Answer;
use axum::extract::State;
use tenure_api::{ApproveIn, HeldView};
use tenure_app::brakes::decide::{Said, decide};
use tenure_model::HeldId;

use crate::http::v1::{Doors, held};
use crate::http::{Caller, Json, Place, Refusal};

pub(crate) async fn handler(
    State(doors): State<Doors>,
    Caller(actor): Caller,
    Place(id): Place<HeldId>,
    Json(ApproveIn { removals, reason }): Json<ApproveIn>,
) -> Result<Answer<HeldView>, Refusal> {
    let said = Said { yes: true, size: removals, reason };
    Ok(Answer(held::view(decide(&doors.cx(actor), id, said).await?)))
}
