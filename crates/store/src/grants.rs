//! What somebody should hold, and why.

use jiff::Timestamp;
use tenure_model::{ConnectionName, Grant, GrantId, GrantState, Name, PersonId};

use crate::db::row::{Param, Row, id, json};
use crate::db::tx::Tx;
use crate::error::StoreError;
use crate::limits::{count, of_owner, page};

const TABLE: &str = "access_grant";

/// Writes a new grant.
pub async fn insert(tx: &mut Tx, grant: &Grant) -> Result<(), StoreError> {
    let sql = "INSERT INTO access_grant \
         (id, person, connection, entitlement, reason, valid_from, valid_until, state, version) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    let written = tx.execute(sql, &values(grant)?).await?;
    StoreError::unless_one(written, TABLE, grant.id)
}

/// Writes a changed grant, whose version is one more than what is stored.
pub async fn update(tx: &mut Tx, grant: &Grant) -> Result<(), StoreError> {
    let sql = "UPDATE access_grant SET person = $2, connection = $3, entitlement = $4, reason = $5, \
         valid_from = $6, valid_until = $7, state = $8, version = $9 WHERE id = $1 AND version = $9 - 1";
    let written = tx.execute(sql, &values(grant)?).await?;
    StoreError::unless_one(written, TABLE, grant.id)
}

/// One grant.
pub async fn get(tx: &mut Tx, grant: GrantId) -> Result<Option<Grant>, StoreError> {
    let sql = "SELECT id, person, connection, entitlement, reason, valid_from, valid_until, state, version \
         FROM access_grant WHERE id = $1";
    tx.query_opt(sql, &[id(grant)]).await?.as_ref().map(read).transpose()
}

/// Every grant of a person, the oldest first; those that ended too.
pub async fn of_person(tx: &mut Tx, person: PersonId) -> Result<Vec<Grant>, StoreError> {
    let sql = "SELECT id, person, connection, entitlement, reason, valid_from, valid_until, state, version \
         FROM access_grant WHERE person = $1 ORDER BY id LIMIT $2";
    let rows = tx.query(sql, &[id(person), of_owner().into()]).await?;
    rows.iter().map(read).collect()
}

/// Everybody who holds this, by a grant that was read back, in order of ids, from after this one.
pub async fn holders(
    tx: &mut Tx,
    connection: &ConnectionName,
    entitlement: &str,
    after: Option<PersonId>,
    limit: usize,
) -> Result<Vec<PersonId>, StoreError> {
    let sql = "SELECT DISTINCT person FROM access_grant \
         WHERE connection = $1 AND entitlement = $2 AND state = 'held' AND person > $3 ORDER BY person LIMIT $4";
    let after = after.unwrap_or(tenure_model::Id::from_uuid(uuid::Uuid::nil()));
    let values = [connection.as_str().into(), entitlement.into(), id(after), page(limit).into()];
    tx.query(sql, &values).await?.iter().map(|row| row.of(TABLE).id("person")).collect()
}

/// Every grant of these people, by person.
pub async fn of_people(tx: &mut Tx, people: &[PersonId]) -> Result<Vec<Grant>, StoreError> {
    let head = "SELECT id, person, connection, entitlement, reason, valid_from, valid_until, state, version \
         FROM access_grant WHERE person";
    let people: Vec<Param> = people.iter().copied().map(id).collect();
    let rows = tx.query_in(head, &[], &people, "ORDER BY person, id").await?;
    rows.iter().map(read).collect()
}

/// Who holds this entitlement or is about to, perhaps only by one role, with since when: the
/// earliest first.
pub async fn earliest_holders(
    tx: &mut Tx,
    connection: &ConnectionName,
    entitlement: &str,
    role: Option<&Name>,
    limit: usize,
) -> Result<Vec<(Timestamp, PersonId)>, StoreError> {
    // A name has no letters that mean something in a pattern, and a reason no other such part.
    let pattern = role.map_or_else(|| "%".to_owned(), |role| format!("%\"role\":\"{role}\"%"));
    let sql = "SELECT person, MIN(valid_from) AS since FROM access_grant \
         WHERE connection = $1 AND entitlement = $2 AND state IN ('pending', 'held') AND reason LIKE $3 \
         GROUP BY person ORDER BY since, person LIMIT $4";
    let values = [connection.as_str().into(), entitlement.into(), pattern.into(), count(limit).into()];
    let rows = tx.query(sql, &values).await?;
    let read = |row: &Row| {
        let row = row.of(TABLE);
        Ok((row.time("since")?, row.id("person")?))
    };
    rows.iter().map(read).collect()
}

fn values(grant: &Grant) -> Result<[Param; 9], StoreError> {
    Ok([
        id(grant.id),
        id(grant.person),
        grant.connection.as_str().into(),
        (&grant.entitlement).into(),
        json(&grant.reason)?,
        grant.valid_from.into(),
        grant.valid_until.into(),
        grant.state.word().into(),
        grant.version.into(),
    ])
}

fn read(row: &Row) -> Result<Grant, StoreError> {
    let row = row.of(TABLE);
    Ok(Grant {
        id: row.id("id")?,
        person: row.id("person")?,
        connection: row.parsed("connection")?,
        entitlement: row.string("entitlement")?,
        reason: row.json("reason")?,
        valid_from: row.time("valid_from")?,
        valid_until: row.opt_time("valid_until")?,
        state: row.word("state", GrantState::from_word)?,
        version: row.int("version")?,
    })
}
