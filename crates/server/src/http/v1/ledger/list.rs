//! `GET /v1/ledger`: entries, newest first.

use axum::Json as Answer;
use axum::extract::State;
use serde::Deserialize;
use tenure_api::{LedgerEntryView, Page};
use tenure_app::ledger::list::newest;

use crate::http::v1::{Doors, ledger};
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
) -> Result<Answer<Page<LedgerEntryView>>, Refusal> {
    let wanted = doors.wanted("ledger", asked.after, asked.limit)?;
    let found = newest(&doors.cx(actor), wanted.after, wanted.limit()).await?;
    Ok(Answer(wanted.page(found, |entry| entry.index, ledger::view)))
}
