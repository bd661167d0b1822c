//! The one door by which workflows begin for people, whatever starts them.
//!
//! It is asked in the transaction of what happened, so that a run begins exactly when that is
//! written. Which workflows are meant is decided in [`super::start`], and whether one begins too
//! often in [`crate::brakes::starts`].

use tenure_engine::message::{self, Start};
use tenure_model::{PersonId, RunId, new_id};
use tenure_policy::PersonFacts;
use tenure_store::{StoreError, Tx, journal};

use super::awaits;
use super::start::{self, Happened};
use crate::brakes::starts::admit;
use crate::cx::House;
use crate::people::facts;
use crate::runs::alone;

/// Why runs begin, for their letters.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cause<'a> {
    /// Who says so.
    pub source: &'a str,
    /// What they call it.
    pub external: &'a str,
    /// What the runs are called.
    pub names: Names<'a>,
}

/// What runs are called.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Names<'a> {
    /// Each time something new: whoever asks, asks once.
    New,
    /// By these words, the person and the workflow: asked twice, there is one.
    After(&'a str),
}

/// A run that is to begin for somebody.
#[derive(Debug, Clone)]
pub(crate) struct Beginning {
    /// What it is called.
    pub run: RunId,
    /// For whom.
    pub person: PersonId,
    /// What it begins with.
    pub start: Start,
}

/// Begins what this starts for somebody of whom so much is known, and tells what waits for it. Says
/// which runs began.
pub(crate) async fn begin(
    house: &House,
    tx: &mut Tx,
    person: PersonId,
    known: Option<&PersonFacts>,
    happened: &Happened,
    cause: Cause<'_>,
) -> Result<Vec<RunId>, StoreError> {
    awaits::happened(house, tx, person, &happened.event, happened.body()).await?;
    let starts = start::of(&house.estate(), person, known, happened, house.clock.now());
    let beginnings = starts.into_iter().map(|start| beginning(house, person, start, cause.names)).collect();
    send(house, tx, beginnings, cause).await
}

/// The same for people of whom nothing was loaded, which is done where it is asked for.
pub(crate) async fn for_people(
    house: &House,
    tx: &mut Tx,
    people: &[PersonId],
    happened: &Happened,
    cause: Cause<'_>,
) -> Result<Vec<RunId>, StoreError> {
    let (estate, now) = (house.estate(), house.clock.now());
    let asks = start::asks_about_people(&estate, &happened.event);
    let mut known = if asks { facts::of_people(tx, people).await? } else { Vec::new() };
    facts::add_sign_ins(tx, &estate, &mut known).await?;
    known.sort_by_key(|facts| facts.person.id);
    let mut beginnings = Vec::new();
    for person in people.iter().copied() {
        awaits::happened(house, tx, person, &happened.event, happened.body()).await?;
        let facts = known.binary_search_by_key(&person, |facts| facts.person.id).ok();
        let facts = facts.and_then(|place| known.get(place));
        let starts = start::of(&estate, person, facts, happened, now);
        beginnings.extend(starts.into_iter().map(|start| beginning(house, person, start, cause.names)));
    }
    send(house, tx, beginnings, cause).await
}

/// A run of this start for somebody, under the name that the cause gives it.
pub(crate) fn beginning(house: &House, person: PersonId, start: Start, names: Names<'_>) -> Beginning {
    let run = match names {
        Names::New => new_id(house.ids.as_ref()),
        Names::After(words) => alone::named(&format!("{words}/{person}/{}", start.name)),
    };
    Beginning { run, person, start }
}

/// Begins these runs, as far as the brake on workflows lets them. Says which began.
pub(crate) async fn send(
    house: &House,
    tx: &mut Tx,
    beginnings: Vec<Beginning>,
    cause: Cause<'_>,
) -> Result<Vec<RunId>, StoreError> {
    if beginnings.is_empty() {
        return Ok(Vec::new());
    }
    let beginnings = admit(house, tx, beginnings, cause).await?;
    send_seen(house, tx, beginnings, cause).await
}

/// Begins these runs without the brake, which neither counts nor holds them: a human saw how many
/// they are and said that they are meant. Says which began.
pub(crate) async fn send_seen(
    house: &House,
    tx: &mut Tx,
    beginnings: Vec<Beginning>,
    cause: Cause<'_>,
) -> Result<Vec<RunId>, StoreError> {
    let now = house.clock.now();
    let runs = beginnings.iter().map(|one| one.run).collect();
    let letter = |Beginning { run, start, .. }| message::start(run, start, cause.source, cause.external, now);
    let letters: Vec<_> = beginnings.into_iter().map(letter).collect();
    journal::send(tx, &letters).await?;
    Ok(runs)
}
