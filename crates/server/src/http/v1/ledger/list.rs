//! `GET /v1/ledger`: entries, newest first.

use axum::Json as Answer;
use axum::extract::State;
use tenure_api::{LedgerEntryView, Page, PageQuery};
use tenure_app::ledger::list::newest;

use crate::http::v1::{Doors, ledger};
use crate::http::{Caller, Query, Refusal};

pub(crate) async fn handler(
    State(doors): State<Doors>,
    Caller(actor): Caller,
    Query(asked): Query<PageQuery>,
) -> Result<Answer<Page<LedgerEntryView>>, Refusal> {
    let wanted = doors.wanted("ledger", asked.after, asked.limit)?;
    let found = newest(&doors.cx(actor), wanted.after, wanted.limit()).await?;
    Ok(Answer(wanted.page(found, |entry| entry.index, ledger::view)))
}
