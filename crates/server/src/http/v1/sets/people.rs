//! `GET /v1/sets/{set}/people`: who is in a set, what becomes of each, and why not of some.

use axum::Json as Answer;
use axum::extract::State;
use serde::Deserialize;
use tenure_api::{Page, SetPersonView};
use tenure_app::sets::people::people;
use tenure_model::SetId;
use tenure_store::sets::{SetPerson, SetPersonState};

use crate::http::refusal::word_of;
use crate::http::v1::Doors;
use crate::http::{Caller, Place, Query, Refusal};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    after: Option<String>,
    limit: Option<u32>,
    state: Option<String>,
}

pub(crate) async fn handler(
    State(doors): State<Doors>,
    Caller(actor): Caller,
    Place(set): Place<SetId>,
    Query(asked): Query<Asked>,
) -> Result<Answer<Page<SetPersonView>>, Refusal> {
    let wanted = doors.wanted("set-people", asked.after, asked.limit)?;
    let state =
        asked.state.map(|word| word_of(&word, "state", SetPersonState::ALL, SetPersonState::word)).transpose()?;
    let found = people(&doors.cx(actor), set, state, wanted.after, wanted.limit()).await?;
    Ok(Answer(wanted.page(found, |(one, _)| one.place, view)))
}

fn view((one, name): (SetPerson, Option<String>)) -> SetPersonView {
    SetPersonView {
        place: one.place,
        named: one.named,
        person: one.person,
        name,
        state: one.state.word().to_owned(),
        why: one.why,
        run: one.run,
    }
}
