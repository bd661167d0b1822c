//! `GET /v1/reviews`: every campaign of reviews, by the name of its workflow.

use axum::Json as Answer;
use axum::extract::State;
use tenure_api::{Page, PageQuery, ReviewView};
use tenure_app::reviews::list::list;
use tenure_model::Name;

use crate::http::v1::{Doors, reviews};
use crate::http::{Caller, Query, Refusal};

pub(crate) async fn handler(
    State(doors): State<Doors>,
    Caller(actor): Caller,
    Query(asked): Query<PageQuery>,
) -> Result<Answer<Page<ReviewView>>, Refusal> {
    let wanted = doors.wanted::<Name>("reviews", asked.after, asked.limit)?;
    let found = list(&doors.cx(actor), wanted.after.clone(), wanted.limit()).await?;
    Ok(Answer(wanted.page(found, |campaign| campaign.workflow.clone(), reviews::view)))
}
