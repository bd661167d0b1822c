//! `POST /v1/people/{person}/sponsor`: says who answers for an agent, an account of a service or a guest.

use axum::Json as Answer;
use axum::extract::State;
use tenure_api::{SponsorIn, SponsorView};
use tenure_app::people::sponsor::sponsor;

use crate::http::v1::Doors;
use crate::http::{Caller, Json, Place, Refusal};

pub(crate) async fn handler(
    State(doors): State<Doors>,
    Caller(actor): Caller,
    Place(person): Place<String>,
    Json(wish): Json<SponsorIn>,
) -> Result<Answer<SponsorView>, Refusal> {
    let person = sponsor(&doors.cx(actor), person, wish.sponsor, wish.reason).await?;
    Ok(Answer(SponsorView { person: person.id, sponsor: person.sponsor }))
}
