//! `GET /v1/held/{held}`: one held set: why, how much, and what was said of it.

use axum::Json as Answer;
use axum::extract::State;
use tenure_api::HeldView;
use tenure_app::brakes::show::show;
use tenure_model::HeldId;

use crate::http::v1::{Doors, held};
use crate::http::{Caller, Place, Refusal};

pub(crate) async fn handler(
    State(doors): State<Doors>,
    Caller(actor): Caller,
    Place(id): Place<HeldId>,
) -> Result<Answer<HeldView>, Refusal> {
    Ok(Answer(held::view(show(&doors.cx(actor), id).await?)))
}
