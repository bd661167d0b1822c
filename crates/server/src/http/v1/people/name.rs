//! `POST /v1/people/{person}/name`: gives a person another name of a generator.

use axum::Json as Answer;
use axum::extract::State;
use tenure_api::{NameIn, NameView};
use tenure_app::people::names::give;

use crate::http::v1::Doors;
use crate::http::{Caller, Json, Place, Refusal};

pub(crate) async fn handler(
    State(doors): State<Doors>,
    Caller(actor): Caller,
    Place(person): Place<String>,
    Json(wish): Json<NameIn>,
) -> Result<Answer<NameView>, Refusal> {
    let given = give(&doors.cx(actor), person, wish.generator, wish.name).await?;
    Ok(Answer(NameView { person: given.person.id, generator: given.generator, name: given.name }))
}
