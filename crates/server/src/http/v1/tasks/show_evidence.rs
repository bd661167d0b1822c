//! `GET /v1/tasks/{task}/evidence/{entry}`: gives evidence that is kept here.

use axum::Json as Answer;
use axum::extract::State;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tenure_api::TaskEntryView;
use tenure_app::tasks::show::evidence;
use tenure_model::{TaskEntryId, TaskId};

use crate::http::v1::{Doors, tasks};
use crate::http::{Caller, Place, Refusal};

pub(crate) async fn handler(
    State(doors): State<Doors>,
    Caller(actor): Caller,
    Place((task, entry)): Place<(TaskId, TaskEntryId)>,
) -> Result<Answer<TaskEntryView>, Refusal> {
    let (found, content) = evidence(&doors.cx(actor), task, entry).await?;
    Ok(Answer(TaskEntryView { content: Some(STANDARD.encode(content)), ..tasks::entry(found) }))
}
