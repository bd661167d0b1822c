//! What somebody who looked said of accounts in systems that no machine can look at.

use jiff::Timestamp;
use tenure_model::{ConnectionName, NativeId};
use uuid::Uuid;

use crate::db::row::{Param, Row};
use crate::db::tx::Tx;
use crate::error::StoreError;
use crate::limits::count;

const TABLE: &str = "attestation";

/// That somebody says that a write is so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attested {
    /// Ours; sorts by time.
    pub id: Uuid,
    /// The key under which the write was asked for.
    pub key: String,
    /// In which system.
    pub connection: ConnectionName,
    /// On which account.
    pub account: NativeId,
    /// What is so, as JSON.
    pub body: String,
    /// Who says so.
    pub by: String,
    /// When they said so.
    pub at: Timestamp,
}

/// Keeps what somebody said, unless it is kept already under this key.
pub async fn insert_once(tx: &mut Tx, attested: &Attested) -> Result<(), StoreError> {
    let sql = "INSERT INTO attestation (id, key, connection, account, body, by_whom, at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (key) DO NOTHING";
    let values = [
        Param::Id(attested.id),
        (&attested.key).into(),
        attested.connection.as_str().into(),
        attested.account.as_str().into(),
        (&attested.body).into(),
        (&attested.by).into(),
        attested.at.into(),
    ];
    tx.execute(sql, &values).await.map(drop)
}

/// What was said of one account, in order.
pub async fn of_account(
    tx: &mut Tx,
    connection: &ConnectionName,
    account: &NativeId,
    limit: usize,
) -> Result<Vec<Attested>, StoreError> {
    let sql = "SELECT id, key, connection, account, body, by_whom, at FROM attestation \
         WHERE connection = $1 AND account = $2 ORDER BY id LIMIT $3";
    let values = [connection.as_str().into(), account.as_str().into(), count(limit).into()];
    tx.query(sql, &values).await?.iter().map(read).collect()
}

/// What was said of the accounts of a system, in order.
pub async fn of_connection(
    tx: &mut Tx,
    connection: &ConnectionName,
    limit: usize,
) -> Result<Vec<Attested>, StoreError> {
    let sql = "SELECT id, key, connection, account, body, by_whom, at FROM attestation \
         WHERE connection = $1 ORDER BY account, id LIMIT $2";
    tx.query(sql, &[connection.as_str().into(), count(limit).into()]).await?.iter().map(read).collect()
}

fn read(row: &Row) -> Result<Attested, StoreError> {
    let row = row.of(TABLE);
    Ok(Attested {
        id: row.uuid("id")?,
        key: row.string("key")?,
        connection: row.parsed("connection")?,
        account: NativeId::new(row.string("account")?),
        body: row.string("body")?,
        by: row.string("by_whom")?,
        at: row.time("at")?,
    })
}
