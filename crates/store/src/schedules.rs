//! When the schedules of workflows last began, so that each period begins once, whoever asks.

use jiff::Timestamp;

use crate::db::tx::Tx;
use crate::error::StoreError;
use crate::limits::of_owner;

const TABLE: &str = "schedule";

/// When a schedule last began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Begun {
    /// Of which workflow.
    pub workflow: String,
    /// The schedule, as it is written.
    pub schedule: String,
    /// The moment at which its last period began.
    pub at: Timestamp,
}

/// Every schedule that was ever seen.
pub async fn all(tx: &mut Tx) -> Result<Vec<Begun>, StoreError> {
    let sql = "SELECT workflow, schedule, begun_at FROM schedule ORDER BY workflow, schedule LIMIT $1";
    let rows = tx.query(sql, &[of_owner().into()]).await?;
    let read = |row: &crate::Row| {
        let row = row.of(TABLE);
        Ok(Begun { workflow: row.string("workflow")?, schedule: row.string("schedule")?, at: row.time("begun_at")? })
    };
    rows.iter().map(read).collect()
}

/// Remembers a schedule that was not seen before; one that was stays as it is.
pub async fn remember(tx: &mut Tx, begun: &Begun) -> Result<(), StoreError> {
    let sql = "INSERT INTO schedule (workflow, schedule, begun_at) VALUES ($1, $2, $3) \
         ON CONFLICT (workflow, schedule) DO NOTHING";
    tx.execute(sql, &[(&begun.workflow).into(), (&begun.schedule).into(), begun.at.into()]).await.map(drop)
}

/// Begins a period. False if it, or a later one, has begun already.
pub async fn begin(tx: &mut Tx, begun: &Begun) -> Result<bool, StoreError> {
    let sql = "UPDATE schedule SET begun_at = $3 WHERE workflow = $1 AND schedule = $2 AND begun_at < $3";
    Ok(tx.execute(sql, &[(&begun.workflow).into(), (&begun.schedule).into(), begun.at.into()]).await? == 1)
}
