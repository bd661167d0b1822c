//! `GET /v1/tasks`: what humans are asked to do, the oldest first.

use axum::Json as Answer;
use axum::extract::State;
use serde::Deserialize;
use tenure_api::{Page, TaskView};
use tenure_app::tasks::list::{Wanted, list};

use crate::http::v1::{Doors, tasks};
use crate::http::{Caller, Query, Refusal};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    after: Option<String>,
    limit: Option<u32>,
    #[serde(default)]
    mine: bool,
    #[serde(default)]
    closed: bool,
}

pub(crate) async fn handler(
    State(doors): State<Doors>,
    Caller(actor): Caller,
    Query(asked): Query<Asked>,
) -> Result<Answer<Page<TaskView>>, Refusal> {
    let page = doors.wanted("tasks", asked.after, asked.limit)?;
    let wanted = Wanted { mine: asked.mine, closed: asked.closed };
    let found = list(&doors.cx(actor), wanted, page.after, page.limit()).await?;
    let now = doors.house.clock.now();
    Ok(Answer(page.page(found, |task| task.id, |task| tasks::view(task, now))))
}
