//! Ending a token.

use std::sync::Arc;

use tenure_model::TokenId;
use tenure_policy::authz::{Action, Thing};
use tenure_store::StoreError;
use tenure_store::tokens::{self, Opens};

use crate::cx::Cx;
use crate::error::AppError;
use crate::record;

/// Ends a token at once. Ending it again changes nothing.
pub async fn revoke(cx: &Cx, token: TokenId) -> Result<(), AppError> {
    let found = cx.house.store.read(move |tx| Box::pin(async move { tokens::get(tx, token).await }));
    let known = found.await.map_err(|error: StoreError| AppError::from(error))?;
    // What it opens decides who may end it: an admin must not end an owner's.
    let roles = match known.as_ref().map(|known| &known.opens) {
        Some(Opens::Roles(roles)) => roles.clone(),
        Some(Opens::Source(_)) | None => [].into(),
    };
    cx.allow(Action::RevokeToken, &Thing::Token { id: Some(token), roles })?;
    if known.ok_or_else(|| AppError::no("token", token))?.revoked_at.is_some() {
        return Ok(());
    }
    let now = cx.house.clock.now();
    let entry = record::entry(cx.house.clock.as_ref(), &cx.actor, "token.revoked").about(token);
    let house = Arc::clone(&cx.house);
    let job = cx.house.store.write(move |tx| {
        Box::pin(async move {
            // Somebody else may have ended it in between; then there is nothing to record.
            if tokens::revoke(tx, token, now).await? {
                record::write(tx, house.ids.as_ref(), &entry).await?;
            }
            Ok(())
        })
    });
    job.await
}
