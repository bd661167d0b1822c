//! `POST /v1/tasks/{task}/reassign`: gives a task to somebody else.

use axum::Json as Answer;
use axum::extract::State;
use tenure_api::{FieldError, ReassignIn, TaskView};
use tenure_app::tasks::reassign::reassign;
use tenure_model::{BadAssignee, TaskId};

use crate::http::v1::{Doors, tasks};
use crate::http::{Caller, Json, Place, Refusal};

pub(crate) async fn handler(
    State(doors): State<Doors>,
    Caller(actor): Caller,
    Place(task): Place<TaskId>,
    Json(ReassignIn { to, reason }): Json<ReassignIn>,
) -> Result<Answer<TaskView>, Refusal> {
    let bad = |error: BadAssignee| Refusal::fields(vec![FieldError::new("/to", error.to_string())]);
    let to = to.parse().map_err(bad)?;
    let given = reassign(&doors.cx(actor), task, to, reason).await?;
    Ok(Answer(tasks::view(given, doors.house.clock.now())))
}
