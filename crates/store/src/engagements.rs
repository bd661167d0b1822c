//! Engagements, as their sources name them, spell by spell.

use tenure_model::{ConnectionName, Engagement, EngagementId, IdentityKind, PersonId};

use crate::db::row::{Param, Row, id, json};
use crate::db::tx::Tx;
use crate::error::StoreError;
use crate::limits::of_owner;

const TABLE: &str = "engagement_spell";

/// Writes a new engagement. Its source cannot have two of one spell under one key.
pub async fn insert(tx: &mut Tx, engagement: &Engagement) -> Result<(), StoreError> {
    let sql = "INSERT INTO engagement_spell (id, person, kind, source, source_key, spell, zone, first_day, last_day, \
         leaves, handover, is_primary, rescinded, cut_at, version) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)";
    let written = tx.execute(sql, &values(engagement)?).await?;
    StoreError::unless_one(written, TABLE, engagement.id)
}

/// Writes a changed engagement, whose version is one more than what is stored.
pub async fn update(tx: &mut Tx, engagement: &Engagement) -> Result<(), StoreError> {
    let sql = "UPDATE engagement_spell SET person = $2, kind = $3, source = $4, source_key = $5, spell = $6, zone = $7, \
         first_day = $8, last_day = $9, leaves = $10, handover = $11, is_primary = $12, rescinded = $13, cut_at = $14, \
         version = $15 WHERE id = $1 AND version = $15 - 1";
    let written = tx.execute(sql, &values(engagement)?).await?;
    StoreError::unless_one(written, TABLE, engagement.id)
}

/// Takes away one that no fact speaks of any more. The facts themselves stay.
pub async fn delete(tx: &mut Tx, engagement: EngagementId) -> Result<(), StoreError> {
    let written = tx.execute("DELETE FROM engagement_spell WHERE id = $1", &[id(engagement)]).await?;
    StoreError::unless_one(written, TABLE, engagement)
}

/// One engagement.
pub async fn get(tx: &mut Tx, engagement: EngagementId) -> Result<Option<Engagement>, StoreError> {
    let sql = "SELECT id, person, kind, source, source_key, spell, zone, first_day, last_day, leaves, handover, \
         is_primary, rescinded, cut_at, version FROM engagement_spell WHERE id = $1";
    tx.query_opt(sql, &[id(engagement)]).await?.as_ref().map(read).transpose()
}

/// Every engagement of a person, the oldest first.
pub async fn of_person(tx: &mut Tx, person: PersonId) -> Result<Vec<Engagement>, StoreError> {
    let sql = "SELECT id, person, kind, source, source_key, spell, zone, first_day, last_day, leaves, handover, \
         is_primary, rescinded, cut_at, version FROM engagement_spell WHERE person = $1 ORDER BY id LIMIT $2";
    let rows = tx.query(sql, &[id(person), of_owner().into()]).await?;
    rows.iter().map(read).collect()
}

/// Every engagement of these people, those of one person the oldest first.
pub async fn of_people(tx: &mut Tx, people: &[PersonId]) -> Result<Vec<Engagement>, StoreError> {
    let head = "SELECT id, person, kind, source, source_key, spell, zone, first_day, last_day, leaves, handover, \
         is_primary, rescinded, cut_at, version FROM engagement_spell WHERE person";
    let list: Vec<Param> = people.iter().copied().map(id).collect();
    tx.query_in(head, &[], &list, " ORDER BY id").await?.iter().map(read).collect()
}

/// The engagement that a source calls so, in its newest spell.
pub async fn find_by_key(tx: &mut Tx, source: &ConnectionName, key: &str) -> Result<Option<Engagement>, StoreError> {
    let sql = "SELECT id, person, kind, source, source_key, spell, zone, first_day, last_day, leaves, handover, \
         is_primary, rescinded, cut_at, version FROM engagement_spell \
         WHERE source = $1 AND source_key = $2 ORDER BY spell DESC LIMIT 1";
    tx.query_opt(sql, &[source.as_str().into(), key.into()]).await?.as_ref().map(read).transpose()
}

fn values(engagement: &Engagement) -> Result<[Param; 15], StoreError> {
    let leaves = if engagement.leaves.is_empty() { Param::Null } else { json(&engagement.leaves)? };
    Ok([
        id(engagement.id),
        id(engagement.person),
        engagement.kind.word().into(),
        engagement.source.as_str().into(),
        (&engagement.key).into(),
        engagement.spell.into(),
        engagement.zone.as_str().into(),
        engagement.first_day.to_string().into(),
        engagement.last_day.map(|day| day.to_string()).into(),
        leaves,
        engagement.handover.map(|day| day.to_string()).into(),
        engagement.primary.into(),
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
        spell: row.int("spell")?,
        zone: row.parsed("zone")?,
        first_day: row.parsed("first_day")?,
        last_day: row.opt_parsed("last_day")?,
        leaves: row.opt_json("leaves")?.unwrap_or_default(),
        handover: row.opt_parsed("handover")?,
        primary: row.flag("is_primary")?,
        rescinded: row.flag("rescinded")?,
        cut_at: row.opt_time("cut_at")?,
        version: row.int("version")?,
    })
}
