//! `GET /v1/people/{person}/why`: why a person has what they have.

use axum::Json as Answer;
use axum::extract::State;
use jiff::Timestamp;
use serde::Deserialize;
use tenure_api::{WhyLink, WhyView};
use tenure_app::people::why::{Because, Why, why};

use crate::http::v1::Doors;
use crate::http::{Caller, Place, Query, Refusal};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    access: Option<String>,
    at: Option<Timestamp>,
}

pub(crate) async fn handler(
    State(doors): State<Doors>,
    Caller(actor): Caller,
    Place(person): Place<String>,
    Query(asked): Query<Asked>,
) -> Result<Answer<WhyView>, Refusal> {
    let found = why(&doors.cx(actor), person, asked.access.clone(), asked.at).await?;
    Ok(Answer(view(found, asked.access)))
}

fn view(why: Why, access: Option<String>) -> WhyView {
    let name = &why.person.display_name;
    let answer = match why.because.as_slice() {
        [] => format!("{name} has nothing of this, and nothing speaks for it"),
        [only] => format!("{name}: {} is {}", only.access, only.state),
        several => format!("{name}: {} answers", several.len()),
    };
    let (at, same) = why.replayed.unzip();
    WhyView { person: why.id(), access, answer, at, same, chain: why.because.into_iter().flat_map(links).collect() }
}

/// The answer itself, then its reasons from the outermost in.
fn links(because: Because) -> Vec<WhyLink> {
    let Because { access, state, chain, since } = because;
    let head = WhyLink { kind: "access".to_owned(), id: access, says: state, at: since };
    let reasons =
        chain.into_iter().map(|link| WhyLink { kind: link.kind.to_owned(), id: link.id, says: link.says, at: link.at });
    std::iter::once(head).chain(reasons).collect()
}
