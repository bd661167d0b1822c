//! Attributes from facts: what the sources say of a person at one moment.
//!
//! Each value counts from a moment: when it was told, or from the day that a transfer names. Of
//! those that have begun the one that began last counts; of two that began together, the one that
//! was told later.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::Fact;
use crate::engagement::Zone;
use crate::event::EventKind;
use crate::ids::EventId;
use crate::name::ConnectionName;
use crate::value::{Attributes, Value};

/// What a source says of one attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// The value; [`Value::Cleared`] if there is none any more.
    pub value: Value,
    /// Since when it counts.
    pub since: Timestamp,
    /// Who says so.
    pub source: ConnectionName,
    /// In which event.
    pub event: EventId,
}

/// What is said of each attribute, source by source.
pub type Sayings = BTreeMap<String, BTreeMap<ConnectionName, Said>>;

/// What each source says now. `zone` tells where the days of a source's person begin.
pub fn sayings(facts: &[Fact], zone: impl Fn(&Fact) -> Zone, now: Timestamp) -> Sayings {
    let mut said: BTreeMap<String, BTreeMap<ConnectionName, (usize, Said)>> = BTreeMap::new();
    for (place, fact) in facts.iter().enumerate() {
        let since = counts_from(fact, || zone(fact));
        if since > now {
            continue;
        }
        for (name, value) in told(fact) {
            let next = Said { value, since, source: fact.source.clone(), event: fact.event };
            let known = said.entry(name).or_default();
            if known.get(&fact.source).is_none_or(|(before, known)| (known.since, *before) <= (since, place)) {
                known.insert(fact.source.clone(), (place, next));
            }
        }
    }
    let bare = |of: BTreeMap<ConnectionName, (usize, Said)>| of.into_iter().map(|(who, (_, said))| (who, said));
    said.into_iter().map(|(name, of)| (name, bare(of).collect())).collect()
}

/// What all sources together say: of several the one that spoke last counts.
pub fn attributes(sayings: &Sayings) -> Attributes {
    let newest = |of: &BTreeMap<ConnectionName, Said>| {
        of.values().max_by_key(|said| (said.since, &said.source)).map(|said| said.value.clone())
    };
    sayings.iter().filter_map(|(name, of)| Some((name.clone(), newest(of)?))).collect()
}

/// When a fact begins to count.
pub fn counts_from(fact: &Fact, zone: impl FnOnce() -> Zone) -> Timestamp {
    match &fact.kind {
        EventKind::PersonTransferred { from: day, .. } | EventKind::EmploymentConverted { first_day: day, .. } => {
            zone().start_of(*day)
        }
        EventKind::EmploymentStarted { .. }
        | EventKind::EmploymentStated { .. }
        | EventKind::EmploymentEnded { .. }
        | EventKind::EmploymentRescinded
        | EventKind::PersonChanged { .. }
        | EventKind::LeaveStarted { .. }
        | EventKind::LeaveEnded { .. }
        | EventKind::Custom { .. } => fact.as_of.unwrap_or(Timestamp::UNIX_EPOCH),
    }
}

/// What a fact says of the person, together with the key by which it names them.
fn told(fact: &Fact) -> Attributes {
    let mut told = fact.kind.attributes().cloned().unwrap_or_default();
    if fact.kind.introduces() {
        told.entry(fact.subject.attribute.clone()).or_insert_with(|| fact.subject.value.clone().into());
    }
    if let EventKind::EmploymentConverted { new_key: Some(key), .. } = &fact.kind {
        told.insert(fact.subject.attribute.clone(), Value::Text(key.clone()));
    }
    told
}
