//! Tokens of the API. A secret is made here, shown once and never kept.

pub(super) mod create;
pub(super) mod list;
pub(super) mod revoke;

use tenure_api::TokenView;
use tenure_store::tokens::{Opens, Token};

fn view(token: Token) -> TokenView {
    let (roles, connection) = match token.opens {
        Opens::Roles(roles) => (roles.iter().map(ToString::to_string).collect(), None),
        Opens::Source(connection) => (Vec::new(), Some(connection.to_string())),
    };
    TokenView {
        id: token.id,
        name: token.owner,
        roles,
        connection,
        created_at: token.created_at,
        expires_at: token.expires_at,
        revoked_at: token.revoked_at,
    }
}
