//! `POST /v1/notices/{notice}/retry`: tries again now what did not arrive.

use axum::Json as Answer;
use axum::extract::State;
use tenure_api::NoticeView;
use tenure_app::notices::settle::{Settling, settle};
use tenure_model::NoticeId;

use crate::http::v1::{Doors, notices};
use crate::http::{Caller, Place, Refusal};

pub(crate) async fn handler(
    State(doors): State<Doors>,
    Caller(actor): Caller,
    Place(notice): Place<NoticeId>,
) -> Result<Answer<NoticeView>, Refusal> {
    Ok(Answer(notices::view(settle(&doors.cx(actor), notice, Settling::Retry).await?)))
}
