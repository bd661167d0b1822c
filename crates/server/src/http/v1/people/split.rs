//! `POST /v1/people/{person}/split`: says that one person is two.

use axum::Json as Answer;
use axum::extract::State;
use tenure_api::{MergeView, SplitIn};
use tenure_app::merges::split::{Parted, split};

use crate::http::v1::{Doors, merges};
use crate::http::{Caller, Json, Place, Refusal};

pub(crate) async fn handler(
    State(doors): State<Doors>,
    Caller(actor): Caller,
    Place(person): Place<String>,
    Json(wish): Json<SplitIn>,
) -> Result<Answer<MergeView>, Refusal> {
    let parted = Parted { engagements: wish.engagements, accounts: wish.accounts };
    Ok(Answer(merges::done(split(&doors.cx(actor), person, parted, wish.reason).await?)))
}
