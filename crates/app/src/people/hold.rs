//! What holds of a person, from everything that is said of them, and what follows from that: names
//! that are made, and people who referred to somebody that is known now.
//!
//! It is a pure merge (`policy::authority`) of the statements; only what differs is written. Whoever
//! hears something new calls [`hold`], and so does whoever changed a document of authority.

use std::collections::BTreeSet;

use jiff::Timestamp;
use tenure_model::{Attributes, IdentityKind, Name, Person, PersonId, Statement, Strength, Value};
use tenure_policy::authority::Merged;
use tenure_policy::generate::NoName;
use tenure_store::{Tx, engagements, names, people, values};

use crate::error::AppError;
use crate::estate::Estate;
use crate::people::{names as making, settle};

/// The source of what Tenure itself says, such as a name that it made.
pub(crate) const OURS: &str = "tenure";

/// What a person came to.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Holding {
    /// Who, as they are now.
    pub person: Person,
    /// Names that only a human can choose: by which generator, and why.
    pub unnamed: Vec<(Name, String)>,
}

/// Works out what holds of this person, and writes what differs.
#[tracing::instrument(name = "app.people.hold", skip_all)]
pub(crate) async fn hold(
    estate: &Estate,
    tx: &mut Tx,
    known: Person,
    kind: IdentityKind,
    said: &[Statement],
    now: Timestamp,
) -> Result<Holding, AppError> {
    let is_new = known.version == 1;
    let before = if is_new { Attributes::new() } else { known.attributes.clone() };
    let holding = work_out(estate, tx, known, kind, said, now).await?;
    tell_referrers(estate, tx, &before, &holding.person).await?;
    Ok(holding)
}

async fn work_out(
    estate: &Estate,
    tx: &mut Tx,
    known: Person,
    kind: IdentityKind,
    said: &[Statement],
    now: Timestamp,
) -> Result<Holding, AppError> {
    let person = merged(estate, tx, &Person { kind, ..known.clone() }, said).await?;
    let (person, unnamed) = named(estate, tx, person, now).await?;
    let person = write(tx, &known, person).await?;
    values::replace(tx, person.id, said).await?;
    Ok(Holding { person, unnamed })
}

/// What each source says of a person, and which word counts.
pub(crate) async fn of_person(estate: &Estate, tx: &mut Tx, person: &Person) -> Result<Merged, AppError> {
    let said = values::of_person(tx, person.id).await?;
    let made = made(estate, tx, person.id).await?;
    Ok(estate.authorities.merge(person.kind, said.into_iter().chain(made)))
}

/// The person with what holds in the place of what held.
async fn merged(estate: &Estate, tx: &mut Tx, known: &Person, said: &[Statement]) -> Result<Person, AppError> {
    let merged = weighed(estate, tx, known, said).await?;
    with_held(tx, known, &merged).await
}

/// Which word counts of what is said of a person, and of the names that were made for them.
pub(crate) async fn weighed(
    estate: &Estate,
    tx: &mut Tx,
    known: &Person,
    said: &[Statement],
) -> Result<Merged, AppError> {
    let made = made(estate, tx, known.id).await?;
    Ok(estate.authorities.merge(known.kind, said.iter().cloned().chain(made)))
}

/// The person with what counts in the place of what held. What nobody speaks of stays as it was.
pub(crate) async fn with_held(tx: &mut Tx, known: &Person, merged: &Merged) -> Result<Person, AppError> {
    let mut attributes = known.attributes.clone();
    for (name, held) in &merged.attributes {
        let value = match &held.by {
            Some(by) if by.refers_by.is_some() => resolved(tx, known.id, by).await?,
            Some(by) => Some(by.value.clone()).filter(|value| *value != Value::Cleared),
            None => None,
        };
        match value {
            Some(value) => attributes.insert(name.clone(), value),
            None => attributes.remove(name),
        };
    }
    Ok(Person { attributes, ..known.clone() })
}

/// The names that were made for a person, as statements of our own.
async fn made(estate: &Estate, tx: &mut Tx, person: PersonId) -> Result<Vec<Statement>, AppError> {
    if estate.generators.is_empty() {
        return Ok(Vec::new());
    }
    let ours: Name = OURS.parse().map_err(|error| AppError::Corrupt(format!("{error}")))?;
    let issued = names::of_person(tx, person).await?;
    let statement = |issued: names::Issued| {
        let generator = estate.generators.get(&issued.generator)?;
        Some(Statement {
            attribute: generator.attribute.clone(),
            source: ours.clone(),
            value: Value::Text(issued.name),
            strength: Strength::Initial,
            refers_by: None,
            seen_at: issued.issued_at,
            event: None,
        })
    };
    Ok(issued.into_iter().filter_map(statement).collect())
}

/// Whom a reference means: exactly one other person, or nobody yet.
async fn resolved(tx: &mut Tx, referrer: PersonId, by: &Statement) -> Result<Option<Value>, AppError> {
    let Some(attribute) = &by.refers_by else { return Ok(None) };
    let key = by.value.to_string();
    if key.trim().is_empty() {
        return Ok(None);
    }
    let found = people::find_by_key(tx, attribute, &key).await?;
    let meant = match found.as_slice() {
        [only] => Some(only.id),
        // The source may have another key for them by now, and still know them by this one.
        [] => engagements::find_by_key(tx, &by.source, &key).await?.map(|row| row.person),
        [_, _, ..] => None,
    };
    Ok(meant.filter(|meant| *meant != referrer).map(|meant| Value::Text(meant.to_string())))
}

/// Makes the names that are missing, as far as that goes by rule.
async fn named(
    estate: &Estate,
    tx: &mut Tx,
    mut person: Person,
    now: Timestamp,
) -> Result<(Person, Vec<(Name, String)>), AppError> {
    let mut unnamed = Vec::new();
    for generator in estate.generators.values() {
        if !generator.kinds.contains(&person.kind) || person.attributes.contains_key(&generator.attribute) {
            continue;
        }
        match making::make(tx, generator, &person, now).await? {
            Ok(name) => {
                person.attributes.insert(generator.attribute.clone(), Value::Text(name));
            }
            Err(NoName::NotKnown { .. }) => {}
            Err(why) => unnamed.push((generator.name.clone(), why.to_string())),
        }
    }
    Ok((person, unnamed))
}

async fn write(tx: &mut Tx, known: &Person, person: Person) -> Result<Person, AppError> {
    if person.attributes == known.attributes && person.kind == known.kind {
        return Ok(known.clone());
    }
    let display_name = settle::display_name(&person.attributes, &known.display_name);
    let person = Person { display_name, version: known.version + 1, ..person };
    people::update(tx, &person).await?;
    Ok(person)
}

/// Whoever referred to a key that this person has now, or had before, is looked at again.
pub(crate) async fn tell_referrers(
    estate: &Estate,
    tx: &mut Tx,
    before: &Attributes,
    after: &Person,
) -> Result<(), AppError> {
    if estate.refers_by.is_empty() {
        return Ok(());
    }
    let keys = |attributes: &Attributes| -> BTreeSet<(String, String)> {
        let text = |value: &Value| match value {
            Value::Text(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            Value::Flag(_) | Value::Date(_) | Value::Instant(_) | Value::List(_) | Value::Cleared => None,
        };
        attributes.iter().filter_map(|(name, value)| Some((name.clone(), text(value)?))).collect()
    };
    let (old, new) = (keys(before), keys(&after.attributes));
    let mut referrers = BTreeSet::new();
    for (attribute, value) in old.symmetric_difference(&new) {
        if !estate.refers_by.contains(attribute) {
            continue;
        }
        referrers.extend(values::referring_to(tx, attribute, value).await?);
    }
    for referrer in referrers.into_iter().filter(|referrer| *referrer != after.id) {
        let Some(known) = people::get(tx, referrer).await? else { continue };
        let said = values::of_person(tx, referrer).await?;
        let person = merged(estate, tx, &known, &said).await?;
        write(tx, &known, person).await?;
    }
    Ok(())
}
