//! `GET /v1/tokens`: every token, never its secret.

use axum::Json as Answer;
use axum::extract::State;
use tenure_api::{Page, PageQuery, TokenView};
use tenure_app::tokens::list::list;

use crate::http::v1::{Doors, tokens};
use crate::http::{Caller, Query, Refusal};

pub(crate) async fn handler(
    State(doors): State<Doors>,
    Caller(actor): Caller,
    Query(asked): Query<PageQuery>,
) -> Result<Answer<Page<TokenView>>, Refusal> {
    let wanted = doors.wanted("tokens", asked.after, asked.limit)?;
    let found = list(&doors.cx(actor), wanted.after, wanted.limit()).await?;
    Ok(Answer(wanted.page(found, |token| token.id, tokens::view)))
}
