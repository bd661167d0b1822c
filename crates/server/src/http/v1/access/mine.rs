//! `GET /v1/access/mine`: rules that would explain who holds something.

use axum::Json as Answer;
use axum::extract::State;
use serde::Deserialize;
use tenure_api::{MinedView, ProposalView};
use tenure_app::access::Named;
use tenure_app::access::mine::{Proposed, mine};

use crate::http::v1::Doors;
use crate::http::{Caller, Query, Refusal};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    connection: String,
    entitlement: String,
}

pub(crate) async fn handler(
    State(doors): State<Doors>,
    Caller(actor): Caller,
    Query(asked): Query<Asked>,
) -> Result<Answer<MinedView>, Refusal> {
    let name = super::named(&asked.connection, asked.entitlement)?;
    let mined = mine(&doors.cx(actor), name).await?;
    let proposals = mined.proposals.into_iter().map(view).collect();
    Ok(Answer(MinedView { holders: mined.holders as u64, proposals }))
}

fn view(proposed: Proposed) -> ProposalView {
    let names = |named: Vec<Named>| named.into_iter().map(|one| one.display_name).collect();
    ProposalView {
        when: proposed.when,
        fits: proposed.fits as u64,
        hits: proposed.hits as u64,
        precision: proposed.precision as u64,
        recall: proposed.recall as u64,
        would_gain: proposed.would_gain.0 as u64,
        who_would_gain: names(proposed.would_gain.1),
        left_over: proposed.left_over.0 as u64,
        who_is_left_over: names(proposed.left_over.1),
    }
}
