//! `GET /v1/people`: who there is, by name.

use axum::Json as Answer;
use axum::extract::State;
use serde::Deserialize;
use tenure_api::limits::SEARCH_BYTES_MAX;
use tenure_api::{Code, Page, PersonView};
use tenure_app::AppError;
use tenure_app::people::list::list;

use crate::http::v1::Doors;
use crate::http::{Caller, Query, Refusal};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    after: Option<String>,
    limit: Option<u32>,
    search: Option<String>,
}

pub(crate) async fn handler(
    State(doors): State<Doors>,
    Caller(actor): Caller,
    Query(asked): Query<Asked>,
) -> Result<Answer<Page<PersonView>>, Refusal> {
    let wanted = doors.wanted("people", asked.after, asked.limit)?;
    if asked.search.as_ref().is_some_and(|search| search.len() > SEARCH_BYTES_MAX) {
        return Err(Refusal::because(Code::BadRequest, format!("`search` has at most {SEARCH_BYTES_MAX} bytes")));
    }
    let found = list(&doors.cx(actor), asked.search, wanted.after, wanted.limit()).await.map_err(no_such_place)?;
    let now = doors.house.clock.now();
    Ok(Answer(wanted.page(found, |(person, _)| person.id, |(person, theirs)| PersonView::of(&person, &theirs, now))))
}

/// A cursor names somebody who is there; whoever is not was never in a cursor of ours.
fn no_such_place(error: AppError) -> Refusal {
    if matches!(error, AppError::NotFound { .. }) { Refusal::new(Code::BadCursor) } else { error.into() }
}
