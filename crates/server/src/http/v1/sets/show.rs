//! `GET /v1/sets/{set}`: one set, and how far it is.

use axum::Json as Answer;
use axum::extract::State;
use tenure_api::SetView;
use tenure_app::sets::show::show;
use tenure_model::SetId;

use crate::http::v1::{Doors, sets};
use crate::http::{Caller, Place, Refusal};

pub(crate) async fn handler(
    State(doors): State<Doors>,
    Caller(actor): Caller,
    Place(set): Place<SetId>,
) -> Result<Answer<SetView>, Refusal> {
    Ok(Answer(sets::shown(show(&doors.cx(actor), set).await?)))
}
