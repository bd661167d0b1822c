//! `POST /v1/deputies/{deputy}/end`: ends that somebody stands in, before its time.

use axum::Json as Answer;
use axum::extract::State;
use tenure_api::DeputyView;
use tenure_app::deputies::end::end;
use tenure_model::DeputyId;

use crate::http::v1::Doors;
use crate::http::{Caller, Place, Refusal};

pub(crate) async fn handler(
    State(doors): State<Doors>,
    Caller(actor): Caller,
    Place(deputy): Place<DeputyId>,
) -> Result<Answer<DeputyView>, Refusal> {
    let ended = end(&doors.cx(actor), deputy).await?;
    Ok(Answer(DeputyView::of(ended, doors.house.clock.now())))
}
