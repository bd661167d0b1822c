//! Engagements, as their sources name them.

use tenure_model::{ConnectionName, Engagement, EngagementId, IdentityKind, PersonId};

use crate::db::row::{Param, Row, id, json};
use crate::db::tx::Tx;
use crate::error::StoreError;
use crate::limits::of_owner;

const TABLE: &str = "engagement";

/// Writes a new engagement. Its source cannot have two under one key.
pub async fn insert(tx: &mut Tx, engagement: &Engagement) -> Result<(), StoreError> {
    let sql = "INSERT INTO engagement \
         (id, person, kind, source, source_key, zone, first_day, last_day, leave, rescinded, cut_at, version) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    let written = tx.execute(sql, &values(engagement)?).await?;
    StoreError::unless_one(written, TABLE, engagement.id)
}

/// Writes a changed engagement, whose version is one more than what is stored.
pub async fn update(tx: &mut Tx, engagement: &Engagement) -> Result<(), StoreError> {
    let sql = "UPDATE engagement SET person = $2, kind = $3, source = $4, source_key = $5, zone = $6, \
         first_day = $7, last_day = $8, leave = $9, rescinded = $10, cut_at = $11, version = $12 \
         WHERE id = $1 AND version = $12 - 1";
    let written = tx.execute(sql, &values(engagement)?).await?;
    StoreError::unless_one(written, TABLE, engagement.id)
}

/// One engagement.
pub async fn get(tx: &mut Tx, engagement: EngagementId) -> Result<Option<Engagement>, StoreError> {
    let sql = "SELECT id, person, kind, source, source_key, zone, first_day, last_day, leave, rescinded, cut_at, version \
         FROM engagement WHERE id = $1";
    tx.query_opt(sql, &[id(engagement)]).await?.as_ref().map(read).transpose()
}

/// Every engagement of a person, the oldest first.
pub async fn of_person(tx: &mut Tx, person: PersonId) -> Result<Vec<Engagement>, StoreError> {
    let sql = "SELECT id, person, kind, source, source_key, zone, first_day, last_day, leave, rescinded, cut_at, version \
         FROM engagement WHERE person = $1 ORDER BY id LIMIT $2";
    let rows = tx.query(sql, &[id(person), of_owner().into()]).await?;
    rows.iter().map(read).collect()
}

/// Every engagement of these people, those of one person the oldest first.
pub async fn of_people(tx: &mut Tx, people: &[PersonId]) -> Result<Vec<Engagement>, StoreError> {
    let head = "SELECT id, person, kind, source, source_key, zone, first_day, last_day, leave, rescinded, cut_at, version \
         FROM engagement WHERE person";
    let list: Vec<Param> = people.iter().copied().map(id).collect();
    tx.query_in(head, &[], &list, " ORDER BY id").await?.iter().map(read).collect()
}

/// The engagement that a source calls so.
pub async fn find_by_key(tx: &mut Tx, source: &ConnectionName, key: &str) -> Result<Option<Engagement>, StoreError> {
    let sql = "SELECT id, person, kind, source, source_key, zone, first_day, last_day, leave, rescinded, cut_at, version \
         FROM engagement WHERE source = $1 AND source_key = $2";
    tx.query_opt(sql, &[source.as_str().into(), key.into()]).await?.as_ref().map(read).transpose()
}

fn values(engagement: &Engagement) -> Result<[Param; 12], StoreError> {
    Ok([
        id(engagement.id),
        id(engagement.person),
        engagement.kind.word().into(),
        engagement.source.as_str().into(),
        (&engagement.key).into(),
        engagement.zone.as_str().into(),
        engagement.first_day.to_string().into(),
        engagement.last_day.map(|day| day.to_string()).into(),
        engagement.leave.as_ref().map_or(Ok(Param::Null), json)?,
        engagement.rescinded.into(),
        engagement.cut_at.map_or(Param::Null, Param::from),
        engagement.version.into(),
    ])
}

fn read(row: &Row) -> Result<Engagement, StoreError> {
    let row = row.of(TABLE);
    Ok(Engagement {
        id: row.id("id")?,
        person: row.id("person")?,
        kind: row.word("kind", IdentityKind::from_word)?,
        source: row.parsed("source")?,
        key: row.string("source_key")?,
        zone: row.parsed("zone")?,
        first_day: row.parsed("first_day")?,
        last_day: row.opt_parsed("last_day")?,
        leave: row.opt_json("leave")?,
        rescinded: row.flag("rescinded")?,
        cut_at: row.opt_time("cut_at")?,
        version: row.int("version")?,
    })
}
