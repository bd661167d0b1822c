//! Tickets of tasks, as far as we know of them.

use jiff::Timestamp;
use tenure_model::{ConnectionName, Name, NativeId, TaskId, TaskTicket, TicketState};

use crate::db::row::{Row, id};
use crate::db::tx::Tx;
use crate::error::StoreError;
use crate::limits::{of_owner, page};

const TABLE: &str = "task_ticket";

const COLUMNS: &str =
    "key, task, connection, native_id, link, state, seen, say, note, tries, due_at, wanted_at, version";

/// Writes one that is wanted.
pub async fn insert(tx: &mut Tx, ticket: &TaskTicket) -> Result<(), StoreError> {
    let sql = "INSERT INTO task_ticket (key, task, connection, state, tries, due_at, wanted_at, version) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    let values = [
        (&ticket.key).into(),
        id(ticket.task),
        ticket.connection.as_str().into(),
        ticket.state.word().into(),
        ticket.tries.into(),
        ticket.due_at.into(),
        ticket.wanted_at.into(),
        ticket.version.into(),
    ];
    StoreError::unless_one(tx.execute(sql, &values).await?, TABLE, &ticket.key)
}

/// Writes what can change of one, over the version before. Says false if somebody else was faster.
pub async fn update(tx: &mut Tx, ticket: &TaskTicket) -> Result<bool, StoreError> {
    let sql = "UPDATE task_ticket SET native_id = $2, link = $3, state = $4, seen = $5, say = $6, note = $7, \
         tries = $8, due_at = $9, version = $10 WHERE key = $1 AND version = $11";
    let values = [
        (&ticket.key).into(),
        ticket.native_id.as_ref().map(NativeId::as_str).into(),
        ticket.link.as_deref().into(),
        ticket.state.word().into(),
        ticket.seen.as_deref().into(),
        ticket.say.as_deref().into(),
        ticket.note.as_deref().into(),
        ticket.tries.into(),
        ticket.due_at.into(),
        ticket.version.into(),
        (ticket.version - 1).into(),
    ];
    Ok(tx.execute(sql, &values).await? == 1)
}

/// The tickets of a task, in the order in which they were wanted.
pub async fn of_task(tx: &mut Tx, task: TaskId) -> Result<Vec<TaskTicket>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM task_ticket WHERE task = $1 ORDER BY wanted_at, key LIMIT $2");
    tx.query(&sql, &[id(task), of_owner().into()]).await?.iter().map(read).collect()
}

/// The connections of which tickets are to be looked at.
pub async fn due_connections(tx: &mut Tx, now: Timestamp) -> Result<Vec<ConnectionName>, StoreError> {
    let sql = "SELECT DISTINCT connection FROM task_ticket WHERE due_at IS NOT NULL AND due_at <= $1 \
         ORDER BY connection";
    tx.query(sql, &[now.into()]).await?.iter().map(|row| row.of(TABLE).parsed("connection")).collect()
}

/// Takes what is due in a connection, the most overdue first. Nobody else gets it until `until`;
/// whoever has not said by then what became of it has died, and it is looked at again.
pub async fn claim(
    tx: &mut Tx,
    connection: &Name,
    now: Timestamp,
    until: Timestamp,
    limit: usize,
) -> Result<Vec<TaskTicket>, StoreError> {
    let sql = format!(
        "UPDATE task_ticket SET due_at = $2, tries = tries + 1 WHERE key IN \
         (SELECT key FROM task_ticket WHERE connection = $4 AND due_at IS NOT NULL AND due_at <= $1 \
         ORDER BY due_at, key LIMIT $3{}) RETURNING {COLUMNS}",
        tx.dialect().claim_lock()
    );
    let rows = tx.query(&sql, &[now.into(), until.into(), page(limit).into(), connection.as_str().into()]).await?;
    let mut tickets: Vec<TaskTicket> = rows.iter().map(read).collect::<Result<_, _>>()?;
    tickets.sort_by(|one, other| one.key.cmp(&other.key));
    Ok(tickets)
}

fn read(row: &Row) -> Result<TaskTicket, StoreError> {
    let row = row.of(TABLE);
    Ok(TaskTicket {
        key: row.string("key")?,
        task: row.id("task")?,
        connection: row.parsed("connection")?,
        native_id: row.opt_text("native_id")?.map(NativeId::new),
        link: row.opt_text("link")?.map(str::to_owned),
        state: row.word("state", TicketState::from_word)?,
        seen: row.opt_text("seen")?.map(str::to_owned),
        say: row.opt_text("say")?.map(str::to_owned),
        note: row.opt_text("note")?.map(str::to_owned),
        tries: row.int("tries")?,
        due_at: row.opt_time("due_at")?,
        wanted_at: row.time("wanted_at")?,
        version: row.int("version")?,
    })
}
