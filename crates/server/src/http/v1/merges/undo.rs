//! `POST /v1/merges/{merge}/undo`: takes a merge or a split back.

use axum::Json as Answer;
use axum::extract::State;
use tenure_api::MergeView;
use tenure_app::merges::undo::undo;
use tenure_model::MergeId;

use crate::http::v1::{Doors, merges};
use crate::http::{Caller, Place, Refusal};

pub(crate) async fn handler(
    State(doors): State<Doors>,
    Caller(actor): Caller,
    Place(merge): Place<MergeId>,
) -> Result<Answer<MergeView>, Refusal> {
    Ok(Answer(merges::done(undo(&doors.cx(actor), merge).await?)))
}
