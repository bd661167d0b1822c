//! `POST /v1/exceptions/{exception}/end`: ends an exception before its time.

use axum::Json as Answer;
use axum::extract::State;
use tenure_api::ExceptionView;
use tenure_app::exceptions::Settled;
use tenure_app::exceptions::end::end;
use tenure_model::ExceptionId;

use crate::http::v1::Doors;
use crate::http::{Caller, Place, Refusal};

pub(crate) async fn handler(
    State(doors): State<Doors>,
    Caller(actor): Caller,
    Place(exception): Place<ExceptionId>,
) -> Result<Answer<ExceptionView>, Refusal> {
    let Settled { exception, runs } = end(&doors.cx(actor), exception).await?;
    let now = doors.house.clock.now();
    Ok(Answer(ExceptionView::of(exception, runs, now)))
}
