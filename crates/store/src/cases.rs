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
    /// What exactly is asked, for whoever answers by machine, as JSON.
    pub detail: Option<Detail>,
    /// Since when it waits.
    pub opened_at: Timestamp,
    /// The answer, once there is one.
    pub resolution: Option<Resolution>,
}

/// What exactly a case asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detail {
    /// What kind of question, such as `key-change`.
    pub kind: String,
    /// The rest, as JSON.
    pub body: String,
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
    StoreError::unless_one(written, TABLE, case.id)?;
    let Some(detail) = &case.detail else { return Ok(()) };
    let sql = "INSERT INTO case_detail (id, kind, body) VALUES ($1, $2, $3)";
    let written = tx.execute(sql, &[id(case.id), (&detail.kind).into(), (&detail.body).into()]).await?;
    StoreError::unless_one(written, "case_detail", case.id)
}

/// The open cases of this kind about this body, such as names that could not be made.
pub async fn open_of_kind(tx: &mut Tx, kind: &str, body: &str) -> Result<Vec<CaseId>, StoreError> {
    let sql = "SELECT c.id FROM case_detail d JOIN correlation_case c ON c.id = d.id \
         WHERE d.kind = $1 AND d.body = $2 AND c.resolved_at IS NULL ORDER BY c.id LIMIT $3";
    let rows = tx.query(sql, &[kind.into(), body.into(), page(usize::MAX).into()]).await?;
    rows.iter().map(|row| row.of(TABLE).id("id")).collect()
}

/// One case.
pub async fn get(tx: &mut Tx, case: CaseId) -> Result<Option<Case>, StoreError> {
    let sql = "SELECT c.id, c.event, c.connection, c.question, c.candidates, c.opened_at, c.resolved_at, c.resolution, \
         c.resolved_by, d.kind, d.body FROM correlation_case c LEFT JOIN case_detail d ON d.id = c.id WHERE c.id = $1";
    tx.query_opt(sql, &[id(case)]).await?.as_ref().map(read).transpose()
}

/// Open cases, the oldest first, from after the cursor.
pub async fn list_open(tx: &mut Tx, after: Option<CaseId>, limit: usize) -> Result<Vec<Case>, StoreError> {
    let sql = "SELECT c.id, c.event, c.connection, c.question, c.candidates, c.opened_at, c.resolved_at, c.resolution, \
         c.resolved_by, d.kind, d.body FROM correlation_case c LEFT JOIN case_detail d ON d.id = c.id \
         WHERE c.resolved_at IS NULL AND c.id > $1 ORDER BY c.id LIMIT $2";
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
    let detail = match row.opt_text("kind")? {
        None => None,
        Some(kind) => Some(Detail { kind: kind.to_owned(), body: row.string("body")? }),
    };
    Ok(Case {
        detail,
        id: row.id("id")?,
        event: row.id("event")?,
        connection: row.parsed("connection")?,
        question: row.string("question")?,
        candidates: row.json("candidates")?,
        opened_at: row.time("opened_at")?,
        resolution,
    })
}
