//! `GET /v1/held`: what the brakes hold, and held, the newest first.

use axum::Json as Answer;
use axum::extract::State;
use serde::Deserialize;
use tenure_api::{HeldView, Page};
use tenure_app::brakes::list::list;
use tenure_store::removals::HeldState;

use crate::http::refusal::word_of;
use crate::http::v1::{Doors, held};
use crate::http::{Caller, Query, Refusal};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    after: Option<String>,
    limit: Option<u32>,
    state: Option<String>,
}

pub(crate) async fn handler(
    State(doors): State<Doors>,
    Caller(actor): Caller,
    Query(asked): Query<Asked>,
) -> Result<Answer<Page<HeldView>>, Refusal> {
    let wanted = doors.wanted("held", asked.after, asked.limit)?;
    let state = asked.state.map(|word| word_of(&word, "state", HeldState::ALL, HeldState::word)).transpose()?;
    let found = list(&doors.cx(actor), state, wanted.after, wanted.limit()).await?;
    Ok(Answer(wanted.page(found, |shown| shown.set.id, held::view)))
}
