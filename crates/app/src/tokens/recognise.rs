//! Whose token this is.

use tenure_model::Actor;
use tenure_store::StoreError;
use tenure_store::tokens;

use crate::cx::House;

/// What a hash means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recognised {
    /// Nothing.
    Nobody,
    /// It meant somebody once.
    Ended,
    /// It is theirs.
    As(Actor),
}

/// Looks a token up by the hash of its secret.
pub async fn recognise(house: &House, hash: [u8; 32]) -> Result<Recognised, StoreError> {
    let found = house.store.read(move |tx| Box::pin(async move { tokens::find_by_hash(tx, &hash).await })).await?;
    Ok(match found {
        None => Recognised::Nobody,
        Some(token) if token.is_good(house.clock.now()) => Recognised::As(token.actor()),
        Some(_) => Recognised::Ended,
    })
}
