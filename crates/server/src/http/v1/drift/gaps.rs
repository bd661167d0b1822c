//! `GET /v1/connections/{connection}/gaps`: what policy intends against what a system enforces.

use axum::Json as Answer;
use axum::extract::State;
use serde::Deserialize;
use tenure_api::{GapView, Page};
use tenure_app::drift::compare::{Gap, PEOPLE_AT_ONCE, compare};
use tenure_model::{ConnectionName, PersonId};

use crate::http::v1::Doors;
use crate::http::{Caller, Place, Query, Refusal};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    after: Option<PersonId>,
    limit: Option<u32>,
}

/// The pages are of people, so that one may well be empty and not the last.
pub(crate) async fn handler(
    State(doors): State<Doors>,
    Caller(actor): Caller,
    Place(connection): Place<ConnectionName>,
    Query(asked): Query<Asked>,
) -> Result<Answer<Page<GapView>>, Refusal> {
    let people = asked.limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(PEOPLE_AT_ONCE);
    let compared = compare(&doors.cx(actor), connection, asked.after, people).await?;
    let items = compared.gaps.into_iter().map(view).collect();
    Ok(Answer(Page { items, next: compared.next.map(|person| person.to_string()) }))
}

fn view(gap: Gap) -> GapView {
    let direction = gap.direction.word().to_owned();
    GapView { person: gap.person, name: gap.name, account: gap.account, what: gap.what, direction, why: gap.why }
}
