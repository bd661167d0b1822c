//! Questions that only a human can answer, such as whom an event speaks of.

use jiff::Timestamp;
use tenure_model::{CaseId, ConnectionName, EventId, PersonId};

use crate::db::row::{Row, id, json};
use crate::db::tx::Tx;
use crate::error::StoreError;
use crate::limits::page;

const TABLE: &str = "correlation_case";

/// An event that could not be given to one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// Ours.
    pub id: CaseId,
    /// Which event waits.
    pub event: EventId,
    /// Where it came from.
    pub connection: ConnectionName,
    /// What is asked, in words.
    pub question: String,
    /// Who it may be; empty if nobody fits.
    pub candidates: Vec<PersonId>,
    /// Since when it waits.
    pub opened_at: Timestamp,
    /// The answer, once there is one.
    pub resolution: Option<Resolution>,
}

/// How a case ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolution {
    /// When.
    pub at: Timestamp,
    /// Who said so.
    pub by: String,
    /// What was said, as JSON.
    pub body: String,
}

/// Opens a case.
pub async fn insert(tx: &mut Tx, case: &Case) -> Result<(), StoreError> {
    let sql = "INSERT INTO correlation_case (id, event, connection, question, candidates, opened_at) \
         VALUES ($1, $2, $3, $4, $5, $6)";
    let values = [
        id(case.id),
        id(case.event),
        case.connection.as_str().into(),
        (&case.question).into(),
        json(&case.candidates)?,
        case.opened_at.into(),
    ];
    let written = tx.execute(sql, &values).await?;
    StoreError::unless_one(written, TABLE, case.id)
}

/// One case.
pub async fn get(tx: &mut Tx, case: CaseId) -> Result<Option<Case>, StoreError> {
    let sql = "SELECT id, event, connection, question, candidates, opened_at, resolved_at, resolution, resolved_by \
         FROM correlation_case WHERE id = $1";
    tx.query_opt(sql, &[id(case)]).await?.as_ref().map(read).transpose()
}

/// Open cases, the oldest first, from after the cursor.
pub async fn list_open(tx: &mut Tx, after: Option<CaseId>, limit: usize) -> Result<Vec<Case>, StoreError> {
    let sql = "SELECT id, event, connection, question, candidates, opened_at, resolved_at, resolution, resolved_by \
         FROM correlation_case WHERE resolved_at IS NULL AND id > $1 ORDER BY id LIMIT $2";
    let after = after.unwrap_or(tenure_model::Id::from_uuid(uuid::Uuid::nil()));
    tx.query(sql, &[id(after), page(limit).into()]).await?.iter().map(read).collect()
}

/// Closes a case. One that is closed already is a conflict: the first answer holds.
pub async fn resolve(tx: &mut Tx, case: CaseId, resolution: &Resolution) -> Result<(), StoreError> {
    let sql = "UPDATE correlation_case SET resolved_at = $2, resolved_by = $3, resolution = $4 \
         WHERE id = $1 AND resolved_at IS NULL";
    let values = [id(case), resolution.at.into(), (&resolution.by).into(), (&resolution.body).into()];
    StoreError::unless_one(tx.execute(sql, &values).await?, TABLE, case)
}

fn read(row: &Row) -> Result<Case, StoreError> {
    let row = row.of(TABLE);
    let resolution = match row.opt_time("resolved_at")? {
        None => None,
        Some(at) => Some(Resolution { at, by: row.string("resolved_by")?, body: row.string("resolution")? }),
    };
    Ok(Case {
        id: row.id("id")?,
        event: row.id("event")?,
        connection: row.parsed("connection")?,
        question: row.string("question")?,
        candidates: row.json("candidates")?,
        opened_at: row.time("opened_at")?,
        resolution,
    })
}
