//! `GET /v1/notices`: what did not arrive, the oldest first.

use axum::Json as Answer;
use axum::extract::State;
use serde::Deserialize;
use tenure_api::{NoticeView, Page};
use tenure_app::notices::list::list;
use tenure_store::notices::Standing;

use crate::http::refusal::word_of;
use crate::http::v1::{Doors, notices};
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
) -> Result<Answer<Page<NoticeView>>, Refusal> {
    let wanted = doors.wanted("notices", asked.after, asked.limit)?;
    let standing = asked.state.map(|word| word_of(&word, "state", Standing::ALL, Standing::word)).transpose()?;
    let found = list(&doors.cx(actor), standing, wanted.after, wanted.limit()).await?;
    Ok(Answer(wanted.page(found, |shown| shown.row.notice.id, notices::view)))
}
