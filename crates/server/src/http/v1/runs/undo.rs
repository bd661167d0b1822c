//! `GET` and `POST /v1/runs/{run}/undo`: what taking back a run that is over comes to, and doing it.

use axum::Json as Answer;
use axum::extract::State;
use tenure_api::{RunStarted, UndoIn, UndoLeftView, UndoStepView, UndoView};
use tenure_app::runs::undo::{Undoing, look, undo, what};
use tenure_model::RunId;

use crate::http::v1::Doors;
use crate::http::{Caller, Json, Place, Refusal};

pub(crate) async fn look_handler(
    State(doors): State<Doors>,
    Caller(actor): Caller,
    Place(run): Place<RunId>,
) -> Result<Answer<UndoView>, Refusal> {
    Ok(Answer(view(look(&doors.cx(actor), run).await?)))
}

pub(crate) async fn handler(
    State(doors): State<Doors>,
    Caller(actor): Caller,
    Place(run): Place<RunId>,
    Json(UndoIn { reason }): Json<UndoIn>,
) -> Result<Answer<RunStarted>, Refusal> {
    Ok(Answer(RunStarted { run: undo(&doors.cx(actor), run, reason).await? }))
}

fn view(Undoing { run, back, by }: Undoing) -> UndoView {
    let steps = back.steps.iter().map(|step| UndoStepView {
        node: step.node.clone(),
        class: step.class.word().to_owned(),
        r#use: step.action.clone(),
        what: what(step),
    });
    let left = back.left.iter().map(|left| UndoLeftView { node: left.node.clone(), reason: left.reason.clone() });
    UndoView { run: run.id, by, steps: steps.collect(), left: left.collect() }
}
