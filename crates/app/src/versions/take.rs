//! Putting a version into force: its documents, its workflows and the entry of the ledger, together.

use tenure_engine::journal::Definition;
use tenure_ledger::{DetailKey, Fact, Hash};
use tenure_model::Actor;
use tenure_store::Tx;
use tenure_store::estates::{self, EstateFile, EstateVersion};
use tenure_store::journal;

use crate::cx::House;
use crate::error::AppError;
use crate::record;

/// Writes a version. If somebody was faster it is a conflict, and nothing is written.
pub async fn take(
    house: &House,
    tx: &mut Tx,
    actor: &Actor,
    version: &EstateVersion,
    files: &[EstateFile],
    definitions: Vec<Definition>,
) -> Result<(), AppError> {
    estates::insert(tx, version, files).await?;
    journal::define(tx, definitions).await?;
    let entry = record::entry(house.clock.as_ref(), actor, "estate.applied")
        .with(DetailKey::Count, version.version)
        .with(DetailKey::Payload, Fact::Hash(Hash::of(version.hash.as_bytes())));
    record::write(tx, house.ids.as_ref(), &entry).await?;
    Ok(())
}
