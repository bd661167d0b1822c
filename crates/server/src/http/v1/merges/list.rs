//! `GET /v1/merges`: who was merged and split, the newest first.

use axum::Json as Answer;
use axum::extract::State;
use serde::Deserialize;
use tenure_api::{MergeView, Page};
use tenure_app::merges::list::list;

use crate::http::v1::{Doors, merges};
use crate::http::{Caller, Query, Refusal};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    after: Option<String>,
    limit: Option<u32>,
    person: Option<String>,
}

pub(crate) async fn handler(
    State(doors): State<Doors>,
    Caller(actor): Caller,
    Query(asked): Query<Asked>,
) -> Result<Answer<Page<MergeView>>, Refusal> {
    let wanted = doors.wanted("merges", asked.after, asked.limit)?;
    let found = list(&doors.cx(actor), asked.person, wanted.after, wanted.limit()).await?;
    Ok(Answer(wanted.page(found, |merge| merge.id, merges::view)))
}
