//! `GET /v1/plans/{plan}`: one plan, and what it comes to.

use axum::Json as Answer;
use axum::extract::State;
use tenure_api::SetPlanView;
use tenure_app::plans::show::show;
use tenure_model::PlanId;

use crate::http::v1::{Doors, plans};
use crate::http::{Caller, Place, Refusal};

pub(crate) async fn handler(
    State(doors): State<Doors>,
    Caller(actor): Caller,
    Place(plan): Place<PlanId>,
) -> Result<Answer<SetPlanView>, Refusal> {
    let (row, report) = show(&doors.cx(actor), plan).await?;
    Ok(Answer(plans::view(row, report)))
}
