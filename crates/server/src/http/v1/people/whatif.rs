//! `POST /v1/people/{person}/whatif`: what would be done if something were otherwise.

use axum::Json as Answer;
use axum::extract::State;
use tenure_api::{OutcomeView, PersonWhatIfIn};
use tenure_app::plans::outcome::Outcome;
use tenure_app::plans::whatif::{If, whatif};

use crate::http::v1::{Doors, plans};
use crate::http::{Caller, Json, Place, Refusal};

pub(crate) async fn handler(
    State(doors): State<Doors>,
    Caller(actor): Caller,
    Place(person): Place<String>,
    Json(PersonWhatIfIn { set, leave, at }): Json<PersonWhatIfIn>,
) -> Result<Answer<OutcomeView>, Refusal> {
    let set = set.read("/set").map_err(Refusal::fields)?;
    let (facts, outcome) = whatif(&doors.cx(actor), person, If { set, leave, at }).await?;
    let nothing = || Outcome {
        person: facts.person.id,
        name: facts.person.display_name.clone(),
        presence: String::new(),
        values: Vec::new(),
        changes: Vec::new(),
        ends: Vec::new(),
        removals: Vec::new(),
        happens: Vec::new(),
        findings: Vec::new(),
    };
    Ok(Answer(plans::outcome(outcome.unwrap_or_else(nothing))))
}
