//! Reading connected systems again and again, and telling what somebody else changed there.
//!
//! A reading ([`whole`] or [`follow`]) asks the system, holds each account against the hash of
//! what was last seen, and hands only what differs to [`judge`], which writes it in one
//! transaction with what follows from it. It never writes to the system: that is done by runs,
//! which [`act`] starts where the document says so. Who reads when is decided in [`turn`].

pub mod act;
pub mod ask;
mod follow;
mod judge;
mod known;
mod missing;
pub mod show;
pub mod turn;
mod whole;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use tenure_model::{AccountId, AccountState, Attributes, ConnectionName, NativeId, Observation, Observed};
use tenure_policy::AccountTemplate;

use crate::cx::House;

/// What is kept of what was seen of an account. Nothing where the system gave it no id.
pub(crate) fn observation(
    house: &House,
    connection: &ConnectionName,
    account: Option<AccountId>,
    seen: &Observed,
) -> Option<Observation> {
    let native_id = seen.native_id.clone()?;
    let no_template = AccountTemplate::default();
    let estate = house.estate();
    let template = estate.rules.targets.get(connection).map_or(&no_template, |target| &target.template);
    let attributes = match estate.connections.get(connection) {
        Some(known) => known.watching.watched(template, &seen.attributes),
        None => Attributes::new(),
    };
    // What a read does not find was there, or it would have no id.
    let state = if seen.state == AccountState::Absent { AccountState::Gone } else { seen.state };
    let hash = fingerprint(&seen.name, state, &seen.holds, &attributes);
    Some(Observation {
        connection: connection.clone(),
        native_id,
        account,
        name: seen.name.clone(),
        state,
        holds: seen.holds.clone(),
        attributes,
        hash,
        first_seen_at: seen.at,
        seen_at: seen.at,
    })
}

/// The hash of everything that is watched. The same content has the same one, in any order.
fn fingerprint(
    name: &str,
    state: AccountState,
    holds: &std::collections::BTreeSet<NativeId>,
    attributes: &Attributes,
) -> [u8; 16] {
    #[derive(Serialize)]
    struct Content<'a>(
        &'a str,
        AccountState,
        &'a std::collections::BTreeSet<NativeId>,
        BTreeMap<&'a str, tenure_model::Value>,
    );
    // A system gives several values in no order.
    let attributes = attributes.iter().map(|(name, value)| (name.as_str(), in_order(value))).collect();
    let content = serde_json::to_vec(&Content(name, state, holds, attributes)).unwrap_or_default();
    short(&Sha256::digest(&content))
}

fn in_order(value: &tenure_model::Value) -> tenure_model::Value {
    match value {
        tenure_model::Value::List(items) => {
            let mut items = items.clone();
            items.sort();
            tenure_model::Value::List(items)
        }
        other => other.clone(),
    }
}

/// The first half of a hash; enough to notice a change, and half the memory.
fn short(hash: &[u8]) -> [u8; 16] {
    std::array::from_fn(|place| hash.get(place).copied().unwrap_or(0))
}

/// An account as a reading saw it, and when that page was asked for.
#[derive(Debug, Clone)]
struct Sighting {
    seen: Observation,
    asked_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;
    use tenure_model::Value;

    #[test]
    fn a_change_of_any_watched_part_has_another_hash_and_an_order_has_not() {
        let holds = [NativeId::new("staff")].into();
        let list = |items: [&str; 2]| Value::List(items.map(Value::from).into());
        let of = |name: &str, state, holds: &_, value: Value| {
            fingerprint(name, state, holds, &[("mail".to_owned(), value)].into())
        };
        let first = of("a", AccountState::Active, &holds, list(["x", "y"]));
        assert_eq!(first, of("a", AccountState::Active, &holds, list(["y", "x"])));
        for other in [
            of("b", AccountState::Active, &holds, list(["x", "y"])),
            of("a", AccountState::Disabled, &holds, list(["x", "y"])),
            of("a", AccountState::Active, &[].into(), list(["x", "y"])),
            of("a", AccountState::Active, &holds, list(["x", "z"])),
        ] {
            assert_ne!(first, other);
        }
    }
}
