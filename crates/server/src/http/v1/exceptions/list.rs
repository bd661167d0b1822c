//! `GET /v1/exceptions`: who was let off which rule, the oldest first.

use axum::Json as Answer;
use axum::extract::State;
use tenure_api::{ExceptionView, Page, PageQuery};
use tenure_app::exceptions::list::list;

use crate::http::v1::Doors;
use crate::http::{Caller, Query, Refusal};

pub(crate) async fn handler(
    State(doors): State<Doors>,
    Caller(actor): Caller,
    Query(asked): Query<PageQuery>,
) -> Result<Answer<Page<ExceptionView>>, Refusal> {
    let wanted = doors.wanted("exceptions", asked.after, asked.limit)?;
    let found = list(&doors.cx(actor), wanted.after, wanted.limit()).await?;
    let now = doors.house.clock.now();
    Ok(Answer(wanted.page(found, |one| one.id, |one| ExceptionView::of(one, Vec::new(), now))))
}
