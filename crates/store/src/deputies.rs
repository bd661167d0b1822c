//! Who stands in for whom, and until when.

use jiff::Timestamp;
use tenure_model::{Deputy, DeputyId};

use crate::db::row::{Param, Row, id, json};
use crate::db::tx::Tx;
use crate::error::StoreError;
use crate::limits::{of_owner, page};

const TABLE: &str = "deputy";

const COLUMNS: &str = "id, whom, name, valid_from, valid_until, reason, by_whom, ended, version";

/// Which deputies are wanted. None: whoever it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeputyFilter {
    /// Only those who stand in for this one.
    pub whom: Option<String>,
    /// Only those of whom this one is either side.
    pub either: Option<String>,
}

/// Writes a new deputy.
pub async fn insert(tx: &mut Tx, deputy: &Deputy) -> Result<(), StoreError> {
    let sql = "INSERT INTO deputy (id, whom, name, valid_from, valid_until, reason, by_whom, ended, version) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    let values: [Param; 9] = [
        id(deputy.id),
        (&deputy.whom).into(),
        (&deputy.name).into(),
        deputy.valid_from.into(),
        deputy.valid_until.into(),
        (&deputy.reason).into(),
        (&deputy.by).into(),
        deputy.ended.as_ref().map(json).transpose()?.unwrap_or(Param::Null),
        deputy.version.into(),
    ];
    StoreError::unless_one(tx.execute(sql, &values).await?, TABLE, deputy.id)
}

/// Writes what can change of a deputy, whose version is one more than what is stored.
pub async fn update(tx: &mut Tx, deputy: &Deputy) -> Result<(), StoreError> {
    let sql = "UPDATE deputy SET ended = $2, version = $3 WHERE id = $1 AND version = $3 - 1";
    let ended = deputy.ended.as_ref().map(json).transpose()?.unwrap_or(Param::Null);
    let written = tx.execute(sql, &[id(deputy.id), ended, deputy.version.into()]).await?;
    StoreError::unless_one(written, TABLE, deputy.id)
}

/// One deputy.
pub async fn get(tx: &mut Tx, deputy: DeputyId) -> Result<Option<Deputy>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM deputy WHERE id = $1");
    tx.query_opt(&sql, &[id(deputy)]).await?.as_ref().map(read).transpose()
}

/// Deputies, the oldest first, from after the cursor; those that are over too.
pub async fn list(
    tx: &mut Tx,
    filter: &DeputyFilter,
    after: Option<DeputyId>,
    limit: usize,
) -> Result<Vec<Deputy>, StoreError> {
    // No name is empty, so an empty one asks for all.
    let sql = format!(
        "SELECT {COLUMNS} FROM deputy WHERE id > $1 AND ($2 = '' OR whom = $2) \
         AND ($3 = '' OR whom = $3 OR name = $3) ORDER BY id LIMIT $4"
    );
    let after = after.unwrap_or(tenure_model::Id::from_uuid(uuid::Uuid::nil()));
    let name = |name: &Option<String>| Param::from(name.as_deref().unwrap_or_default());
    let values = [id(after), name(&filter.whom), name(&filter.either), page(limit).into()];
    tx.query(&sql, &values).await?.iter().map(read).collect()
}

/// Those who stand in for somebody at this moment, the oldest first.
pub async fn of(tx: &mut Tx, whom: &str, now: Timestamp) -> Result<Vec<Deputy>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM deputy WHERE whom = $1 AND ended IS NULL AND valid_from <= $2 AND valid_until > $2 \
         ORDER BY id LIMIT $3"
    );
    tx.query(&sql, &[whom.into(), now.into(), of_owner().into()]).await?.iter().map(read).collect()
}

/// Those for whom somebody stands in at this moment, the oldest first.
pub async fn held_by(tx: &mut Tx, name: &str, now: Timestamp) -> Result<Vec<Deputy>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM deputy WHERE name = $1 AND ended IS NULL AND valid_from <= $2 AND valid_until > $2 \
         ORDER BY id LIMIT $3"
    );
    tx.query(&sql, &[name.into(), now.into(), of_owner().into()]).await?.iter().map(read).collect()
}

/// How many stand in for somebody, or will.
pub async fn count_of(tx: &mut Tx, whom: &str, now: Timestamp) -> Result<i64, StoreError> {
    let sql = "SELECT count(*) AS deputies FROM deputy WHERE whom = $1 AND ended IS NULL AND valid_until > $2";
    tx.query_one(sql, &[whom.into(), now.into()]).await?.of(TABLE).int("deputies")
}

/// Whether somebody ever stood in for somebody else.
pub async fn ever(tx: &mut Tx, whom: &str, name: &str) -> Result<bool, StoreError> {
    let sql = "SELECT id FROM deputy WHERE whom = $1 AND name = $2 ORDER BY id LIMIT 1";
    Ok(tx.query_opt(sql, &[whom.into(), name.into()]).await?.is_some())
}

fn read(row: &Row) -> Result<Deputy, StoreError> {
    let row = row.of(TABLE);
    Ok(Deputy {
        id: row.id("id")?,
        whom: row.string("whom")?,
        name: row.string("name")?,
        valid_from: row.time("valid_from")?,
        valid_until: row.time("valid_until")?,
        reason: row.string("reason")?,
        by: row.string("by_whom")?,
        ended: row.opt_json("ended")?,
        version: row.int("version")?,
    })
}
