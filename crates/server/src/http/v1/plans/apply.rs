//! `POST /v1/plans/{plan}/apply`: puts a plan into force, if nothing that it rests on moved.

use axum::Json as Answer;
use axum::extract::State;
use axum::http::StatusCode;
use tenure_api::{ApplyIn, SetPlanView};
use tenure_app::plans::apply::apply;
use tenure_model::PlanId;

use crate::http::v1::{Doors, plans};
use crate::http::{Caller, Json, Place, Refusal};

pub(crate) async fn handler(
    State(doors): State<Doors>,
    Caller(actor): Caller,
    Place(plan): Place<PlanId>,
    Json(ApplyIn { reason }): Json<ApplyIn>,
) -> Result<(StatusCode, Answer<SetPlanView>), Refusal> {
    let row = apply(&doors.cx(actor), plan, reason).await?;
    Ok((StatusCode::ACCEPTED, Answer(plans::view(row, None))))
}
