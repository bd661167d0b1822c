//! `GET /v1/connections/{connection}/orphans`: accounts of nobody.

use axum::Json as Answer;
use axum::extract::State;
use tenure_api::{OrphanView, Page, PageQuery};
use tenure_app::reconcile::show::orphans;
use tenure_model::{ConnectionName, NativeId, Observation};

use crate::http::v1::Doors;
use crate::http::{Caller, Place, Query, Refusal};

pub(crate) async fn handler(
    State(doors): State<Doors>,
    Caller(actor): Caller,
    Place(connection): Place<ConnectionName>,
    Query(asked): Query<PageQuery>,
) -> Result<Answer<Page<OrphanView>>, Refusal> {
    let wanted = doors.wanted::<NativeId>("orphans", asked.after, asked.limit)?;
    let found = orphans(&doors.cx(actor), &connection, wanted.after.clone(), wanted.limit()).await?;
    Ok(Answer(wanted.page(found, |seen| seen.native_id.clone(), view)))
}

fn view(seen: Observation) -> OrphanView {
    OrphanView {
        connection: seen.connection,
        native_id: seen.native_id.to_string(),
        name: seen.name,
        state: seen.state.word().to_owned(),
        holds: seen.holds.iter().map(ToString::to_string).collect(),
        first_seen_at: seen.first_seen_at,
    }
}
