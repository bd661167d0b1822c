//! Who was let off which rule, by whom and until when.

use tenure_model::{Exception, ExceptionId, PersonId};

use crate::db::row::{Param, Row, id, json};
use crate::db::tx::Tx;
use crate::error::StoreError;
use crate::limits::{of_owner, page};

const TABLE: &str = "rule_exception";

/// Writes a new exception.
pub async fn insert(tx: &mut Tx, exception: &Exception) -> Result<(), StoreError> {
    let sql = "INSERT INTO rule_exception \
         (id, rule, person, approved_by, because, valid_from, valid_until, ended, version) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    let written = tx.execute(sql, &values(exception)?).await?;
    StoreError::unless_one(written, TABLE, exception.id)
}

/// Writes a changed exception, whose version is one more than what is stored.
pub async fn update(tx: &mut Tx, exception: &Exception) -> Result<(), StoreError> {
    let sql = "UPDATE rule_exception SET rule = $2, person = $3, approved_by = $4, because = $5, \
         valid_from = $6, valid_until = $7, ended = $8, version = $9 WHERE id = $1 AND version = $9 - 1";
    let written = tx.execute(sql, &values(exception)?).await?;
    StoreError::unless_one(written, TABLE, exception.id)
}

/// One exception.
pub async fn get(tx: &mut Tx, exception: ExceptionId) -> Result<Option<Exception>, StoreError> {
    let sql = "SELECT id, rule, person, approved_by, because, valid_from, valid_until, ended, version \
         FROM rule_exception WHERE id = $1";
    tx.query_opt(sql, &[id(exception)]).await?.as_ref().map(read).transpose()
}

/// Every exception of a person, the oldest first; those that are over too.
pub async fn of_person(tx: &mut Tx, person: PersonId) -> Result<Vec<Exception>, StoreError> {
    let sql = "SELECT id, rule, person, approved_by, because, valid_from, valid_until, ended, version \
         FROM rule_exception WHERE person = $1 ORDER BY id LIMIT $2";
    let rows = tx.query(sql, &[id(person), of_owner().into()]).await?;
    rows.iter().map(read).collect()
}

/// Every exception of these people, by person.
pub async fn of_people(tx: &mut Tx, people: &[PersonId]) -> Result<Vec<Exception>, StoreError> {
    let head = "SELECT id, rule, person, approved_by, because, valid_from, valid_until, ended, version \
         FROM rule_exception WHERE person";
    let people: Vec<Param> = people.iter().copied().map(id).collect();
    tx.query_in(head, &[], &people, "ORDER BY person, id").await?.iter().map(read).collect()
}

/// Every exception, the oldest first, from after the cursor; those that are over too.
pub async fn list(tx: &mut Tx, after: Option<ExceptionId>, limit: usize) -> Result<Vec<Exception>, StoreError> {
    let sql = "SELECT id, rule, person, approved_by, because, valid_from, valid_until, ended, version \
         FROM rule_exception WHERE id > $1 ORDER BY id LIMIT $2";
    let after = after.unwrap_or(tenure_model::Id::from_uuid(uuid::Uuid::nil()));
    tx.query(sql, &[id(after), page(limit).into()]).await?.iter().map(read).collect()
}

fn values(exception: &Exception) -> Result<[Param; 9], StoreError> {
    Ok([
        id(exception.id),
        exception.rule.as_str().into(),
        id(exception.person),
        (&exception.approved_by).into(),
        (&exception.because).into(),
        exception.valid_from.into(),
        exception.valid_until.into(),
        exception.ended.as_ref().map(json).transpose()?.unwrap_or(Param::Null),
        exception.version.into(),
    ])
}

fn read(row: &Row) -> Result<Exception, StoreError> {
    let row = row.of(TABLE);
    Ok(Exception {
        id: row.id("id")?,
        rule: row.parsed("rule")?,
        person: row.id("person")?,
        approved_by: row.string("approved_by")?,
        because: row.string("because")?,
        valid_from: row.time("valid_from")?,
        valid_until: row.time("valid_until")?,
        ended: row.opt_json("ended")?,
        version: row.int("version")?,
    })
}
