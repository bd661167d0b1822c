//! `GET /v1/held/{held}/removals`: what a held set would take away, by person.

use axum::Json as Answer;
use axum::extract::State;
use tenure_api::{Page, PageQuery, RemovalView};
use tenure_app::brakes::show::removals_of;
use tenure_model::HeldId;

use crate::http::v1::Doors;
use crate::http::{Caller, Place, Query, Refusal};

pub(crate) async fn handler(
    State(doors): State<Doors>,
    Caller(actor): Caller,
    Place(id): Place<HeldId>,
    Query(asked): Query<PageQuery>,
) -> Result<Answer<Page<RemovalView>>, Refusal> {
    let wanted = doors.wanted("removals", asked.after, asked.limit)?;
    let found = removals_of(&doors.cx(actor), id, wanted.after, wanted.limit()).await?;
    let view = |(row, name): (tenure_store::removals::Removal, String)| RemovalView {
        person: row.person,
        name,
        connection: row.connection.to_string(),
        kind: row.kind,
        what: row.what,
        at: row.at,
        let_at: row.let_at,
    };
    Ok(Answer(wanted.page(found, |(row, _)| (row.person, row.id), view)))
}
