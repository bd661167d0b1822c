//! `GET /v1/sets`: sets, the newest first.

use axum::Json as Answer;
use axum::extract::State;
use tenure_api::{Page, PageQuery, SetView};
use tenure_app::sets::list::list;

use crate::http::v1::{Doors, sets};
use crate::http::{Caller, Query, Refusal};

pub(crate) async fn handler(
    State(doors): State<Doors>,
    Caller(actor): Caller,
    Query(asked): Query<PageQuery>,
) -> Result<Answer<Page<SetView>>, Refusal> {
    let wanted = doors.wanted("sets", asked.after, asked.limit)?;
    let found = list(&doors.cx(actor), wanted.after, wanted.limit()).await?;
    Ok(Answer(wanted.page(found, |set| set.id, sets::view)))
}
