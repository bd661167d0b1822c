//! What steps wait for: that something happens to somebody, or that a time in which they watch is over.

use jiff::Timestamp;
use serde_json::{Map, Value as Json};
use tenure_model::{PersonId, RunId};

use crate::db::row::{Row, id, json};
use crate::db::tx::Tx;
use crate::error::StoreError;
use crate::limits::page;

const TABLE: &str = "event_await";

const COLUMNS: &str = "key, run, person, event, wanted, until, came";

/// A step that waits for something to happen to somebody.
#[derive(Debug, Clone, PartialEq)]
pub struct Await {
    /// Names the step of its run; the same on every try.
    pub key: String,
    /// Whose step it is.
    pub run: RunId,
    /// To whom it is to happen.
    pub person: PersonId,
    /// What.
    pub event: String,
    /// What it must say, by name; of a step that watches, what it saw so far.
    pub wanted: Map<String, Json>,
    /// Until when it is waited for.
    pub until: Option<Timestamp>,
    /// What it said, once it has come.
    pub came: Option<Json>,
}

/// Writes it unless there is one of its key. Gives back the one that is there.
pub async fn open_once(tx: &mut Tx, wait: &Await) -> Result<Await, StoreError> {
    let sql = "INSERT INTO event_await (key, run, person, event, wanted, until) VALUES ($1, $2, $3, $4, $5, $6) \
         ON CONFLICT (key) DO NOTHING";
    let values = [
        (&wait.key).into(),
        id(wait.run),
        id(wait.person),
        (&wait.event).into(),
        json(&wait.wanted)?,
        wait.until.into(),
    ];
    if tx.execute(sql, &values).await? == 1 {
        return Ok(wait.clone());
    }
    let found = get(tx, &wait.key).await?;
    found.ok_or_else(|| StoreError::Conflict { table: TABLE, id: wait.key.clone() })
}

/// One of them.
pub async fn get(tx: &mut Tx, key: &str) -> Result<Option<Await>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM event_await WHERE key = $1");
    tx.query_opt(&sql, &[key.into()]).await?.as_ref().map(read).transpose()
}

/// Those that wait for this to happen to somebody.
pub async fn open_for(tx: &mut Tx, person: PersonId, event: &str, limit: usize) -> Result<Vec<Await>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM event_await WHERE person = $1 AND event = $2 AND came IS NULL ORDER BY key LIMIT $3"
    );
    tx.query(&sql, &[id(person), event.into(), page(limit).into()]).await?.iter().map(read).collect()
}

/// What a step saw so far, in the place of what it saw before. A conflict, if another saw more meanwhile.
pub async fn keep(
    tx: &mut Tx,
    key: &str,
    before: &Map<String, Json>,
    seen: &Map<String, Json>,
) -> Result<(), StoreError> {
    let sql = "UPDATE event_await SET wanted = $2 WHERE key = $1 AND wanted = $3";
    match tx.execute(sql, &[key.into(), json(seen)?, json(before)?]).await? {
        1 => Ok(()),
        _ => Err(StoreError::Conflict { table: TABLE, id: key.to_owned() }),
    }
}

/// It has come. False if it had already.
pub async fn arrive(tx: &mut Tx, key: &str, said: &Json) -> Result<bool, StoreError> {
    let sql = "UPDATE event_await SET came = $2 WHERE key = $1 AND came IS NULL";
    Ok(tx.execute(sql, &[key.into(), json(said)?]).await? == 1)
}

/// Whether there are any whose run is over.
pub async fn any_over(tx: &mut Tx) -> Result<bool, StoreError> {
    let sql = "SELECT 1 AS one FROM event_await a JOIN run r ON r.id = a.run \
         WHERE r.status IN ('done', 'failed', 'cancelled') LIMIT 1";
    Ok(tx.query_opt(sql, &[]).await?.is_some())
}

/// Forgets those whose run is over. Says how many.
pub async fn forget(tx: &mut Tx, limit: usize) -> Result<usize, StoreError> {
    let sql = "DELETE FROM event_await WHERE key IN (SELECT a.key FROM event_await a JOIN run r ON r.id = a.run \
         WHERE r.status IN ('done', 'failed', 'cancelled') ORDER BY a.key LIMIT $1)";
    let gone = tx.execute(sql, &[page(limit).into()]).await?;
    Ok(usize::try_from(gone).unwrap_or(usize::MAX))
}

fn read(row: &Row) -> Result<Await, StoreError> {
    let row = row.of(TABLE);
    Ok(Await {
        key: row.string("key")?,
        run: row.id("run")?,
        person: row.id("person")?,
        event: row.string("event")?,
        wanted: row.json("wanted")?,
        until: row.opt_time("until")?,
        came: row.opt_json("came")?,
    })
}
