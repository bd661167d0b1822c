//! Brings the rows of a person in line with the facts about them.
//!
//! Nothing here depends on the order in which facts came: everything is worked out anew from all of
//! them (`model::history`), and only what differs is written. Whoever takes in a fact calls this,
//! and so does a timer when a fact begins to count.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::json;
use tenure_model::history::attributes::{Said, Sayings};
use tenure_model::history::{attributes, fold, in_order};
use tenure_model::{
    Attributes, Engagement, EngagementId, EngagementState, Event, EventId, EventKind, Fact, IdentityKind, Ids, Name,
    Person, PersonId, Statement, Strength, Value, Zone, new_id,
};
use tenure_store::cases::{self, Resolution};
use tenure_store::facts::{self, Waiting};
use tenure_store::{Tx, engagements};

use crate::error::AppError;
use crate::estate::Estate;
use crate::people::hold::{Holding, hold};

/// What a person came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Settled {
    /// Who, as they are now.
    pub person: Person,
    /// The engagements before.
    pub before: Vec<Engagement>,
    /// The engagements now.
    pub after: Vec<Engagement>,
    /// What waited for this person and was given to them now.
    pub found: Vec<Waiting>,
    /// Names that only a human can choose: by which generator, and why.
    pub unnamed: Vec<(Name, String)>,
}

/// Works out what the facts about this person come to at this moment, and writes what differs.
#[tracing::instrument(name = "app.people.settle", skip_all)]
pub(crate) async fn settle(
    ids: &dyn Ids,
    estate: &Estate,
    tx: &mut Tx,
    known: Person,
    now: Timestamp,
) -> Result<Settled, AppError> {
    let before = engagements::of_person(tx, known.id).await?;
    let mut found = Vec::new();
    let mut told = facts::of_person(tx, known.id).await?;
    loop {
        let waiting = of_the_same(tx, &known, &told, now).await?;
        if waiting.is_empty() {
            break;
        }
        found.extend(waiting);
        told = facts::of_person(tx, known.id).await?;
    }
    let noted: Vec<(EventId, Timestamp)> = told.iter().map(|(fact, from)| (fact.event, *from)).collect();
    let mut all: Vec<Fact> = told.into_iter().map(|(fact, _)| fact).collect();
    in_order(&mut all);
    let after = rows_of(known.id, &before, &fold::engagements(&before, &all), || new_id(ids));
    write_rows(tx, &before, &after).await?;
    for (event, from) in noted {
        let fact = all.iter().find(|fact| fact.event == event);
        let counts = fact.map_or(from, |fact| attributes::counts_from(fact, || zone_of(fact, &after)));
        if counts != from {
            facts::count_from(tx, event, counts).await?;
        }
    }
    let sayings = attributes::sayings(&all, |fact| zone_of(fact, &after), now);
    let kind = counting(&after, now).map_or(known.kind, |engagement| engagement.kind);
    let Holding { person, unnamed } = hold(estate, tx, known, kind, &statements(estate, &all, sayings), now).await?;
    Ok(Settled { person, before, after, found, unnamed })
}

/// What each source says of somebody with these engagements at this moment, from all facts about them.
pub(crate) async fn said_of(
    estate: &Estate,
    tx: &mut Tx,
    person: PersonId,
    engagements: &[Engagement],
    now: Timestamp,
) -> Result<Vec<Statement>, AppError> {
    let mut all: Vec<Fact> = facts::of_person(tx, person).await?.into_iter().map(|(fact, _)| fact).collect();
    in_order(&mut all);
    let sayings = attributes::sayings(&all, |fact| zone_of(fact, engagements), now);
    Ok(statements(estate, &all, sayings))
}

/// What each source says, as firmly as its mapping has it. What is only said to begin with is the
/// first that was ever said.
pub(crate) fn statements(estate: &Estate, facts: &[Fact], sayings: Sayings) -> Vec<Statement> {
    let all = sayings.into_iter().flat_map(|(name, by)| by.into_values().map(move |said| (name.clone(), said)));
    let statement = |(name, said): (String, Said)| {
        let assignment = estate.mappings.get(&said.source).and_then(|mapping| mapping.set.get(&name));
        let strength = assignment.map_or(Strength::Authority, |assignment| assignment.strength);
        let told = |event| facts.iter().find(|fact: &&Fact| fact.event == event);
        let first = facts.iter().find_map(|fact| {
            let value = fact.kind.attributes()?.get(&name).filter(|value| **value != Value::Cleared)?;
            (fact.source == said.source).then(|| (value.clone(), fact.event))
        });
        let (value, event) = match (strength, first) {
            (Strength::Initial, Some(first)) => first,
            (Strength::Initial | Strength::Default | Strength::Authority, _) => (said.value, said.event),
        };
        // A source that only counts does not say when, so that it is when we heard it.
        let seen_at = told(event).map_or(said.since, |fact| fact.as_of.unwrap_or(fact.learnt_at));
        Statement {
            attribute: name,
            source: said.source,
            value,
            strength,
            refers_by: assignment.and_then(|assignment| assignment.refers_by.clone()),
            seen_at,
            event: Some(event),
        }
    };
    all.map(statement).collect()
}

/// Gives to the person what waited under one of the names that their sources have for them, and
/// closes the questions about it.
async fn of_the_same(
    tx: &mut Tx,
    known: &Person,
    told: &[(Fact, Timestamp)],
    now: Timestamp,
) -> Result<Vec<Waiting>, AppError> {
    let mut names = BTreeSet::new();
    // Only a fact that begins something makes a name known.
    let begins = |fact: &&Fact| fact.kind.introduces() || matches!(fact.kind, EventKind::EmploymentConverted { .. });
    for fact in told.iter().map(|(fact, _)| fact).filter(begins) {
        names.insert((&fact.source, fact.key.as_str()));
        names.insert((&fact.source, fact.subject.value.as_str()));
        if let EventKind::EmploymentConverted { new_key: Some(key), .. } = &fact.kind {
            names.insert((&fact.source, key.as_str()));
        }
    }
    let mut given = Vec::new();
    for (source, key) in names {
        for waiting in facts::waiting(tx, source, key).await? {
            facts::give(tx, waiting.event, Some(known.id)).await?;
            let body = json!({ "answer": "is", "comment": "whom it speaks of became known" }).to_string();
            cases::resolve(tx, waiting.case, &Resolution { at: now, by: "tenure".to_owned(), body }).await?;
            given.push(waiting);
        }
    }
    Ok(given)
}

/// Where the days of a fact begin: where the engagement is that it speaks of.
pub(crate) fn zone_of(fact: &Fact, engagements: &[Engagement]) -> Zone {
    let of_source = engagements.iter().filter(|row| row.source == fact.source);
    let nearest = of_source.max_by_key(|row| (row.key == fact.key, row.primary, row.spell, &row.key));
    nearest.map_or_else(Zone::utc, |row| row.zone.clone())
}

/// The rows that these spells come to, in the order of keys and days; `new` gives an id to what has
/// no row yet.
pub(super) fn rows_of(
    person: PersonId,
    before: &[Engagement],
    wanted: &BTreeMap<fold::Key, Vec<fold::Spell>>,
    mut new: impl FnMut() -> EngagementId,
) -> Vec<Engagement> {
    let mut rows = Vec::new();
    for ((source, key), spells) in wanted {
        for (number, spell) in (1..).zip(spells) {
            let known = before.iter().find(|row| (&row.source, &row.key, row.spell) == (source, key, number));
            if let Some(same) = known.filter(|row| spell.is(row)) {
                rows.push(same.clone());
                continue;
            }
            let fold::Spell { kind, zone, first_day, last_day, leaves, handover, primary, rescinded, cut_at } =
                spell.clone();
            rows.push(Engagement {
                id: known.map_or_else(&mut new, |row| row.id),
                person,
                kind,
                source: source.clone(),
                key: key.clone(),
                spell: number,
                zone,
                first_day,
                last_day,
                leaves,
                handover,
                primary,
                rescinded,
                cut_at,
                version: known.map_or(1, |row| row.version + 1),
            });
        }
    }
    rows
}

async fn write_rows(tx: &mut Tx, before: &[Engagement], after: &[Engagement]) -> Result<(), AppError> {
    for row in after {
        match before.iter().find(|known| known.id == row.id) {
            Some(known) if known == row => {}
            Some(_) => engagements::update(tx, row).await?,
            None => engagements::insert(tx, row).await?,
        }
    }
    for row in before.iter().filter(|row| !after.iter().any(|kept| kept.id == row.id)) {
        engagements::delete(tx, row.id).await?;
    }
    Ok(())
}

/// The engagement that says as what somebody is there: one that runs, the first of them first.
fn counting(engagements: &[Engagement], now: Timestamp) -> Option<&Engagement> {
    let nearness = |row: &Engagement| match row.state_at(now) {
        EngagementState::Active => 0,
        EngagementState::OnLeave => 1,
        EngagementState::Planned => 2,
        EngagementState::Ended => 3,
        EngagementState::Rescinded => 4,
    };
    engagements.iter().min_by_key(|row| (nearness(row), !row.primary, row.first_day, &row.source, &row.key))
}

/// What to call somebody on a screen.
pub(crate) fn display_name(attributes: &Attributes, otherwise: &str) -> String {
    let text = |name: &str| attributes.get(name).and_then(Value::as_text);
    match (text("displayName"), text("givenName"), text("familyName")) {
        (Some(name), _, _) | (None, Some(name), None) | (None, None, Some(name)) => name.to_owned(),
        (None, Some(given), Some(family)) => format!("{given} {family}"),
        (None, None, None) => otherwise.to_owned(),
    }
}

/// Somebody of whom nothing is written yet, as a first fact introduces them.
pub(crate) fn newcomer(ids: &dyn Ids, event: &Event, now: Timestamp) -> Person {
    let mut attributes: Attributes = event.kind.attributes().cloned().unwrap_or_default();
    attributes.retain(|_, value| *value != Value::Cleared);
    attributes.entry(event.subject.attribute.clone()).or_insert_with(|| event.subject.value.clone().into());
    let kind = match &event.kind {
        EventKind::EmploymentStarted { kind, .. } => *kind,
        EventKind::EmploymentStated { terms, .. } => terms.kind.unwrap_or(IdentityKind::Employee),
        _ => IdentityKind::Employee,
    };
    Person {
        id: new_id(ids),
        kind,
        display_name: display_name(&attributes, &event.subject.value),
        attributes,
        sponsor: None,
        version: 1,
        since: now,
    }
}
