//! People and the keys by which they are found.
//!
//! Every short text of a person is a key, so that a rule may correlate by any attribute. That two
//! people share one is no fault here: whoever asks gets all of them.

use tenure_model::{IdentityKind, Person, PersonId, Value};

use crate::db::row::{Fields, Param, Row, id, json, opt_id};
use crate::db::tx::Tx;
use crate::error::StoreError;
use crate::fold::{anywhere, fold};
use crate::limits::{KEY_LENGTH_MAX, KEY_MATCHES_MAX, of_owner, page};

const TABLE: &str = "person";

/// Where a page of people goes on: the folded name and the id of the last one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeopleCursor {
    /// The folded name.
    pub name_folded: String,
    /// The id, for those of the same name.
    pub id: PersonId,
}

impl PeopleCursor {
    /// After this person.
    pub fn after(person: &Person) -> Self {
        Self { name_folded: fold(&person.display_name), id: person.id }
    }
}

/// Writes a new person.
pub async fn insert(tx: &mut Tx, person: &Person) -> Result<(), StoreError> {
    let sql = "INSERT INTO person (id, kind, display_name, name_folded, attributes, sponsor, version, since) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    let written = tx.execute(sql, &values(person)?).await?;
    StoreError::unless_one(written, TABLE, person.id)?;
    insert_keys(tx, person).await
}

/// Writes a changed person, whose version is one more than what is stored.
pub async fn update(tx: &mut Tx, person: &Person) -> Result<(), StoreError> {
    let sql = "UPDATE person SET kind = $2, display_name = $3, name_folded = $4, attributes = $5, sponsor = $6, \
         version = $7, since = $8 WHERE id = $1 AND version = $7 - 1";
    let written = tx.execute(sql, &values(person)?).await?;
    StoreError::unless_one(written, TABLE, person.id)?;
    tx.execute("DELETE FROM person_key WHERE person = $1", &[id(person.id)]).await?;
    insert_keys(tx, person).await
}

/// A person.
pub async fn get(tx: &mut Tx, person: PersonId) -> Result<Option<Person>, StoreError> {
    let sql = "SELECT id, kind, display_name, attributes, sponsor, version, since FROM person WHERE id = $1";
    tx.query_opt(sql, &[id(person)]).await?.as_ref().map(read).transpose()
}

/// Everybody with this value of this attribute, in order of their ids. Case and surrounding space
/// do not count.
pub async fn find_by_key(tx: &mut Tx, attribute: &str, value: &str) -> Result<Vec<Person>, StoreError> {
    let sql = "SELECT p.id, p.kind, p.display_name, p.attributes, p.sponsor, p.version, p.since \
         FROM person_key k JOIN person p ON p.id = k.person \
         WHERE k.attribute = $1 AND k.value_folded = $2 ORDER BY p.id LIMIT $3";
    let rows = tx.query(sql, &[attribute.into(), fold(value).into(), page(KEY_MATCHES_MAX).into()]).await?;
    rows.iter().map(read).collect()
}

/// Those with this value of this attribute, in order of their ids, and no more than so many. Case and
/// surrounding space do not count.
pub async fn ids_by_key(tx: &mut Tx, attribute: &str, value: &str, limit: usize) -> Result<Vec<PersonId>, StoreError> {
    let sql = "SELECT person FROM person_key WHERE attribute = $1 AND value_folded = $2 ORDER BY person LIMIT $3";
    let rows = tx.query(sql, &[attribute.into(), fold(value).into(), page(limit).into()]).await?;
    rows.iter().map(|row| row.of("person_key").id("person")).collect()
}

/// Everybody and everything whom this person answers for.
pub async fn sponsored_by(tx: &mut Tx, sponsor: PersonId) -> Result<Vec<Person>, StoreError> {
    let sql = "SELECT id, kind, display_name, attributes, sponsor, version, since FROM person \
               WHERE sponsor = $1 ORDER BY id LIMIT $2";
    tx.query(sql, &[id(sponsor), of_owner().into()]).await?.iter().map(read).collect()
}

/// Everybody and everything for whom somebody answers or should, in order of ids, from after this one.
pub async fn sponsored(tx: &mut Tx, after: Option<PersonId>, limit: usize) -> Result<Vec<Person>, StoreError> {
    let sql = "SELECT id, kind, display_name, attributes, sponsor, version, since FROM person \
         WHERE (sponsor IS NOT NULL OR kind IN ('ai-agent', 'service-account')) AND id > $1 AND NOT EXISTS \
         (SELECT 1 FROM person_merge m WHERE m.other = person.id AND (m.kind = 'merge') = (m.undone_at IS NULL)) \
         ORDER BY id LIMIT $2";
    let after = after.unwrap_or(tenure_model::Id::from_uuid(uuid::Uuid::nil()));
    tx.query(sql, &[id(after), page(limit).into()]).await?.iter().map(read).collect()
}

/// People by name, from after the cursor, perhaps only those whose name holds this text.
pub async fn list(
    tx: &mut Tx,
    search: Option<&str>,
    after: Option<&PeopleCursor>,
    limit: usize,
) -> Result<Vec<Person>, StoreError> {
    let sql = "SELECT id, kind, display_name, attributes, sponsor, version, since FROM person \
         WHERE name_folded LIKE $1 ESCAPE '\\' AND (name_folded, id) > ($2, $3) AND NOT EXISTS \
         (SELECT 1 FROM person_merge m WHERE m.other = person.id AND (m.kind = 'merge') = (m.undone_at IS NULL)) \
         ORDER BY name_folded, id LIMIT $4";
    let start = PeopleCursor { name_folded: String::new(), id: tenure_model::Id::from_uuid(uuid::Uuid::nil()) };
    let after = after.unwrap_or(&start);
    let pattern = search.map_or_else(|| "%".to_owned(), anywhere);
    let values = [pattern.into(), (&after.name_folded).into(), id(after.id), page(limit).into()];
    tx.query(sql, &values).await?.iter().map(read).collect()
}

/// Everybody in order of ids, from after this one.
pub async fn by_id(tx: &mut Tx, after: Option<PersonId>, limit: usize) -> Result<Vec<Person>, StoreError> {
    let sql = "SELECT id, kind, display_name, attributes, sponsor, version, since FROM person \
         WHERE id > $1 ORDER BY id LIMIT $2";
    let after = after.unwrap_or(tenure_model::Id::from_uuid(uuid::Uuid::nil()));
    tx.query(sql, &[id(after), page(limit).into()]).await?.iter().map(read).collect()
}

/// Those of these people who are there, in no order that means anything.
pub async fn of_ids(tx: &mut Tx, wanted: &[PersonId]) -> Result<Vec<Person>, StoreError> {
    let head = "SELECT id, kind, display_name, attributes, sponsor, version, since FROM person WHERE id";
    let list: Vec<Param> = wanted.iter().copied().map(id).collect();
    tx.query_in(head, &[], &list, " ORDER BY id").await?.iter().map(read).collect()
}

fn values(person: &Person) -> Result<[Param; 8], StoreError> {
    Ok([
        id(person.id),
        person.kind.word().into(),
        (&person.display_name).into(),
        fold(&person.display_name).into(),
        json(&person.attributes)?,
        opt_id(person.sponsor),
        person.version.into(),
        person.since.into(),
    ])
}

async fn insert_keys(tx: &mut Tx, person: &Person) -> Result<(), StoreError> {
    let mut keys = Vec::new();
    for (attribute, value) in &person.attributes {
        let text = match value {
            Value::Text(text) => fold(text),
            Value::Number(number) => number.to_string(),
            Value::Flag(_) | Value::Date(_) | Value::Instant(_) | Value::List(_) | Value::Cleared => continue,
        };
        if !text.is_empty() && text.chars().count() <= KEY_LENGTH_MAX {
            keys.extend([attribute.into(), text.into(), id(person.id)]);
        }
    }
    let wanted = keys.len() / 3;
    let written = tx.insert_many("INSERT INTO person_key (attribute, value_folded, person)", 3, "", &keys).await?;
    if written == wanted as u64 { Ok(()) } else { StoreError::unless_one(written, "person_key", person.id) }
}

fn read(row: &Row) -> Result<Person, StoreError> {
    let row: Fields<'_> = row.of(TABLE);
    Ok(Person {
        id: row.id("id")?,
        kind: row.word("kind", IdentityKind::from_word)?,
        display_name: row.string("display_name")?,
        attributes: row.json("attributes")?,
        sponsor: row.opt_id("sponsor")?,
        version: row.int("version")?,
        since: row.time("since")?,
    })
}
