//! `POST /v1/connections/{connection}/source-readings/{number}/accept`: accepts what a reading withholds.

use axum::Json as Answer;
use axum::extract::State;
use tenure_api::SourceReadingView;
use tenure_app::sources::list::accept;
use tenure_model::ConnectionName;

use super::readings::view;
use crate::http::v1::Doors;
use crate::http::{Caller, Place, Refusal};

pub(crate) async fn handler(
    State(doors): State<Doors>,
    Caller(actor): Caller,
    Place((connection, number)): Place<(ConnectionName, i64)>,
) -> Result<Answer<SourceReadingView>, Refusal> {
    Ok(Answer(view(accept(&doors.cx(actor), &connection, number).await?)))
}
