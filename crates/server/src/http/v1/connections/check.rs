//! `POST /v1/connections/{connection}/check`: whether the system answers.

use axum::Json as Answer;
use axum::extract::State;
use tenure_api::ConnectionView;
use tenure_app::AppError;
use tenure_app::connections::check::check;
use tenure_model::ConnectionName;

use super::Looked;
use crate::http::v1::{Doors, connections};
use crate::http::{Caller, Place, Refusal};

pub(crate) async fn handler(
    State(doors): State<Doors>,
    Caller(actor): Caller,
    Place(name): Place<ConnectionName>,
) -> Result<Answer<ConnectionView>, Refusal> {
    let found = match check(&doors.cx(actor), &name).await {
        Ok(peer) => Ok(peer),
        Err(AppError::Target(refused)) => Err(refused),
        // Nothing was learnt about the system.
        Err(other) => return Err(other.into()),
    };
    let said = found.clone().map_err(|refused| refused.message);
    let looked = Looked { at: doors.house.clock.now(), found: said };
    doors.note(&name, looked.clone());
    found.map_err(AppError::Target)?;
    let known = doors.house.estate().connections.get(&name).cloned();
    let known = known.ok_or_else(|| Refusal::absent("connection", name.as_str()))?;
    Ok(Answer(connections::view(name, known, Some(looked))))
}
