//! An edited mapping makes something else of records that did not change. With the next reading of the
//! source they are mapped again, once, and what they say otherwise by now is taken in; what the same
//! mapping has read before is not looked at again.

use sha2::{Digest as _, Sha256};
use tenure_model::{Attributes, ConnectionName, Statement, Strength, Value};
use tenure_policy::Mapping;
use tenure_store::{StoreError, Tx, settings};

use crate::estate::{Estate, hex};

/// What of a mapping decides what it makes of a record. How firmly it says it counts at once.
fn digest(mapping: &Mapping) -> String {
    let set: Vec<_> = mapping.set.iter().map(|(name, one)| (name, one.value.text(), &one.kind)).collect();
    let key = mapping.key.as_ref().map(tenure_policy::Expression::text);
    hex(&Sha256::digest(format!("{:?} {:?} {key:?} {set:?}", mapping.record, mapping.matching)))
}

/// Whether two mappings make the same of every record.
pub(crate) fn is_same(one: Option<&Mapping>, other: Option<&Mapping>) -> bool {
    match (one, other) {
        (None, None) => true,
        (Some(one), Some(other)) => digest(one) == digest(other),
        (Some(_), None) | (None, Some(_)) => false,
    }
}

/// The mapping of a source, as it is noted once a reading went through it.
pub(super) fn mark(estate: &Estate, source: &ConnectionName) -> String {
    estate.mappings.get(source).map(digest).unwrap_or_default()
}

fn place(source: &ConnectionName) -> String {
    format!("mapped/{source}")
}

/// Whether the source was read last with another mapping than this. Where none is noted it was not.
pub(super) async fn is_due(tx: &mut Tx, source: &ConnectionName, mark: &str) -> Result<bool, StoreError> {
    Ok(settings::get(tx, &place(source)).await?.is_some_and(|noted| noted != mark))
}

/// Notes that a reading went through this mapping.
pub(super) async fn note(tx: &mut Tx, source: &ConnectionName, mark: &str) -> Result<(), StoreError> {
    if settings::get(tx, &place(source)).await?.as_deref() == Some(mark) {
        return Ok(());
    }
    settings::put(tx, &place(source), mark).await
}

/// What a source says otherwise than it is known to have said. What is only said to begin with stays.
pub(crate) fn news(said: &[Statement], source: &ConnectionName, mut now: Attributes) -> Attributes {
    now.retain(|name, value| {
        let known = said.iter().find(|known| known.source == *source && known.attribute == *name);
        match known {
            Some(known) if known.strength == Strength::Initial => false,
            Some(known) => known.value != *value,
            None => *value != Value::Cleared,
        }
    });
    now
}
