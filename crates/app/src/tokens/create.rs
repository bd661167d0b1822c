//! Making a token.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::ToSpan as _;
use tenure_model::{Role, TokenId, new_id};
use tenure_policy::authz::{Action, Thing};
use tenure_store::tokens::{self, Opens, Token};

use crate::cx::Cx;
use crate::error::AppError;
use crate::{limits, record};

/// Keeps a new token under the hash of its secret.
pub async fn create(
    cx: &Cx,
    owner: String,
    opens: Opens,
    days: Option<i64>,
    hash: [u8; 32],
) -> Result<Token, AppError> {
    let roles: BTreeSet<Role> = match &opens {
        Opens::Roles(roles) => roles.clone(),
        Opens::Source(_) => BTreeSet::new(),
    };
    cx.allow(Action::CreateToken, &Thing::Token { id: None, roles })?;
    if let Opens::Source(connection) = &opens
        && !cx.house.estate().connections.get(connection).is_some_and(|known| known.is_source)
    {
        let reason = format!("`{connection}` is not a connection that delivers events");
        return Err(AppError::Invalid { pointer: "/connection", reason });
    }
    let days = days.unwrap_or(limits::TOKEN_DAYS_USUAL);
    if !(1..=limits::TOKEN_DAYS_MAX).contains(&days) {
        let reason = format!("a token is good for 1 to {} days", limits::TOKEN_DAYS_MAX);
        return Err(AppError::Invalid { pointer: "/days", reason });
    }
    let now = cx.house.clock.now();
    let id: TokenId = new_id(cx.house.ids.as_ref());
    let expires_at = now.checked_add((days * 24).hours()).map_err(|error| AppError::Corrupt(error.to_string()))?;
    let token = Token { id, owner, opens, scopes: BTreeSet::new(), created_at: now, expires_at, revoked_at: None };
    let entry = record::entry(cx.house.clock.as_ref(), &cx.actor, "token.created").about(id);
    let (kept, house) = (token.clone(), Arc::clone(&cx.house));
    let job = cx.house.store.write(move |tx| {
        Box::pin(async move {
            tokens::insert(tx, &kept, &hash).await?;
            record::write(tx, house.ids.as_ref(), &entry).await
        })
    });
    job.await?;
    Ok(token)
}
