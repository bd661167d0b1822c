//! `POST /v1/exceptions`: lets somebody off a rule for a time.

use axum::Json as Answer;
use axum::extract::State;
use axum::http::StatusCode;
use tenure_api::{ExceptionIn, ExceptionView};
use tenure_app::exceptions::Settled;
use tenure_app::exceptions::grant::{Letting, grant};

use crate::http::v1::Doors;
use crate::http::{Caller, Json, Refusal};

pub(crate) async fn handler(
    State(doors): State<Doors>,
    Caller(actor): Caller,
    Json(ExceptionIn { rule, person, until, because }): Json<ExceptionIn>,
) -> Result<(StatusCode, Answer<ExceptionView>), Refusal> {
    let Settled { exception, runs } = grant(&doors.cx(actor), Letting { rule, person, until, because }).await?;
    let now = doors.house.clock.now();
    Ok((StatusCode::CREATED, Answer(ExceptionView::of(exception, runs, now))))
}
