//! `GET /v1/readings` and `GET /v1/connections/{connection}/reading`: how old what we know is.

use axum::Json as Answer;
use axum::extract::State;
use tenure_api::ReadingView;
use tenure_app::reconcile::show;
use tenure_model::ConnectionName;

use crate::http::v1::{Doors, drift};
use crate::http::{Caller, Place, Refusal};

pub(crate) async fn list(
    State(doors): State<Doors>,
    Caller(actor): Caller,
) -> Result<Answer<Vec<ReadingView>>, Refusal> {
    let found = show::list(&doors.cx(actor)).await?;
    Ok(Answer(found.into_iter().map(drift::reading).collect()))
}

pub(crate) async fn handler(
    State(doors): State<Doors>,
    Caller(actor): Caller,
    Place(connection): Place<ConnectionName>,
) -> Result<Answer<ReadingView>, Refusal> {
    Ok(Answer(drift::reading(show::show(&doors.cx(actor), &connection).await?)))
}
