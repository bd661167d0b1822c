//! `GET /v1/estate/versions/{version}`: the documents of a version.

use axum::Json as Answer;
use axum::extract::State;
use tenure_api::EstateView;
use tenure_app::versions::show::show;

use crate::http::v1::{Doors, estate};
use crate::http::{Caller, Place, Refusal};

pub(crate) async fn handler(
    State(doors): State<Doors>,
    Caller(actor): Caller,
    Place(version): Place<i64>,
) -> Result<Answer<EstateView>, Refusal> {
    Ok(Answer(estate::with_files(show(&doors.cx(actor), Some(version)).await?)))
}
