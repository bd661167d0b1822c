//! `GET /v1/tasks/{task}`: one task, with what was said about it.

use axum::Json as Answer;
use axum::extract::State;
use tenure_api::TaskDetail;
use tenure_app::tasks::show::show;
use tenure_model::TaskId;

use crate::http::v1::{Doors, tasks};
use crate::http::{Caller, Place, Refusal};

pub(crate) async fn handler(
    State(doors): State<Doors>,
    Caller(actor): Caller,
    Place(task): Place<TaskId>,
) -> Result<Answer<TaskDetail>, Refusal> {
    let shown = show(&doors.cx(actor), task).await?;
    let entries = shown.entries.into_iter().map(tasks::entry).collect();
    let tickets = shown.tickets.into_iter().map(tasks::ticket).collect();
    Ok(Answer(TaskDetail { task: tasks::view(shown.task, doors.house.clock.now()), entries, tickets }))
}
