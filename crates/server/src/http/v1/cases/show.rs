//! `GET /v1/cases/{case}`: one question, answered or not.

use axum::Json as Answer;
use axum::extract::State;
use tenure_api::CaseView;
use tenure_app::cases::show::show;
use tenure_model::CaseId;

use crate::http::v1::{Doors, cases};
use crate::http::{Caller, Place, Refusal};

pub(crate) async fn handler(
    State(doors): State<Doors>,
    Caller(actor): Caller,
    Place(case): Place<CaseId>,
) -> Result<Answer<CaseView>, Refusal> {
    Ok(Answer(cases::view(show(&doors.cx(actor), case).await?, doors.house.clock.now())))
}
