//! `POST /v1/connections/{connection}/read`: reads a source now.

use axum::Json as Answer;
use axum::extract::State;
use tenure_api::{SourceReadingIn, SourceReadingView};
use tenure_app::sources::read::{How, read};
use tenure_model::ConnectionName;

use super::readings::view;
use crate::http::v1::Doors;
use crate::http::{Caller, Json, Place, Refusal};

#[tracing::instrument(name = "server.http.v1.connections.read", skip_all)]
pub(crate) async fn handler(
    State(doors): State<Doors>,
    Caller(actor): Caller,
    Place(connection): Place<ConnectionName>,
    Json(asked): Json<SourceReadingIn>,
) -> Result<Answer<SourceReadingView>, Refusal> {
    let how = if asked.dry_run { How::DryRun } else { How::Take };
    let report = read(&doors.cx(actor), &connection, how).await?;
    let shown = view(report);
    let state = if asked.dry_run { "dry-run".to_owned() } else { shown.state };
    Ok(Answer(SourceReadingView { state, ..shown }))
}
