//! `POST /v1/tasks/{task}/claim`: takes a task in hand.

use axum::Json as Answer;
use axum::extract::State;
use tenure_api::TaskView;
use tenure_app::tasks::claim::claim;
use tenure_model::TaskId;

use crate::http::v1::{Doors, tasks};
use crate::http::{Caller, Place, Refusal};

pub(crate) async fn handler(
    State(doors): State<Doors>,
    Caller(actor): Caller,
    Place(task): Place<TaskId>,
) -> Result<Answer<TaskView>, Refusal> {
    let claimed = claim(&doors.cx(actor), task).await?;
    Ok(Answer(tasks::view(claimed, doors.house.clock.now())))
}
