//! `GET /v1/people/{person}`: one person, by our id or by a key of a source.

use axum::Json as Answer;
use axum::extract::State;
use tenure_api::{AccountView, EngagementView, GrantView, PersonDetail, PersonView};
use tenure_app::people::show::show;

use crate::http::v1::Doors;
use crate::http::{Caller, Place, Refusal};

pub(crate) async fn handler(
    State(doors): State<Doors>,
    Caller(actor): Caller,
    Place(person): Place<String>,
) -> Result<Answer<PersonDetail>, Refusal> {
    let facts = show(&doors.cx(actor), person).await?.facts;
    let now = doors.house.clock.now();
    Ok(Answer(PersonDetail {
        person: PersonView::of(&facts.person, &facts.engagements, now),
        engagements: facts.engagements.iter().map(|engagement| EngagementView::of(engagement, now)).collect(),
        accounts: facts.accounts.iter().map(AccountView::from).collect(),
        grants: facts.grants.iter().map(GrantView::from).collect(),
    }))
}
