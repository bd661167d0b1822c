//! `DELETE /v1/tokens/{token}`: ends a token at once.

use axum::extract::State;
use axum::http::StatusCode;
use tenure_app::tokens::revoke::revoke;
use tenure_model::TokenId;

use crate::http::v1::Doors;
use crate::http::{Caller, Place, Refusal};

pub(crate) async fn handler(
    State(doors): State<Doors>,
    Caller(actor): Caller,
    Place(token): Place<TokenId>,
) -> Result<StatusCode, Refusal> {
    revoke(&doors.cx(actor), token).await?;
    Ok(StatusCode::NO_CONTENT)
}
