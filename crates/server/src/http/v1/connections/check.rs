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
    let checked = check(&doors.cx(actor), &name).await;
    let found = match &checked {
        Ok(peer) => Ok(peer.clone()),
        Err(AppError::Target(refused)) => Err(refused.message.clone()),
        // Nothing was learnt about the system.
        Err(_) => return Err(checked.map_or_else(Refusal::from, |_| Refusal::new(tenure_api::Code::Internal))),
    };
    let looked = Looked { at: doors.house.clock.now(), found };
    doors.note(&name, looked.clone());
    checked?;
    let known = doors.house.estate.connections.get(&name).cloned();
    let known = known.ok_or_else(|| Refusal::absent("connection", name.as_str()))?;
    Ok(Answer(connections::view(name, known, Some(looked))))
}
