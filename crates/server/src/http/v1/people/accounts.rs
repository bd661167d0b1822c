//! `GET /v1/people/{person}/accounts`: the accounts of a person.

use axum::Json as Answer;
use axum::extract::State;
use tenure_api::AccountView;
use tenure_app::people::show::show;

use crate::http::v1::Doors;
use crate::http::{Caller, Place, Refusal};

pub(crate) async fn handler(
    State(doors): State<Doors>,
    Caller(actor): Caller,
    Place(person): Place<String>,
) -> Result<Answer<Vec<AccountView>>, Refusal> {
    let shown = show(&doors.cx(actor), person).await?;
    Ok(Answer(shown.facts.accounts.iter().map(AccountView::from).collect()))
}
