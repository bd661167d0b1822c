//! Copies what is known of somebody, and of those around them, into a house in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value as Json;
use tenure_app::people::facts;
use tenure_app::{AppError, Cx, House};
use tenure_model::{NativeId, Observation, Person, PersonId, Value};
use tenure_policy::{PersonFacts, Rules};
use tenure_store::{StoreError, Tx, accounts, engagements, exceptions, grants, observations, people};

/// How far those around somebody are followed: a manager, theirs, and theirs.
const STEPS_MAX: usize = 3;
/// The longest text that may name somebody.
const NAME_BYTES_MAX: usize = 64;
/// How many people are copied.
const PEOPLE_MAX: usize = 200;
/// The key by which documents and attributes name people.
const KEY: &str = "employeeId";

/// Copies them.
pub(super) async fn copy(cx: &Cx, to: &Arc<House>, of: PersonFacts, input: &Json) -> Result<(), AppError> {
    let mut words = BTreeSet::new();
    said(input, &mut words);
    let rules = cx.house.rules();
    let job = cx.house.store.read(move |tx| {
        Box::pin(async move {
            let known = around(tx, of, &rules, &words).await?;
            let seen = seen(tx, &known).await?;
            Ok::<_, StoreError>((known, seen))
        })
    });
    let (known, seen) = job.await?;
    let job = to.store.write(move |tx| Box::pin(async move { write(tx, &known, &seen).await }));
    Ok(job.await?)
}

/// Whoever somebody's facts or these words speak of: managers, sponsors, whom they answer for, and those who hold
/// what only so many may hold.
async fn around(
    tx: &mut Tx,
    of: PersonFacts,
    rules: &Rules,
    words: &BTreeSet<String>,
) -> Result<Vec<PersonFacts>, StoreError> {
    let holders = facts::holders(tx, rules).await?.into_values().flatten();
    let mut next: BTreeSet<PersonId> = holders.collect();
    next.extend(people::sponsored_by(tx, of.person.id).await?.into_iter().map(|person| person.id));
    for word in words {
        next.extend(called(tx, word).await?);
    }
    let mut known: BTreeMap<PersonId, PersonFacts> = [(of.person.id, of)].into();
    let mut new: Vec<PersonId> = known.keys().copied().collect();
    for _ in 0..STEPS_MAX {
        for id in new {
            if let Some(facts) = known.get(&id).cloned() {
                next.extend(named(tx, &facts).await?);
            }
        }
        new = next.iter().copied().filter(|id| !known.contains_key(id)).take(PEOPLE_MAX).collect();
        next.clear();
        if new.is_empty() || known.len() >= PEOPLE_MAX {
            break;
        }
        known.extend(facts::of_people(tx, &new).await?.into_iter().map(|facts| (facts.person.id, facts)));
    }
    Ok(known.into_values().collect())
}

/// The people that the values of somebody name, by id or by key.
async fn named(tx: &mut Tx, facts: &PersonFacts) -> Result<BTreeSet<PersonId>, StoreError> {
    let mut ids: BTreeSet<PersonId> = facts.person.sponsor.into_iter().collect();
    let own = facts.person.attributes.get(KEY).and_then(Value::as_text).unwrap_or_default();
    for text in facts.person.attributes.values().filter_map(Value::as_text).filter(|text| *text != own) {
        ids.extend(called(tx, text).await?);
    }
    Ok(ids)
}

/// Whoever is called so, by id or by key.
async fn called(tx: &mut Tx, text: &str) -> Result<Vec<PersonId>, StoreError> {
    match text.parse() {
        Ok(id) => Ok(vec![id]),
        Err(_) => Ok(people::find_by_key(tx, KEY, text).await?.into_iter().map(|person| person.id).collect()),
    }
}

/// The texts by which what a workflow is given may name people.
fn said(json: &Json, words: &mut BTreeSet<String>) {
    match json {
        Json::String(text) if words.len() < PEOPLE_MAX && text.len() <= NAME_BYTES_MAX => {
            words.insert(text.clone());
        }
        Json::Array(items) => items.iter().for_each(|item| said(item, words)),
        Json::Object(fields) => fields.values().for_each(|field| said(field, words)),
        Json::String(_) | Json::Null | Json::Bool(_) | Json::Number(_) => {}
    }
}

/// What was last seen of their accounts.
async fn seen(tx: &mut Tx, known: &[PersonFacts]) -> Result<Vec<Observation>, StoreError> {
    let mut all = Vec::new();
    for account in known.iter().flat_map(|facts| &facts.accounts) {
        let native: Vec<NativeId> = account.native_id.iter().cloned().collect();
        all.extend(observations::get_many(tx, &account.connection, &native).await?);
    }
    Ok(all)
}

async fn write(tx: &mut Tx, known: &[PersonFacts], seen: &[Observation]) -> Result<(), StoreError> {
    let (mut left, mut written): (Vec<&PersonFacts>, BTreeSet<PersonId>) = (known.iter().collect(), BTreeSet::new());
    while !left.is_empty() {
        // Whoever answers for others is written before them; a circle, or one who was not copied, is cut.
        let ready = |facts: &&PersonFacts| facts.person.sponsor.is_none_or(|sponsor| written.contains(&sponsor));
        let (mut next, mut rest): (Vec<_>, Vec<_>) = left.into_iter().partition(ready);
        if next.is_empty() {
            next.append(&mut rest);
        }
        for facts in &next {
            let sponsor = facts.person.sponsor.filter(|sponsor| written.contains(sponsor));
            people::insert(tx, &Person { sponsor, ..facts.person.clone() }).await?;
        }
        written.extend(next.iter().map(|facts| facts.person.id));
        left = rest;
    }
    for facts in known {
        for engagement in &facts.engagements {
            engagements::insert(tx, engagement).await?;
        }
        for account in &facts.accounts {
            accounts::upsert(tx, account).await?;
        }
        for (account, attributes) in &facts.besides.seen {
            accounts::write_attributes(tx, *account, attributes, facts.person.since).await?;
        }
        for grant in &facts.grants {
            grants::insert(tx, grant).await?;
        }
        for exception in &facts.besides.exceptions {
            exceptions::insert(tx, exception).await?;
        }
    }
    for one in seen {
        observations::record(tx, one).await?;
    }
    Ok(())
}
