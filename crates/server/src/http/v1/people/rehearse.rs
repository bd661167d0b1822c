//! `POST /v1/people/{person}/rehearse`: what a workflow would do for somebody.

use axum::Json as Answer;
use axum::extract::State;
use serde_json::{Map, Value, json};
use tenure_api::wire::value::AttributeMap;
use tenure_api::{RehearsalView, RehearseIn, RehearsedView};

use crate::house::rehearse::{Rehearse, Rehearsed, Would, rehearse};
use crate::http::v1::Doors;
use crate::http::{Caller, Json, Place, Refusal};

pub(crate) async fn handler(
    State(doors): State<Doors>,
    Caller(actor): Caller,
    Place(person): Place<String>,
    Json(RehearseIn { workflow, input, answers }): Json<RehearseIn>,
) -> Result<Answer<RehearsalView>, Refusal> {
    let came = rehearse(&doors.cx(actor), workflow.clone(), person, Rehearse { input, answers }).await?;
    Ok(Answer(RehearsalView {
        person: came.person,
        name: came.name,
        workflow,
        status: came.status.word().to_owned(),
        note: Some(came.note).filter(|note| !note.is_empty()),
        ends_at: came.ends_at,
        would: came.would.into_iter().map(view).collect(),
    }))
}

fn view(Rehearsed { at, would }: Rehearsed) -> RehearsedView {
    let mut detail = Map::new();
    let (does, at_what, what) = match would {
        Would::Write { connection, account, verb, what, values } => {
            detail.insert("account".to_owned(), account.into());
            detail.insert("verb".to_owned(), verb.into());
            if !values.is_empty() {
                detail.insert("values".to_owned(), json!(AttributeMap::show(&values)));
            }
            ("write", connection.to_string(), what)
        }
        Would::Tell { channel, to, what } => {
            detail.extend(to.map(|to| ("to".to_owned(), Value::from(to))));
            ("tell", channel.to_string(), what)
        }
        Would::Call { url } => ("call", String::new(), url),
        Would::Ask { step, what, of, answer } => {
            detail.insert("step".to_owned(), step.into());
            detail.insert("answer".to_owned(), answer.into());
            ("ask", of, what)
        }
        Would::Wait { step, until } => ("wait", step, format!("until {until}")),
        Would::Start { workflow } => ("start", String::new(), workflow),
    };
    RehearsedView { at, does: does.to_owned(), at_what, what, detail }
}
