//! `POST /v1/connections/{connection}/orphans`: adopts, links or disables an account of nobody.

use axum::Json as Answer;
use axum::extract::State;
use axum::http::StatusCode;
use tenure_api::{OrphanIn, SettledView};
use tenure_app::Cx;
use tenure_app::drift::{adopt, disable, link};
use tenure_model::ConnectionName;

use crate::http::v1::Doors;
use crate::http::{Caller, Json, Place, Refusal};

pub(crate) async fn handler(
    State(doors): State<Doors>,
    Caller(actor): Caller,
    Place(connection): Place<ConnectionName>,
    Json(wanted): Json<OrphanIn>,
) -> Result<(StatusCode, Answer<SettledView>), Refusal> {
    let settled = settle(&doors.cx(actor), connection, wanted).await?;
    Ok((StatusCode::ACCEPTED, Answer(settled)))
}

async fn settle(cx: &Cx, connection: ConnectionName, wanted: OrphanIn) -> Result<SettledView, Refusal> {
    Ok(match wanted {
        OrphanIn::Adopt { account, sponsor, reason } => {
            let adopted = adopt::adopt(cx, connection, account, sponsor, reason).await?;
            SettledView { person: Some(adopted.person.id), account: Some(adopted.account.id), runs: Vec::new() }
        }
        OrphanIn::Link { account, person } => {
            let linked = link::link(cx, connection, account, person).await?;
            SettledView { person: Some(person), account: Some(linked.account.id), runs: linked.runs }
        }
        OrphanIn::Disable { account, reason } => {
            let run = disable::disable(cx, connection, account, reason).await?;
            SettledView { person: None, account: None, runs: vec![run] }
        }
    })
}
