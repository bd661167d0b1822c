//! `POST /v1/sets`: asks for whom of some people a workflow could be started.

use axum::Json as Answer;
use axum::extract::State;
use axum::http::StatusCode;
use tenure_api::{FieldError, SetIn, SetView};
use tenure_app::sets::make::{Who, make};

use crate::http::v1::{Doors, sets};
use crate::http::{Caller, Json, Refusal};

pub(crate) async fn handler(
    State(doors): State<Doors>,
    Caller(actor): Caller,
    Json(SetIn { workflow, condition, people, input }): Json<SetIn>,
) -> Result<(StatusCode, Answer<SetView>), Refusal> {
    let who = match condition {
        Some(text) if people.is_empty() => Who::Where(text),
        Some(_) => {
            let reason = "describe people by `where` or name them, not both at once";
            return Err(Refusal::fields(vec![FieldError::new("/people", reason)]));
        }
        None => Who::Named(people),
    };
    let set = make(&doors.cx(actor), workflow, who, input).await?;
    Ok((StatusCode::ACCEPTED, Answer(sets::view(set))))
}
