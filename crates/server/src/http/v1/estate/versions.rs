//! `GET /v1/estate/versions`: which versions there were, the newest first.

use axum::Json as Answer;
use axum::extract::State;
use tenure_api::{Page, PageQuery, VersionView};
use tenure_app::versions::list::list;

use crate::http::v1::{Doors, estate};
use crate::http::{Caller, Query, Refusal};

pub(crate) async fn handler(
    State(doors): State<Doors>,
    Caller(actor): Caller,
    Query(asked): Query<PageQuery>,
) -> Result<Answer<Page<VersionView>>, Refusal> {
    let wanted = doors.wanted("versions", asked.after, asked.limit)?;
    let found = list(&doors.cx(actor), wanted.after, wanted.limit()).await?;
    Ok(Answer(wanted.page(found, |version| version.version, estate::view)))
}
