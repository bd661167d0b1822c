//! `GET /v1/ledger/{index}`: one entry.

use axum::Json as Answer;
use axum::extract::State;
use tenure_api::LedgerEntryView;
use tenure_app::ledger::list::show;

use crate::http::v1::{Doors, ledger};
use crate::http::{Caller, Place, Refusal};

pub(crate) async fn handler(
    State(doors): State<Doors>,
    Caller(actor): Caller,
    Place(index): Place<i64>,
) -> Result<Answer<LedgerEntryView>, Refusal> {
    Ok(Answer(ledger::view(show(&doors.cx(actor), index).await?)))
}
