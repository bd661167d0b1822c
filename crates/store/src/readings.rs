//! How far the readings of each connection came, and who reads now.
//!
//! A reading is held by one node for a while ([`claim`]); whoever finds the time run out takes it
//! over and begins anew, which does no harm.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tenure_model::ConnectionName;
use uuid::Uuid;

use crate::db::row::{Param, Row};
use crate::db::tx::Tx;
use crate::error::StoreError;

const TABLE: &str = "reading";

/// What a reading came to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Tally {
    /// Accounts that were read.
    pub read: u64,
    /// Accounts that were never seen before.
    pub new: u64,
    /// Accounts that were found to belong to somebody.
    pub linked: u64,
    /// Accounts of nobody.
    pub orphans: u64,
    /// Accounts that are not as they were last seen.
    pub changed: u64,
    /// Accounts that are not there any more.
    pub missing: u64,
    /// Differences that were found.
    pub drifts: u64,
    /// Accounts that were left for the next reading, because a run works on them.
    pub left: u64,
    /// Why nothing was concluded from what was not there; nothing after a whole reading.
    pub doubt: Option<String>,
}

/// How far the readings of a connection came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// Which connection.
    pub connection: ConnectionName,
    /// When somebody last asked for one.
    pub asked_at: Option<Timestamp>,
    /// When the last one began that came to an end, of whatever kind.
    pub tried_at: Option<Timestamp>,
    /// When the last whole one began: what it says was true since then.
    pub whole_at: Option<Timestamp>,
    /// When the system was last asked what changed.
    pub followed_at: Option<Timestamp>,
    /// Where the system's own list of changes goes on.
    pub token: Option<String>,
    /// What the last whole one came to.
    pub tally: Tally,
    /// Why the last one did not come to its end.
    pub failure: Option<String>,
    /// Until when somebody reads.
    pub held_until: Timestamp,
}

impl Reading {
    /// Of a connection that was never read.
    pub fn never(connection: ConnectionName) -> Self {
        Self {
            connection,
            asked_at: None,
            tried_at: None,
            whole_at: None,
            followed_at: None,
            token: None,
            tally: Tally::default(),
            failure: None,
            held_until: Timestamp::UNIX_EPOCH,
        }
    }
}

/// How far every connection came.
pub async fn all(tx: &mut Tx) -> Result<Vec<Reading>, StoreError> {
    let sql = "SELECT connection, asked_at, tried_at, whole_at, followed_at, token, tally, failure, held_until \
         FROM reading ORDER BY connection";
    tx.query(sql, &[]).await?.iter().map(read).collect()
}

/// How far this connection came.
pub async fn get(tx: &mut Tx, connection: &ConnectionName) -> Result<Option<Reading>, StoreError> {
    let sql = "SELECT connection, asked_at, tried_at, whole_at, followed_at, token, tally, failure, held_until \
         FROM reading WHERE connection = $1";
    tx.query_opt(sql, &[connection.as_str().into()]).await?.as_ref().map(read).transpose()
}

/// Asks for a reading as soon as may be.
pub async fn ask(tx: &mut Tx, connection: &ConnectionName, now: Timestamp) -> Result<(), StoreError> {
    let sql = "INSERT INTO reading (connection, asked_at, tally, held_until) VALUES ($1, $2, '{}', 0) \
         ON CONFLICT (connection) DO UPDATE SET asked_at = excluded.asked_at";
    let written = tx.execute(sql, &[connection.as_str().into(), now.into()]).await?;
    StoreError::unless_one(written, TABLE, connection)
}

/// Takes the reading of a connection for a while. False if somebody else has it.
pub async fn claim(
    tx: &mut Tx,
    connection: &ConnectionName,
    holder: Uuid,
    now: Timestamp,
    until: Timestamp,
) -> Result<bool, StoreError> {
    let sql = "INSERT INTO reading (connection, tally, holder, held_until) VALUES ($1, '{}', $2, $4) \
         ON CONFLICT (connection) DO UPDATE SET holder = excluded.holder, held_until = excluded.held_until \
         WHERE reading.held_until <= $3 OR reading.holder = excluded.holder";
    let values = [connection.as_str().into(), Param::Id(holder), now.into(), until.into()];
    Ok(tx.execute(sql, &values).await? == 1)
}

/// Writes how far it came, and gives it back. Whoever lost it meanwhile has written nothing.
pub async fn finish(tx: &mut Tx, reading: &Reading, holder: Uuid) -> Result<(), StoreError> {
    let sql = "UPDATE reading SET tried_at = $3, whole_at = $4, followed_at = $5, token = $6, tally = $7, failure = $8, \
         holder = NULL, held_until = 0 WHERE connection = $1 AND holder = $2";
    let values = [
        reading.connection.as_str().into(),
        Param::Id(holder),
        reading.tried_at.into(),
        reading.whole_at.into(),
        reading.followed_at.into(),
        reading.token.as_deref().into(),
        crate::db::row::json(&reading.tally)?,
        reading.failure.as_deref().into(),
    ];
    StoreError::unless_one(tx.execute(sql, &values).await?, TABLE, &reading.connection)
}

fn read(row: &Row) -> Result<Reading, StoreError> {
    let row = row.of(TABLE);
    Ok(Reading {
        connection: row.parsed("connection")?,
        asked_at: row.opt_time("asked_at")?,
        tried_at: row.opt_time("tried_at")?,
        whole_at: row.opt_time("whole_at")?,
        followed_at: row.opt_time("followed_at")?,
        token: row.opt_text("token")?.map(str::to_owned),
        tally: row.json("tally")?,
        failure: row.opt_text("failure")?.map(str::to_owned),
        held_until: row.time("held_until")?,
    })
}
