//! `GET /v1/held/{held}/starts`: the starts of a workflow that a held set holds, or held.

use axum::Json as Answer;
use axum::extract::State;
use tenure_api::{Page, PageQuery, StartView};
use tenure_app::brakes::starts::list;
use tenure_model::HeldId;
use tenure_store::starts::HeldStart;

use crate::http::v1::Doors;
use crate::http::{Caller, Place, Query, Refusal};

pub(crate) async fn handler(
    State(doors): State<Doors>,
    Caller(actor): Caller,
    Place(id): Place<HeldId>,
    Query(asked): Query<PageQuery>,
) -> Result<Answer<Page<StartView>>, Refusal> {
    let wanted = doors.wanted("starts", asked.after, asked.limit)?;
    let found = list(&doors.cx(actor), id, wanted.after, wanted.limit()).await?;
    let view = |(row, name): (HeldStart, String)| StartView {
        run: row.run,
        person: row.person,
        name,
        workflow: row.workflow,
        at: row.at,
        state: row.state.word().to_owned(),
    };
    Ok(Answer(wanted.page(found, |(row, _)| row.run, view)))
}
