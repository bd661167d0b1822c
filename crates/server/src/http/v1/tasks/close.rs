//! `POST /v1/tasks/{task}/close`: ends a task.

use axum::Json as Shown;
use axum::extract::State;
use tenure_api::{CloseIn, FieldError, TaskView};
use tenure_app::tasks::close::{Answer, answer};
use tenure_model::{BadName, TaskId};

use crate::http::v1::{Doors, tasks};
use crate::http::{Caller, Json, Place, Refusal};

pub(crate) async fn handler(
    State(doors): State<Doors>,
    Caller(actor): Caller,
    Place(task): Place<TaskId>,
    Json(CloseIn { outcome, comment, chosen }): Json<CloseIn>,
) -> Result<Shown<TaskView>, Refusal> {
    let bad = |error: BadName| Refusal::fields(vec![FieldError::new("/outcome", error.to_string())]);
    let outcome = outcome.map(|outcome| outcome.parse()).transpose().map_err(bad)?;
    let closed = answer(&doors.cx(actor), task, Answer { outcome, comment, chosen }).await?;
    Ok(Shown(tasks::view(closed, doors.house.clock.now())))
}
