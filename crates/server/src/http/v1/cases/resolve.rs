//! `POST /v1/cases/{case}/resolve`: answers a question.

use axum::Json as Read;
use axum::extract::State;
use tenure_api::{CaseResolution, CaseView, FieldError};
use tenure_app::cases::resolve::{Answer, resolve};
use tenure_model::CaseId;

use crate::http::v1::{Doors, cases};
use crate::http::{Caller, Json, Place, Refusal};

pub(crate) async fn handler(
    State(doors): State<Doors>,
    Caller(actor): Caller,
    Place(case): Place<CaseId>,
    Json(resolution): Json<CaseResolution>,
) -> Result<Read<CaseView>, Refusal> {
    let (answer, comment) = answer(resolution)?;
    let resolved = resolve(&doors.cx(actor), case, answer, comment).await?;
    Ok(Read(cases::view(resolved.shown, doors.house.clock.now())))
}

fn answer(resolution: CaseResolution) -> Result<(Answer, Option<String>), Refusal> {
    match resolution {
        CaseResolution::Person { person, comment } => Ok((Answer::Is(person), comment)),
        CaseResolution::NewPerson { comment } => Ok((Answer::New, comment)),
        CaseResolution::Dismiss { comment } => Ok((Answer::Dismiss, Some(comment))),
        CaseResolution::Release { .. } => {
            let reason = "this case asks whom an event is about; use `person`, `new-person` or `dismiss`";
            Err(Refusal::fields(vec![FieldError::new("/answer", reason)]))
        }
    }
}
