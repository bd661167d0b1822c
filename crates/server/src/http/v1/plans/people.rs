//! `GET /v1/plans/{plan}/people`: whom a plan touches, and how.

use axum::Json as Answer;
use axum::extract::State;
use serde::Deserialize;
use tenure_api::{OutcomeView, Page};
use tenure_app::plans::people::people;
use tenure_model::PlanId;

use crate::http::v1::{Doors, plans};
use crate::http::{Caller, Place, Query, Refusal};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    after: Option<String>,
    limit: Option<u32>,
    about: Option<String>,
}

pub(crate) async fn handler(
    State(doors): State<Doors>,
    Caller(actor): Caller,
    Place(plan): Place<PlanId>,
    Query(asked): Query<Asked>,
) -> Result<Answer<Page<OutcomeView>>, Refusal> {
    let wanted = doors.wanted("plan-people", asked.after, asked.limit)?;
    let found = people(&doors.cx(actor), plan, asked.about, wanted.after, wanted.limit()).await?;
    Ok(Answer(wanted.page(found, |outcome| outcome.person, plans::outcome)))
}
