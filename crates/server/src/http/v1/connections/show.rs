//! `GET /v1/connections/{connection}`: one connected system.

use axum::Json as Answer;
use axum::extract::State;
use tenure_api::ConnectionView;
use tenure_app::connections::list::show;
use tenure_model::ConnectionName;

use crate::http::v1::{Doors, connections};
use crate::http::{Caller, Place, Refusal};

pub(crate) async fn handler(
    State(doors): State<Doors>,
    Caller(actor): Caller,
    Place(name): Place<ConnectionName>,
) -> Result<Answer<ConnectionView>, Refusal> {
    let known = show(&doors.cx(actor), &name)?;
    let looked = doors.looked(&name);
    Ok(Answer(connections::view(name, known, looked)))
}
