//! `POST /v1/connections/{connection}/reading`: has a system read as soon as may be.

use axum::Json as Answer;
use axum::extract::State;
use axum::http::StatusCode;
use tenure_api::ReadingView;
use tenure_app::reconcile::ask::ask;
use tenure_model::ConnectionName;

use crate::http::v1::{Doors, drift};
use crate::http::{Caller, Place, Refusal};

pub(crate) async fn handler(
    State(doors): State<Doors>,
    Caller(actor): Caller,
    Place(connection): Place<ConnectionName>,
) -> Result<(StatusCode, Answer<ReadingView>), Refusal> {
    let shown = ask(&doors.cx(actor), &connection).await?;
    Ok((StatusCode::ACCEPTED, Answer(drift::reading(shown))))
}
