//! `GET /v1/plans`: plans, the newest first.

use axum::Json as Answer;
use axum::extract::State;
use tenure_api::{Page, PageQuery, SetPlanView};
use tenure_app::plans::list::list;

use crate::http::v1::{Doors, plans};
use crate::http::{Caller, Query, Refusal};

pub(crate) async fn handler(
    State(doors): State<Doors>,
    Caller(actor): Caller,
    Query(asked): Query<PageQuery>,
) -> Result<Answer<Page<SetPlanView>>, Refusal> {
    let wanted = doors.wanted("plans", asked.after, asked.limit)?;
    let found = list(&doors.cx(actor), wanted.after, wanted.limit()).await?;
    Ok(Answer(wanted.page(found, |row| row.id, |row| plans::view(row, None))))
}
