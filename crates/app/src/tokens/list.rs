//! Every token, never its secret.

use tenure_model::TokenId;
use tenure_policy::authz::{Action, Thing};
use tenure_store::tokens::{self, Token};

use crate::cx::Cx;
use crate::error::AppError;

/// Tokens, from after the cursor.
pub async fn list(cx: &Cx, after: Option<TokenId>, limit: usize) -> Result<Vec<Token>, AppError> {
    cx.allow(Action::ListTokens, &Thing::Token { id: None, roles: [].into() })?;
    let job = cx.house.store.read(move |tx| Box::pin(async move { tokens::list(tx, after, limit).await }));
    Ok(job.await?)
}
