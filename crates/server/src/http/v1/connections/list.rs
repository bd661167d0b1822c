//! `GET /v1/connections`: what we are wired to.

use axum::Json as Answer;
use axum::extract::State;
use tenure_api::{ConnectionView, Page, PageQuery};
use tenure_app::connections::list::list;
use tenure_model::ConnectionName;

use crate::http::v1::{Doors, connections};
use crate::http::{Caller, Query, Refusal};

pub(crate) async fn handler(
    State(doors): State<Doors>,
    Caller(actor): Caller,
    Query(asked): Query<PageQuery>,
) -> Result<Answer<Page<ConnectionView>>, Refusal> {
    let wanted = doors.wanted::<ConnectionName>("connections", asked.after, asked.limit)?;
    let mut found = list(&doors.cx(actor))?;
    // They stand in the estate, sorted by name, and all of them are in memory.
    found.retain(|(name, _)| wanted.after.as_ref().is_none_or(|after| name > after));
    let view = |(name, known)| {
        let looked = doors.looked(&name);
        connections::view(name, known, looked)
    };
    Ok(Answer(wanted.page(found, |(name, _)| name.clone(), view)))
}
