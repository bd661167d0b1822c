//! The outbox of notices: written with what they tell of, delivered afterwards, at least once.

use jiff::Timestamp;
use tenure_model::NoticeId;

use crate::db::row::{Row, id};
use crate::db::tx::Tx;
use crate::error::StoreError;
use crate::limits::page;

const TABLE: &str = "notice";

/// Something to be told to the outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Ours; whoever receives it can tell a repeat by it.
    pub id: NoticeId,
    /// By which way, such as `mail`.
    pub channel: String,
    /// What, as JSON.
    pub body: String,
    /// When it was written.
    pub created_at: Timestamp,
    /// When to try, or to try again.
    pub due: Timestamp,
    /// How often it was tried.
    pub attempts: i64,
}

/// Writes a notice.
pub async fn insert(tx: &mut Tx, notice: &Notice) -> Result<(), StoreError> {
    let sql = "INSERT INTO notice (id, channel, body, created_at, state, due, attempts) \
         VALUES ($1, $2, $3, $4, 'waiting', $5, $6)";
    let values = [
        id(notice.id),
        (&notice.channel).into(),
        (&notice.body).into(),
        notice.created_at.into(),
        notice.due.into(),
        notice.attempts.into(),
    ];
    StoreError::unless_one(tx.execute(sql, &values).await?, TABLE, notice.id)
}

/// Takes what is due, the most overdue first. Nobody else gets it until `until`; whoever has not
/// said by then what became of it has died, and it is tried again.
pub async fn claim(tx: &mut Tx, now: Timestamp, until: Timestamp, limit: usize) -> Result<Vec<Notice>, StoreError> {
    let sql = format!(
        "UPDATE notice SET due = $2, attempts = attempts + 1 WHERE id IN \
         (SELECT id FROM notice WHERE state = 'waiting' AND due <= $1 ORDER BY due, id LIMIT $3{}) \
         RETURNING id, channel, body, created_at, due, attempts",
        tx.dialect().claim_lock()
    );
    let rows = tx.query(&sql, &[now.into(), until.into(), page(limit).into()]).await?;
    let mut notices: Vec<Notice> = rows.iter().map(read).collect::<Result<_, _>>()?;
    notices.sort_by_key(|notice| notice.id);
    Ok(notices)
}

/// Notes that a notice arrived.
pub async fn delivered(tx: &mut Tx, notice: NoticeId) -> Result<(), StoreError> {
    let sql = "UPDATE notice SET state = 'delivered', last_error = NULL WHERE id = $1 AND state = 'waiting'";
    StoreError::unless_one(tx.execute(sql, &[id(notice)]).await?, TABLE, notice)
}

/// Notes that a notice did not arrive, and when to try again; never, if there is no such time.
pub async fn failed(tx: &mut Tx, notice: NoticeId, error: &str, next: Option<Timestamp>) -> Result<(), StoreError> {
    let sql = "UPDATE notice SET state = $2, due = COALESCE($3, due), last_error = $4 \
         WHERE id = $1 AND state = 'waiting'";
    let state = if next.is_some() { "waiting" } else { "given-up" };
    let written = tx.execute(sql, &[id(notice), state.into(), next.into(), error.into()]).await?;
    StoreError::unless_one(written, TABLE, notice)
}

fn read(row: &Row) -> Result<Notice, StoreError> {
    let row = row.of(TABLE);
    Ok(Notice {
        id: row.id("id")?,
        channel: row.string("channel")?,
        body: row.string("body")?,
        created_at: row.time("created_at")?,
        due: row.time("due")?,
        attempts: row.int("attempts")?,
    })
}
