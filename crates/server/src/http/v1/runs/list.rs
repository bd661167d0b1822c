//! `GET /v1/runs`: runs, newest first.

use axum::Json as Answer;
use axum::extract::State;
use serde::Deserialize;
use tenure_api::{Page, RunView};
use tenure_app::runs::list::list;
use tenure_engine::journal::RunStatus;
use tenure_model::{Name, PersonId};
use tenure_store::runs::RunFilter;

use crate::http::refusal::word_of;
use crate::http::v1::{Doors, runs};
use crate::http::{Caller, Query, Refusal};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    after: Option<String>,
    limit: Option<u32>,
    status: Option<String>,
    person: Option<PersonId>,
    workflow: Option<Name>,
}

pub(crate) async fn handler(
    State(doors): State<Doors>,
    Caller(actor): Caller,
    Query(asked): Query<Asked>,
) -> Result<Answer<Page<RunView>>, Refusal> {
    let wanted = doors.wanted("runs", asked.after, asked.limit)?;
    let status = asked.status.map(|word| word_of(&word, "status", RunStatus::ALL, RunStatus::word)).transpose()?;
    let (name, lane) = (asked.workflow.map(String::from), asked.person.map(|person| person.to_string()));
    let filter = RunFilter { status, name, lane, since: None };
    let found = list(&doors.cx(actor), filter, wanted.after, wanted.limit()).await?;
    Ok(Answer(wanted.page(found, |row| row.id, runs::view)))
}
