//! Who works somewhere else by now: what the sources said of somebody's place, moment by moment, from the
//! same facts and by the same authority as what holds of them.
//!
//! A move is that something which says where somebody works was one thing and became another: an attribute
//! that the settings name (`owners.moved_by`), or any that a transfer speaks of. It is no move that it becomes
//! known, that a manager is replaced who left, or that somebody is back where they were.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use tenure_model::history::{attributes, in_order};
use tenure_model::{Engagement, EventKind, Fact, IdentityKind, Person, Value};
use tenure_store::{StoreError, Tx, engagements, facts, people};

use crate::cx::House;
use crate::estate::Estate;
use crate::limits::{MOVE_MOMENTS_MAX, MOVE_WITHIN};
use crate::people::settle::{statements, zone_of};
use crate::people::show::named;
use crate::tasks::succeed::{MANAGER, has_gone};

/// What says where somebody works where no settings are.
const USUAL: [&str; 6] = ["costCenter", "department", "jobTitle", MANAGER, "orgUnit", "title"];

/// What says where somebody works, unless the settings say otherwise.
pub fn usual() -> BTreeSet<String> {
    USUAL.map(str::to_owned).into()
}

/// That somebody moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Move {
    /// Since when the first part of it is so.
    pub(super) at: Timestamp,
    /// Since when we know.
    pub(super) known_at: Timestamp,
    changes: Vec<Change>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Change {
    attribute: String,
    from: Said,
    to: Said,
}

/// A value, and of which attribute of another person it is one.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Said {
    text: String,
    refers_by: Option<String>,
}

type Place = BTreeMap<String, Said>;

/// What was so of somebody's place from a moment on.
struct Step {
    at: Timestamp,
    known_at: Timestamp,
    place: Place,
}

impl Move {
    /// What changed, in words.
    pub(super) fn in_words(&self) -> String {
        let one =
            |change: &Change| format!("{} is `{}` and was `{}`", change.attribute, change.to.text, change.from.text);
        self.changes.iter().map(one).collect::<Vec<_>>().join("; ")
    }
}

/// The last move of somebody that has come to pass.
pub(super) async fn last_move(
    house: &House,
    tx: &mut Tx,
    estate: &Estate,
    person: &Person,
) -> Result<Option<Move>, StoreError> {
    let told = facts::of_person(tx, person.id).await?;
    let theirs = engagements::of_person(tx, person.id).await?;
    let facts: Vec<Fact> = told.into_iter().map(|(fact, _)| fact).collect();
    let steps = steps(estate, person.kind, &house.moved_by, facts, &theirs, house.clock.now());
    for mut found in moves(&steps) {
        let mut kept = Vec::new();
        for change in found.changes {
            kept.extend(of_people(tx, change, house.clock.now()).await?);
        }
        found.changes = kept;
        if !found.changes.is_empty() {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// What was so of somebody's place, from each moment at which anything was told of it.
fn steps(
    estate: &Estate,
    kind: IdentityKind,
    moved_by: &BTreeSet<String>,
    mut facts: Vec<Fact>,
    engagements: &[Engagement],
    now: Timestamp,
) -> Vec<Step> {
    let spoken = |fact: &Fact| -> BTreeSet<String> {
        fact.kind.attributes().map(|told| told.keys().cloned().collect()).unwrap_or_default()
    };
    let mut wanted = moved_by.clone();
    wanted.extend(facts.iter().filter(|fact| is_transfer(fact)).flat_map(spoken));
    facts.retain(|fact| spoken(fact).iter().any(|name| wanted.contains(name)));
    in_order(&mut facts);
    let begins = |fact: &Fact| match fact.as_of {
        // A source that only counts does not say when, so that it is when we heard it.
        None if !is_transfer(fact) => fact.learnt_at,
        Some(_) | None => attributes::counts_from(fact, || zone_of(fact, engagements)),
    };
    let moments: BTreeSet<Timestamp> = facts.iter().map(begins).filter(|at| *at <= now).collect();
    let skipped = moments.len().saturating_sub(MOVE_MOMENTS_MAX);
    let step = |at: Timestamp| {
        let known: Vec<Fact> = facts.iter().filter(|fact| begins(fact) <= at).cloned().collect();
        let learnt = facts.iter().filter(|fact| begins(fact) == at).map(|fact| fact.learnt_at).max();
        let sayings = attributes::sayings(&known, |fact| zone_of(fact, engagements), at);
        let merged = estate.authorities.merge(kind, statements(estate, &known, sayings));
        let place = merged.attributes.into_iter().filter_map(|(name, held)| {
            let by = held.by.filter(|by| wanted.contains(&name) && by.value != Value::Cleared)?;
            Some((name, Said { text: by.value.to_string(), refers_by: by.refers_by }))
        });
        Step { at, known_at: learnt.map_or(at, |learnt| learnt.max(at)), place: place.collect() }
    };
    moments.into_iter().skip(skipped).map(step).collect()
}

fn is_transfer(fact: &Fact) -> bool {
    matches!(fact.kind, EventKind::PersonTransferred { .. })
}

/// The moves that these steps come to, the last one first. What changes within a few days of the first part
/// of a move belongs to it.
fn moves(steps: &[Step]) -> Vec<Move> {
    let mut groups: Vec<(usize, usize)> = Vec::new();
    for (here, pair) in steps.windows(2).enumerate() {
        let [before, after] = pair else { continue };
        if changes(&before.place, &after.place).is_empty() {
            continue;
        }
        let begun = groups.last().and_then(|(first, _)| steps.get(*first + 1));
        match groups.last_mut() {
            Some((_, last)) if begun.is_some_and(|begun| after.at.duration_since(begun.at) <= MOVE_WITHIN) => {
                *last = here + 1;
            }
            _ => groups.push((here, here + 1)),
        }
    }
    let of = |(first, last): (usize, usize)| {
        let (before, begun, end) = (steps.get(first)?, steps.get(first + 1)?, steps.get(last)?);
        let changes = changes(&before.place, &end.place);
        let known_at = steps.get(first + 1..=last)?.iter().map(|step| step.known_at).max()?;
        (!changes.is_empty()).then_some(Move { at: begun.at, known_at, changes })
    };
    groups.into_iter().rev().filter_map(of).collect()
}

/// What was one thing and became another.
fn changes(before: &Place, after: &Place) -> Vec<Change> {
    let both = before.iter().filter_map(|(name, from)| Some((name, from, after.get(name)?)));
    let differs = both.filter(|(_, from, to)| from != to);
    differs.map(|(name, from, to)| Change { attribute: name.clone(), from: from.clone(), to: to.clone() }).collect()
}

/// A change with the names of the people whom it speaks of. Another key of the same person is no change, and
/// neither is another manager because the one before has left.
async fn of_people(tx: &mut Tx, change: Change, now: Timestamp) -> Result<Option<Change>, StoreError> {
    let is_manager = change.attribute == MANAGER;
    if !is_manager && change.from.refers_by.is_none() && change.to.refers_by.is_none() {
        return Ok(Some(change));
    }
    let (from, to) = (meant(tx, &change.from).await?, meant(tx, &change.to).await?);
    if let (Some(from), Some(to)) = (&from, &to)
        && from.id == to.id
    {
        return Ok(None);
    }
    if let Some(from) = &from
        && is_manager
        && has_gone(tx, from, now).await?
    {
        return Ok(None);
    }
    let called = |person: Option<Person>, said: Said| Said {
        text: person.map_or(said.text, |person| person.display_name),
        refers_by: said.refers_by,
    };
    Ok(Some(Change { from: called(from, change.from), to: called(to, change.to), ..change }))
}

async fn meant(tx: &mut Tx, said: &Said) -> Result<Option<Person>, StoreError> {
    let Some(attribute) = &said.refers_by else { return named(tx, &said.text).await };
    let mut found = people::find_by_key(tx, attribute, &said.text).await?;
    Ok(if found.len() == 1 { found.pop() } else { None })
}
