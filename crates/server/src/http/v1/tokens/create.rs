//! `POST /v1/tokens`: makes a token and shows its secret, this once.

use axum::Json as Answer;
use axum::extract::State;
use axum::http::{HeaderName, StatusCode, header};
use secrecy::ExposeSecret as _;
use tenure_api::wire::token::TokenScope;
use tenure_api::{TokenCreated, TokenIn};
use tenure_app::tokens::create::create;
use tenure_store::tokens::Opens;

use crate::http::v1::{Doors, tokens};
use crate::http::{Caller, Json, Refusal};
use crate::token::issue;

type Created = (StatusCode, [(HeaderName, &'static str); 1], Answer<TokenCreated>);

pub(crate) async fn handler(
    State(doors): State<Doors>,
    Caller(actor): Caller,
    Json(wish): Json<TokenIn>,
) -> Result<Created, Refusal> {
    let parts = wish.parts().map_err(Refusal::fields)?;
    let opens = match parts.scope {
        TokenScope::Roles(roles) => Opens::Roles(roles),
        TokenScope::Source(connection) => Opens::Source(connection),
    };
    let (secret, hash) = issue(doors.house.ids.as_ref());
    let token = create(&doors.cx(actor), parts.name, opens, Some(i64::from(parts.days)), *hash.bytes()).await?;
    let created = TokenCreated { token: tokens::view(token), secret: secret.expose_secret().to_owned() };
    Ok((StatusCode::CREATED, [(header::CACHE_CONTROL, "no-store")], Answer(created)))
}
