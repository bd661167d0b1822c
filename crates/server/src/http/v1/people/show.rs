//! `GET /v1/people/{person}`: one person, by our id or by a key of a source.

use axum::Json as Answer;
use axum::extract::State;
use tenure_api::{AccountView, EngagementView, GrantView, PersonDetail, PersonView, ValueView};
use tenure_app::people::show::show;
use tenure_policy::authority::Held;

use crate::http::v1::Doors;
use crate::http::{Caller, Place, Refusal};

pub(crate) async fn handler(
    State(doors): State<Doors>,
    Caller(actor): Caller,
    Place(person): Place<String>,
) -> Result<Answer<PersonDetail>, Refusal> {
    let shown = show(&doors.cx(actor), person).await?;
    let (facts, merged) = (shown.facts, shown.merged);
    let now = doors.house.clock.now();
    Ok(Answer(PersonDetail {
        person: PersonView::of(&facts.person, &facts.engagements, now),
        engagements: facts.engagements.iter().map(|engagement| EngagementView::of(engagement, now)).collect(),
        accounts: facts.accounts.iter().map(AccountView::from).collect(),
        grants: facts.grants.iter().map(GrantView::from).collect(),
        values: merged.attributes.iter().map(|(name, held)| value(name, held)).collect(),
    }))
}

fn value(attribute: &str, held: &Held) -> ValueView {
    ValueView::of(attribute, held.by.as_ref(), &held.others, &held.why)
}
