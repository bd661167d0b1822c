//! `POST /v1/workflows/{workflow}/redraft`: what would have come of the last runs by a draft.

use axum::Json as Answer;
use axum::extract::State;
use tenure_api::{RedraftIn, RedraftView};
use tenure_app::runs::redraft::{Redrafted, redraft};
use tenure_model::Name;

use crate::http::v1::Doors;
use crate::http::{Caller, Json, Place, Refusal};
use crate::limits::REDRAFTED_RUNS_USUAL;

pub(crate) async fn handler(
    State(doors): State<Doors>,
    Caller(actor): Caller,
    Place(workflow): Place<Name>,
    Json(RedraftIn { document, last }): Json<RedraftIn>,
) -> Result<Answer<Vec<RedraftView>>, Refusal> {
    let last = last.map_or(REDRAFTED_RUNS_USUAL, |last| last as usize);
    let played = redraft(&doors.cx(actor), workflow, document, last).await?;
    Ok(Answer(played.into_iter().map(view).collect()))
}

fn view(Redrafted { run, difference, would_end }: Redrafted) -> RedraftView {
    RedraftView {
        run: run.id,
        person: run.lane.split('/').next().and_then(|person| person.parse().ok()),
        started_at: run.started_at,
        same: difference.is_none(),
        ended: run.status.word().to_owned(),
        would_end: would_end.map(|status| status.word().to_owned()),
        more: difference.more,
        less: difference.less,
        given: difference.given,
        untold: difference.untold,
        person_as_now: difference.asks_for_person,
    }
}
