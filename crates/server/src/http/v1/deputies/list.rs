//! `GET /v1/deputies`: who stands in for whom, the oldest first.

use axum::Json as Answer;
use axum::extract::State;
use serde::Deserialize;
use tenure_api::{DeputyView, Page};
use tenure_app::deputies::list::{Wanted, list};

use crate::http::v1::Doors;
use crate::http::{Caller, Query, Refusal};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    after: Option<String>,
    limit: Option<u32>,
    #[serde(rename = "for")]
    whom: Option<String>,
    #[serde(default)]
    mine: bool,
}

pub(crate) async fn handler(
    State(doors): State<Doors>,
    Caller(actor): Caller,
    Query(asked): Query<Asked>,
) -> Result<Answer<Page<DeputyView>>, Refusal> {
    let page = doors.wanted("deputies", asked.after, asked.limit)?;
    let wanted = Wanted { whom: asked.whom, mine: asked.mine };
    let found = list(&doors.cx(actor), wanted, page.after, page.limit()).await?;
    let now = doors.house.clock.now();
    Ok(Answer(page.page(found, |one| one.id, |one| DeputyView::of(one, now))))
}
