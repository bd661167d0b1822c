//! Ending a token.

use std::sync::Arc;

use tenure_model::TokenId;
use tenure_policy::authz::{Action, Thing};
use tenure_store::tokens;

use crate::cx::Cx;
use crate::error::AppError;
use crate::record;

/// Ends a token at once. Ending it again changes nothing.
pub async fn revoke(cx: &Cx, token: TokenId) -> Result<(), AppError> {
    cx.allow(Action::RevokeToken, &Thing::Token { id: Some(token), roles: [].into() })?;
    let now = cx.house.clock.now();
    let entry = record::entry(cx.house.clock.as_ref(), &cx.actor, "token.revoked").about(token);
    let house = Arc::clone(&cx.house);
    let job = cx.house.store.write(move |tx| {
        Box::pin(async move {
            if !tokens::revoke(tx, token, now).await? {
                return Err(AppError::no("token", token));
            }
            record::write(tx, house.ids.as_ref(), &entry).await?;
            Ok(())
        })
    });
    job.await
}
