//! `GET /v1/runs/{run}/replay`: a run read again from its records, up to a moment.

use axum::Json as Answer;
use axum::extract::State;
use serde::Deserialize;
use tenure_api::{ReplayView, StepView};
use tenure_app::runs::replay::{Replayed, replay};
use tenure_model::RunId;

use crate::http::v1::Doors;
use crate::http::v1::runs::show::{stand, wait};
use crate::http::{Caller, Place, Query, Refusal};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    until: Option<u32>,
}

pub(crate) async fn handler(
    State(doors): State<Doors>,
    Caller(actor): Caller,
    Place(run): Place<RunId>,
    Query(asked): Query<Asked>,
) -> Result<Answer<ReplayView>, Refusal> {
    Ok(Answer(view(replay(&doors.cx(actor), run, asked.until.map(i64::from)).await?)))
}

fn view(found: Replayed) -> ReplayView {
    let (through, at) = found.through;
    let steps = found.state.nodes.iter().map(|(id, node)| StepView { node: id.clone(), stood: stand(node) });
    ReplayView {
        id: found.row.id,
        through,
        of: found.row.seq,
        at,
        status: found.status.word().to_owned(),
        reason: Some(found.note).filter(|note| !note.is_empty()),
        steps: steps.collect(),
        waits: found.waits.into_iter().map(wait).collect(),
        agrees: (through == found.row.seq || found.differs.is_some()).then_some(found.differs.is_none()),
        differs: found.differs,
    }
}
