//! What other documents about people would make of what is known of somebody: whose word would count, which
//! values would be others, which names would be made. Nothing is written.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tenure_model::{ConnectionName, Name, Person, Statement, Strength, Value};
use tenure_policy::PersonFacts;
use tenure_policy::authority::Merged;
use tenure_policy::generate::NoName;
use tenure_store::Tx;

use crate::error::AppError;
use crate::estate::Estate;
use crate::people::hold::{OURS, weighed, with_held};
use crate::people::names;
use crate::people::settle::{display_name, said_of};
use crate::plans::remaking::Remaking;
use crate::sources::remap::news;

/// That something else would be known of somebody.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ValueChange {
    /// Of which attribute.
    pub attribute: String,
    /// What is known; nothing if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// What would be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
    /// Whose word that is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<ConnectionName>,
    /// Whose it would be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<ConnectionName>,
    /// Why that word would count, as a sentence.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
    /// It would be so with the next reading of this source, and not at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub with_reading: Option<ConnectionName>,
}

/// Somebody as they are known, and as they would be.
pub(crate) struct Looked {
    /// Everything that is known.
    pub(crate) facts: PersonFacts,
    /// What would be known instead; none if it is the same.
    pub(crate) then: Option<Then>,
}

/// What would be known.
pub(crate) struct Then {
    pub(crate) person: Person,
    pub(crate) values: Vec<ValueChange>,
    pub(crate) findings: Vec<String>,
}

/// What would be known of somebody. `given` are names that would be made for others.
pub(crate) async fn then(
    tx: &mut Tx,
    (estate, remaking): (&Estate, &Remaking),
    facts: &PersonFacts,
    said: Vec<Statement>,
    given: &mut BTreeSet<String>,
    now: Timestamp,
) -> Result<Option<Then>, AppError> {
    let known = &facts.person;
    let before = weighed(&remaking.before, tx, known, &said).await?;
    let (said, read) = told(tx, (estate, remaking), facts, said, now).await?;
    let after = weighed(estate, tx, known, &said).await?;
    let person = with_held(tx, known, &after).await?;
    let mut made = Vec::new();
    let (person, findings) = named(tx, estate, person, given, &mut made, now).await?;
    let mut values = changes(known, &person, &before, &after);
    for value in &mut values {
        if made.contains(&value.attribute) {
            value.by = OURS.parse::<Name>().ok();
            "a generator makes it".clone_into(&mut value.why);
        }
        let by_reading = |(source, attribute): &&(ConnectionName, String)| {
            value.by.as_ref() == Some(source) && value.attribute == *attribute
        };
        value.with_reading = read.iter().find(by_reading).map(|(source, _)| source.clone());
    }
    if values.is_empty() && findings.is_empty() {
        return Ok(None);
    }
    let display_name = display_name(&person.attributes, &known.display_name);
    Ok(Some(Then { person: Person { display_name, ..person }, values, findings }))
}

/// What sources say by the other mappings, and what of it comes with the next reading of which source.
async fn told(
    tx: &mut Tx,
    (estate, remaking): (&Estate, &Remaking),
    facts: &PersonFacts,
    said: Vec<Statement>,
    now: Timestamp,
) -> Result<(Vec<Statement>, Vec<(ConnectionName, String)>), AppError> {
    let mut said =
        if remaking.weighs { said_of(estate, tx, facts.person.id, &facts.engagements, now).await? } else { said };
    let mut read = Vec::new();
    for engagement in &facts.engagements {
        let source = &engagement.source;
        let Some(otherwise) = remaking.otherwise(source, &engagement.key) else { continue };
        for (attribute, value) in news(&said, source, otherwise.clone()) {
            let assignment = estate.mappings.get(source).and_then(|mapping| mapping.set.get(&attribute));
            said.retain(|known| known.source != *source || known.attribute != attribute);
            read.push((source.clone(), attribute.clone()));
            said.push(Statement {
                attribute,
                source: source.clone(),
                value,
                strength: assignment.map_or(Strength::Authority, |assignment| assignment.strength),
                refers_by: assignment.and_then(|assignment| assignment.refers_by.clone()),
                seen_at: now,
                event: None,
            });
        }
    }
    Ok((said, read))
}

/// The names that would be made where one is missing, and what only a human could choose.
async fn named(
    tx: &mut Tx,
    estate: &Estate,
    mut person: Person,
    given: &mut BTreeSet<String>,
    made: &mut Vec<String>,
    now: Timestamp,
) -> Result<(Person, Vec<String>), AppError> {
    let mut findings = Vec::new();
    for generator in estate.generators.values() {
        if !generator.kinds.contains(&person.kind) || person.attributes.contains_key(&generator.attribute) {
            continue;
        }
        match names::foresee(tx, generator, &person, given, now).await? {
            Ok(name) => {
                given.insert(name.clone());
                made.push(generator.attribute.clone());
                person.attributes.insert(generator.attribute.clone(), Value::Text(name));
            }
            Err(NoName::NotKnown { .. }) => {}
            Err(why) => findings.push(format!("generator `{}` has no name for them, because {why}", generator.name)),
        }
    }
    Ok((person, findings))
}

/// What is different, with whose word it was and would be.
fn changes(known: &Person, person: &Person, before: &Merged, after: &Merged) -> Vec<ValueChange> {
    let names: BTreeSet<&String> = known.attributes.keys().chain(person.attributes.keys()).collect();
    let differs = names.into_iter().filter(|name| known.attributes.get(*name) != person.attributes.get(*name));
    let who = |merged: &Merged, name: &str| {
        let by = merged.attributes.get(name).and_then(|held| held.by.as_ref());
        by.map(|by| by.source.clone())
    };
    differs
        .map(|name| ValueChange {
            attribute: name.clone(),
            before: known.attributes.get(name).cloned(),
            after: person.attributes.get(name).cloned(),
            from: who(before, name),
            by: who(after, name),
            why: after.attributes.get(name).map(|held| held.why.clone()).unwrap_or_default(),
            with_reading: None,
        })
        .collect()
}
