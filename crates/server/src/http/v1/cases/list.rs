//! `GET /v1/cases`: what waits for an answer, the oldest first.

use axum::Json as Answer;
use axum::extract::State;
use tenure_api::{CaseView, Page, PageQuery};
use tenure_app::cases::list::list;

use crate::http::v1::{Doors, cases};
use crate::http::{Caller, Query, Refusal};

pub(crate) async fn handler(
    State(doors): State<Doors>,
    Caller(actor): Caller,
    Query(asked): Query<PageQuery>,
) -> Result<Answer<Page<CaseView>>, Refusal> {
    let wanted = doors.wanted("cases", asked.after, asked.limit)?;
    let found = list(&doors.cx(actor), wanted.after, wanted.limit()).await?;
    let now = doors.house.clock.now();
    Ok(Answer(wanted.page(found, |shown| shown.case.id, |shown| cases::view(shown, now))))
}
