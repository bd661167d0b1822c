//! `GET /v1/access/who`: who has something, by rules or by grants.

use axum::Json as Answer;
use axum::extract::State;
use serde::Deserialize;
use tenure_api::{HolderView, Page};
use tenure_app::access::who::{Holder, who};
use tenure_model::PersonId;

use crate::http::v1::Doors;
use crate::http::{Caller, Query, Refusal};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    connection: String,
    entitlement: String,
    after: Option<String>,
    limit: Option<u32>,
}

pub(crate) async fn handler(
    State(doors): State<Doors>,
    Caller(actor): Caller,
    Query(asked): Query<Asked>,
) -> Result<Answer<Page<HolderView>>, Refusal> {
    let name = super::named(&asked.connection, asked.entitlement)?;
    let wanted = doors.wanted::<PersonId>("holders", asked.after, asked.limit)?;
    let found = who(&doors.cx(actor), name, wanted.after, wanted.limit()).await?;
    Ok(Answer(wanted.page(found, |holder| holder.who.person, view)))
}

fn view(holder: Holder) -> HolderView {
    let Holder { who, roles, held } = holder;
    HolderView { person: who.person, display_name: who.display_name, roles, held }
}
