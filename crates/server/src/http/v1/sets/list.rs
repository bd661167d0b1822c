//! `GET /v1/sets`: sets, the newest first.

use axum::Json as Answer;
use axum::extract::State;
use serde::Deserialize;
use tenure_api::{Page, SetView};
use tenure_app::sets::list::list;

use crate::http::v1::{Doors, sets};
use crate::http::{Caller, Query, Refusal};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    after: Option<String>,
    limit: Option<u32>,
}

pub(crate) async fn handler(
    State(doors): State<Doors>,
    Caller(actor): Caller,
    Query(asked): Query<Asked>,
) -> Result<Answer<Page<SetView>>, Refusal> {
    let wanted = doors.wanted("sets", asked.after, asked.limit)?;
    let found = list(&doors.cx(actor), wanted.after, wanted.limit()).await?;
    Ok(Answer(wanted.page(found, |set| set.id, sets::view)))
}
