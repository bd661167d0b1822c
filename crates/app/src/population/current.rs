//! Bringing everybody up to date: the moment, who changed, and the rules in force.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use jiff::Timestamp;
use tenure_model::{Engagement, Name, Person, PersonId};
use tenure_policy::columns::{Edit, Intake, terms_of};
use tenure_policy::{PersonFacts, Rules};
use tenure_store::population::{Sums, Version, sums, versions};
use tenure_store::{StoreError, engagements, people};

use super::{Held, facts_of};
use crate::cx::House;
use crate::error::AppError;
use crate::limits::{POPULATION_BYTES_MAX, POPULATION_INTAKE, POPULATION_PAGE, POPULATION_PEOPLE_MAX};

/// Everybody as of now, made from what was known before where that can be used.
pub(super) async fn bring_up_to_date(
    house: &House,
    held: Option<Held>,
    besides: &BTreeSet<String>,
) -> Result<Held, AppError> {
    let found = house.store.read(|tx| Box::pin(async move { sums(tx).await })).await?;
    if found.people > POPULATION_PEOPLE_MAX {
        let reason = format!(
            "there are {} people, and questions about everybody are answered for at most {POPULATION_PEOPLE_MAX}",
            found.people
        );
        return Err(AppError::Conflict(reason));
    }
    let rules = house.rules();
    let now = house.clock.now();
    let mut held = match held.map(|held| with_rules(held, &rules)) {
        Some(Some(held)) => held,
        Some(None) | None => load(house, found, &rules, besides, now).await?,
    };
    held.index.advance(now);
    if held.sums != found {
        refresh(house, &mut held).await?;
        held.sums = found;
    }
    let due = held.index.due(now);
    put_again(house, &mut held, due).await?;
    let bytes = held.index.bytes();
    if bytes > POPULATION_BYTES_MAX {
        let reason = format!("everybody takes {bytes} bytes of memory, and the limit is {POPULATION_BYTES_MAX}");
        return Err(AppError::Conflict(reason));
    }
    Ok(held)
}

/// The same people with the rules in force; none if they must be loaded anew for that.
fn with_rules(mut held: Held, rules: &Arc<Rules>) -> Option<Held> {
    if Arc::ptr_eq(&held.rules, rules) || held.rules.roles == rules.roles {
        held.rules = Arc::clone(rules);
        return Some(held);
    }
    let (before, after) = (terms_of(&held.rules), terms_of(rules));
    let names: BTreeSet<&Name> = before.keys().chain(after.keys()).collect();
    let edit: Edit = names
        .into_iter()
        .filter(|name| before.get(*name) != after.get(*name))
        .map(|name| (name.clone(), after.get(name).cloned().unwrap_or_default()))
        .collect();
    held.index.set(&edit).ok()?;
    held.rules = Arc::clone(rules);
    Some(held)
}

/// Everybody from the database, page by page. Whoever changes meanwhile is seen by the sums next
/// time.
async fn load(
    house: &House,
    found: Sums,
    rules: &Arc<Rules>,
    besides: &BTreeSet<String>,
    now: Timestamp,
) -> Result<Held, AppError> {
    let terms = terms_of(rules);
    let mut intake = Intake::begin(&terms, besides.clone(), now);
    let mut seen = HashMap::new();
    let mut after = None;
    let mut waiting = Vec::new();
    loop {
        let (people, engagements) = house.store.read(move |tx| Box::pin(page(tx, after))).await?;
        after = people.last().map(|person| person.id);
        let page = together(people, engagements);
        seen.extend(page.iter().map(|facts| (facts.person.id, version_of(facts))));
        waiting.extend(page);
        if after.is_none() || waiting.len() >= POPULATION_INTAKE {
            let people = std::mem::take(&mut waiting);
            let add = move || {
                intake.add(&people);
                intake
            };
            intake = aside(add).await?;
        }
        if after.is_none() {
            break;
        }
    }
    let index = aside(move || intake.finish(&terms)).await?;
    tracing::info!(people = index.len(), bytes = index.bytes(), "everybody is in memory");
    Ok(Held { index, versions: seen, sums: found, rules: Arc::clone(rules), besides: besides.clone() })
}

/// Work on everybody takes seconds of a core in a large company, and so a thread of its own.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, AppError> {
    let (tell, told) = futures::channel::oneshot::channel();
    let work = move || {
        // Whoever asked may have gone meanwhile.
        drop(tell.send(work()));
    };
    let started = std::thread::Builder::new().name("population".to_owned()).spawn(work);
    started.map_err(|error| AppError::Corrupt(format!("there is no thread for everybody: {error}")))?;
    told.await.map_err(|_| AppError::Corrupt("work on everybody broke off".to_owned()))
}

type PageOfPeople = (Vec<Person>, Vec<Engagement>);

async fn page(tx: &mut tenure_store::Tx, after: Option<PersonId>) -> Result<PageOfPeople, StoreError> {
    let people = people::by_id(tx, after, POPULATION_PAGE).await?;
    let ids: Vec<PersonId> = people.iter().map(|person| person.id).collect();
    let engagements = engagements::of_people(tx, &ids).await?;
    Ok((people, engagements))
}

fn together(people: Vec<Person>, engagements: Vec<Engagement>) -> Vec<PersonFacts> {
    let mut theirs: HashMap<PersonId, Vec<Engagement>> = HashMap::new();
    for engagement in engagements {
        theirs.entry(engagement.person).or_default().push(engagement);
    }
    let of = |person: Person| {
        let engagements = theirs.remove(&person.id).unwrap_or_default();
        facts_of(person, engagements)
    };
    people.into_iter().map(of).collect()
}

fn version_of(facts: &PersonFacts) -> (i64, i64) {
    (facts.person.version, facts.engagements.iter().map(|engagement| engagement.version + 1).sum())
}

/// Finds out who changed, and takes them in again.
async fn refresh(house: &House, held: &mut Held) -> Result<(), AppError> {
    let mut stale = Vec::new();
    let mut there = BTreeSet::new();
    let mut after = None;
    loop {
        let read = house.store.read(move |tx| Box::pin(async move { versions(tx, after, POPULATION_PAGE).await }));
        let found: Vec<Version> = read.await?;
        after = found.last().map(|version| version.person);
        if after.is_none() {
            break;
        }
        for Version { person, own, engagements } in found {
            there.insert(person);
            if held.versions.get(&person) != Some(&(own, engagements)) {
                stale.push(person);
            }
        }
    }
    let gone: Vec<PersonId> = held.versions.keys().copied().filter(|person| !there.contains(person)).collect();
    held.index.remove_all(&gone);
    for person in gone {
        held.versions.remove(&person);
    }
    put_again(house, held, stale).await
}

async fn put_again(house: &House, held: &mut Held, stale: Vec<PersonId>) -> Result<(), AppError> {
    for part in stale.chunks(POPULATION_PAGE) {
        let ids = part.to_vec();
        let read = house.store.read(move |tx| {
            Box::pin(async move {
                let people = people::of_ids(tx, &ids).await?;
                let engagements = engagements::of_people(tx, &ids).await?;
                Ok::<PageOfPeople, StoreError>((people, engagements))
            })
        });
        let (people, engagements) = read.await?;
        let all = together(people, engagements);
        for facts in &all {
            held.versions.insert(facts.person.id, version_of(facts));
        }
        held.index.put_all(&all);
    }
    Ok(())
}
