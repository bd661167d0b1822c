//! `GET /v1/estate`: the documents in force.

use axum::Json as Answer;
use axum::extract::State;
use tenure_api::EstateView;
use tenure_app::versions::show::show;

use crate::http::v1::{Doors, estate};
use crate::http::{Caller, Refusal};

pub(crate) async fn handler(State(doors): State<Doors>, Caller(actor): Caller) -> Result<Answer<EstateView>, Refusal> {
    Ok(Answer(estate::with_files(show(&doors.cx(actor), None).await?)))
}
