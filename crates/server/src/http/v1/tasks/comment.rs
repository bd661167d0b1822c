//! `POST /v1/tasks/{task}/comments`: says something about a task.

use axum::Json as Answer;
use axum::extract::State;
use axum::http::StatusCode;
use tenure_api::{CommentIn, TaskEntryView};
use tenure_app::tasks::add::{Addition, add};
use tenure_model::TaskId;

use crate::http::v1::{Doors, tasks};
use crate::http::{Caller, Json, Place, Refusal};

pub(crate) async fn handler(
    State(doors): State<Doors>,
    Caller(actor): Caller,
    Place(task): Place<TaskId>,
    Json(CommentIn { text }): Json<CommentIn>,
) -> Result<(StatusCode, Answer<TaskEntryView>), Refusal> {
    let added = add(&doors.cx(actor), task, Addition::Comment(text)).await?;
    Ok((StatusCode::CREATED, Answer(tasks::entry(added))))
}
