//! Entries of the ledger, in the transaction of what they tell of.

use tenure_ledger::{DetailKey, Entry, Fact, Hash, Word};
use tenure_model::{Actor, Clock, Ids};
use tenure_store::ledger::Draft;
use tenure_store::{StoreError, Tx};

/// An entry about something that happened now.
pub fn entry(clock: &dyn Clock, actor: &Actor, what: &str) -> Entry {
    Entry::new(Word::or_hash(what), clock.now(), actor)
}

/// The draft that keeps an entry until it is sealed. An entry that cannot be written as such is
/// replaced by one that says so: what happened is never left out of the record.
pub fn draft(ids: &dyn Ids, entry: &Entry) -> Draft {
    let bytes = entry.to_bytes().or_else(|error| {
        tracing::error!(%error, kind = entry.kind.as_str(), "an entry of the ledger is too large; its hash is kept");
        let hash = Hash::of(serde_json::to_string(entry).unwrap_or_default().as_bytes());
        let actor = entry.actor.clone();
        Entry { actor, ..Entry::new(entry.kind.clone(), entry.at, &Actor::system("ledger")) }
            .with(DetailKey::Payload, Fact::Hash(hash))
            .to_bytes()
    });
    let body = String::from_utf8(bytes.unwrap_or_default()).unwrap_or_default();
    Draft { id: ids.uuid(), at: entry.at, body }
}

/// Writes an entry.
pub async fn write(tx: &mut Tx, ids: &dyn Ids, entry: &Entry) -> Result<(), StoreError> {
    tenure_store::ledger::append(tx, &[draft(ids, entry)]).await
}
