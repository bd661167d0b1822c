//! What each source says of each attribute of a person, as it was worked out last.
//!
//! These rows follow from what sources told; they are kept so that they can be shown at once, and
//! so that whoever waits for somebody to appear can be found.

use tenure_model::{PersonId, Statement, Strength, Value};

use crate::db::row::{Param, Row, id, json, opt_id};
use crate::db::tx::Tx;
use crate::error::StoreError;
use crate::fold::fold;
use crate::limits::{KEY_LENGTH_MAX, REFERRERS_MAX, count, of_owner};

const TABLE: &str = "person_value";

/// Writes what is said of a person: what is not among it any more goes, what is the same stays.
pub async fn replace(tx: &mut Tx, person: PersonId, said: &[Statement]) -> Result<(), StoreError> {
    let before = of_person(tx, person).await?;
    for gone in before.iter().filter(|row| !said.iter().any(|kept| is_same_place(row, kept))) {
        let values = [id(person), (&gone.attribute).into(), gone.source.as_str().into()];
        let sql = "DELETE FROM person_value WHERE person = $1 AND attribute = $2 AND source = $3";
        StoreError::unless_one(tx.execute(sql, &values).await?, TABLE, person)?;
    }
    let mut rows = Vec::new();
    for statement in said.iter().filter(|statement| !before.contains(statement)) {
        rows.extend(values(person, statement)?);
    }
    let written = tx
        .insert_many(
            "INSERT INTO person_value (person, attribute, source, value, strength, refers_by, refers_to, seen_at, event)",
            9,
            "ON CONFLICT (person, attribute, source) DO UPDATE SET value = excluded.value, \
             strength = excluded.strength, refers_by = excluded.refers_by, refers_to = excluded.refers_to, \
             seen_at = excluded.seen_at, event = excluded.event",
            &rows,
        )
        .await?;
    if written == (rows.len() / 9) as u64 { Ok(()) } else { StoreError::unless_one(written, TABLE, person) }
}

/// What is said of a person, in order of the attributes and sources.
pub async fn of_person(tx: &mut Tx, person: PersonId) -> Result<Vec<Statement>, StoreError> {
    let sql = "SELECT attribute, source, value, strength, refers_by, seen_at, event \
         FROM person_value WHERE person = $1 ORDER BY attribute, source LIMIT $2";
    tx.query(sql, &[id(person), of_owner().into()]).await?.iter().map(read).collect()
}

/// What is said of these people, in order of the people, the attributes and sources.
pub async fn of_people(tx: &mut Tx, people: &[PersonId]) -> Result<Vec<(PersonId, Statement)>, StoreError> {
    let head =
        "SELECT person, attribute, source, value, strength, refers_by, seen_at, event FROM person_value WHERE person";
    let list: Vec<Param> = people.iter().copied().map(id).collect();
    let rows = tx.query_in(head, &[], &list, " ORDER BY person, attribute, source").await?;
    rows.iter().map(|row| Ok((row.of(TABLE).id("person")?, read(row)?))).collect()
}

/// Those of whom a source says that they belong to whoever has this value of this attribute, such
/// as their manager.
pub async fn referring_to(tx: &mut Tx, attribute: &str, value: &str) -> Result<Vec<PersonId>, StoreError> {
    let sql =
        "SELECT DISTINCT person FROM person_value WHERE refers_by = $1 AND refers_to = $2 ORDER BY person LIMIT $3";
    let rows = tx.query(sql, &[attribute.into(), fold(value).into(), count(REFERRERS_MAX).into()]).await?;
    rows.iter().map(|row| row.of(TABLE).id("person")).collect()
}

fn is_same_place(one: &Statement, other: &Statement) -> bool {
    one.attribute == other.attribute && one.source == other.source
}

fn values(person: PersonId, statement: &Statement) -> Result<[Param; 9], StoreError> {
    let refers_to = statement.refers_by.as_ref().and_then(|_| match &statement.value {
        Value::Text(text) => Some(fold(text)),
        Value::Number(number) => Some(number.to_string()),
        Value::Flag(_) | Value::Date(_) | Value::Instant(_) | Value::List(_) | Value::Cleared => None,
    });
    Ok([
        id(person),
        (&statement.attribute).into(),
        statement.source.as_str().into(),
        json(&statement.value)?,
        statement.strength.word().into(),
        statement.refers_by.as_deref().into(),
        refers_to.filter(|key| key.chars().count() <= KEY_LENGTH_MAX).into(),
        statement.seen_at.into(),
        opt_id(statement.event),
    ])
}

fn read(row: &Row) -> Result<Statement, StoreError> {
    let row = row.of(TABLE);
    Ok(Statement {
        attribute: row.string("attribute")?,
        source: row.parsed("source")?,
        value: row.json("value")?,
        strength: row.word("strength", Strength::from_word)?,
        refers_by: row.opt_text("refers_by")?.map(str::to_owned),
        seen_at: row.time("seen_at")?,
        event: row.opt_id("event")?,
    })
}
