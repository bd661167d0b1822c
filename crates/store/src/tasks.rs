//! What humans are asked to do, with what they said about it and brought as evidence.

use std::fmt::Write as _;

use jiff::Timestamp;
use tenure_model::{HumanTask, Name, RunId, TaskEntryId, TaskId, TaskKind, TaskState};

use crate::db::row::{Param, Row, id, json, opt_id};
use crate::db::tx::Tx;
use crate::error::StoreError;
use crate::limits::{LIST_MAX, of_owner, page};

const TABLE: &str = "human_task";
const ENTRIES: &str = "human_task_entry";

/// Runs whose tasks are read by one statement.
const KEYS_AT_ONCE: usize = 50;

const COLUMNS: &str = "id, key, kind, title, instructions, assignee, barred, outcomes, about, connection, waits, \
    opened_at, due_at, remind_at, state, claimed_by, closed, version";

/// Which tasks are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TaskFilter {
    /// Only those for one of these, as [`tenure_model::Assignee`] writes itself. None: for anybody.
    pub assignees: Option<Vec<String>>,
    /// Also those that are closed.
    pub closed: bool,
}

/// What somebody said about a task, or brought as evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskEntry {
    /// Ours.
    pub id: TaskEntryId,
    /// About which task.
    pub task: TaskId,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: String,
    /// What they said; of evidence, where it is or what it is called.
    pub body: String,
    /// Of evidence: the SHA-256 of it.
    pub hash: Option<[u8; 32]>,
    /// Of evidence that is kept here: what it is.
    pub media_type: Option<String>,
}

/// Writes a task unless there is one of its key. Gives back the one that is there, and whether it
/// is this one.
pub async fn insert_once(tx: &mut Tx, task: &HumanTask) -> Result<(HumanTask, bool), StoreError> {
    let sql = "INSERT INTO human_task (id, key, kind, title, instructions, assignee, barred, outcomes, about, \
         connection, waits, opened_at, due_at, remind_at, state, claimed_by, closed, version) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18) \
         ON CONFLICT (key) DO NOTHING";
    let (state, claimed_by, closed) = state_columns(&task.state)?;
    let values = [
        id(task.id),
        (&task.key).into(),
        task.kind.word().into(),
        (&task.title).into(),
        (&task.instructions).into(),
        task.assignee.to_string().into(),
        json(&task.barred)?,
        json(&task.outcomes)?,
        opt_id(task.about),
        task.connection.as_ref().map(Name::as_str).into(),
        opt_id(task.waits),
        task.opened_at.into(),
        task.due_at.into(),
        task.remind_at.into(),
        state,
        claimed_by,
        closed,
        task.version.into(),
    ];
    if tx.execute(sql, &values).await? == 1 {
        if !task.choices.is_empty() {
            let sql = "INSERT INTO human_task_choices (task, choices) VALUES ($1, $2)";
            StoreError::unless_one(tx.execute(sql, &[id(task.id), json(&task.choices)?]).await?, TABLE, task.id)?;
        }
        return Ok((task.clone(), true));
    }
    let found = by_key(tx, &task.key).await?;
    let found = found.ok_or_else(|| StoreError::Conflict { table: TABLE, id: task.key.clone() })?;
    Ok((found, false))
}

/// Writes what can change of a task, over the version before.
pub async fn update(tx: &mut Tx, task: &HumanTask) -> Result<(), StoreError> {
    let sql = "UPDATE human_task SET assignee = $2, waits = $3, remind_at = $4, state = $5, claimed_by = $6, \
         closed = $7, version = $8 WHERE id = $1 AND version = $9";
    let (state, claimed_by, closed) = state_columns(&task.state)?;
    let values = [
        id(task.id),
        task.assignee.to_string().into(),
        opt_id(task.waits),
        task.remind_at.into(),
        state,
        claimed_by,
        closed,
        task.version.into(),
        (task.version - 1).into(),
    ];
    StoreError::unless_one(tx.execute(sql, &values).await?, TABLE, task.id)
}

/// One task.
pub async fn get(tx: &mut Tx, task: TaskId) -> Result<Option<HumanTask>, StoreError> {
    let sql = format!("SELECT {} FROM human_task WHERE id = $1", columns_of(TABLE));
    tx.query_opt(&sql, &[id(task)]).await?.as_ref().map(read).transpose()
}

/// The task of a key.
pub async fn by_key(tx: &mut Tx, key: &str) -> Result<Option<HumanTask>, StoreError> {
    let sql = format!("SELECT {} FROM human_task WHERE key = $1", columns_of(TABLE));
    tx.query_opt(&sql, &[key.into()]).await?.as_ref().map(read).transpose()
}

/// Open tasks whose key begins so, in its order, from after the cursor.
pub async fn open_under(tx: &mut Tx, head: &str, after: &str, limit: usize) -> Result<Vec<HumanTask>, StoreError> {
    let sql = format!(
        "SELECT {} FROM human_task WHERE state <> 'closed' AND key > $1 AND key < $2 ORDER BY key LIMIT $3",
        columns_of(TABLE)
    );
    // No key goes on with the last sign that there is.
    let end = format!("{head}\u{10ffff}");
    tx.query(&sql, &[after.into(), end.into(), page(limit).into()]).await?.iter().map(read).collect()
}

/// Tasks, the oldest first, from after the cursor.
pub async fn list(
    tx: &mut Tx,
    filter: &TaskFilter,
    after: Option<TaskId>,
    limit: usize,
) -> Result<Vec<HumanTask>, StoreError> {
    let after = after.unwrap_or(tenure_model::Id::from_uuid(uuid::Uuid::nil()));
    let mut values = vec![id(after), page(limit).into()];
    let mut sql = format!("SELECT {} FROM human_task WHERE id > $1", columns_of(TABLE));
    if !filter.closed {
        sql.push_str(" AND state <> 'closed'");
    }
    if let Some(assignees) = &filter.assignees {
        if assignees.is_empty() {
            return Ok(Vec::new());
        }
        let places: Vec<String> = assignees
            .iter()
            .take(LIST_MAX)
            .map(|assignee| {
                values.push(assignee.into());
                format!("${}", values.len())
            })
            .collect();
        // Writing to a string cannot fail.
        write!(sql, " AND assignee IN ({})", places.join(", ")).unwrap_or_default();
    }
    sql.push_str(" ORDER BY id LIMIT $2");
    tx.query(&sql, &values).await?.iter().map(read).collect()
}

/// Where a look at what people are asked to do goes on: whom the last task was for, and its id.
pub type AfterPerson = (String, TaskId);

/// Open tasks that are for a person, in order of whom they are for, from after the cursor.
pub async fn for_people(tx: &mut Tx, after: Option<&AfterPerson>, limit: usize) -> Result<Vec<HumanTask>, StoreError> {
    // What is for a person begins with `person:`, and `;` is the sign after `:`.
    let sql = format!(
        "SELECT {} FROM human_task WHERE state <> 'closed' AND assignee >= 'person:' AND assignee < 'person;' \
         AND (assignee, id) > ($1, $2) ORDER BY assignee, id LIMIT $3",
        columns_of(TABLE)
    );
    let (assignee, task) = match after {
        Some((assignee, task)) => (assignee.as_str(), *task),
        None => ("", tenure_model::Id::from_uuid(uuid::Uuid::nil())),
    };
    tx.query(&sql, &[assignee.into(), id(task), page(limit).into()]).await?.iter().map(read).collect()
}

/// Tasks of which somebody is to be reminded now, the most overdue first.
pub async fn to_remind(tx: &mut Tx, now: Timestamp, limit: usize) -> Result<Vec<HumanTask>, StoreError> {
    let sql = format!(
        "SELECT {} FROM human_task WHERE remind_at IS NOT NULL AND remind_at <= $1 ORDER BY remind_at, id LIMIT $2",
        columns_of(TABLE)
    );
    tx.query(&sql, &[now.into(), page(limit).into()]).await?.iter().map(read).collect()
}

/// Open tasks for whose end no run waits any more, because it is over.
pub async fn left_behind(tx: &mut Tx, limit: usize) -> Result<Vec<HumanTask>, StoreError> {
    let sql = format!(
        "SELECT {} FROM human_task t JOIN run r ON r.id = t.waits \
         WHERE t.state <> 'closed' AND t.waits IS NOT NULL AND r.status IN ('done', 'failed', 'cancelled') \
         ORDER BY t.id LIMIT $1",
        columns_of("t")
    );
    tx.query(&sql, &[page(limit).into()]).await?.iter().map(read).collect()
}

/// Runs that are blocked, and that nobody is asked for.
pub async fn unasked(tx: &mut Tx, limit: usize) -> Result<Vec<RunId>, StoreError> {
    let sql = "SELECT r.id FROM run r WHERE r.status = 'blocked' AND NOT EXISTS (SELECT 1 FROM human_task t \
         WHERE t.waits = r.id AND t.state <> 'closed' AND t.kind = 'stuck') ORDER BY r.id LIMIT $1";
    tx.query(sql, &[page(limit).into()]).await?.iter().map(|row| row.of("run").id("id")).collect()
}

/// Open tasks about a step that is stuck, of runs that are neither blocked nor over.
pub async fn moved_on(tx: &mut Tx, limit: usize) -> Result<Vec<HumanTask>, StoreError> {
    let sql = format!(
        "SELECT {} FROM human_task t JOIN run r ON r.id = t.waits WHERE t.state <> 'closed' AND t.waits IS NOT NULL \
         AND t.kind = 'stuck' AND r.status NOT IN ('blocked', 'done', 'failed', 'cancelled') ORDER BY t.id LIMIT $1",
        columns_of("t")
    );
    tx.query(&sql, &[page(limit).into()]).await?.iter().map(read).collect()
}

/// Whether another open task asks the same of the same.
pub async fn is_asked_alike(tx: &mut Tx, task: &HumanTask) -> Result<bool, StoreError> {
    let sql = "SELECT 1 AS alike FROM human_task WHERE assignee = $1 AND state <> 'closed' AND title = $2 \
         AND kind = $3 AND id <> $4 LIMIT 1";
    let values = [task.assignee.to_string().into(), (&task.title).into(), task.kind.word().into(), id(task.id)];
    Ok(tx.query_opt(sql, &values).await?.is_some())
}

/// What [`read`] reads, of a table or its alias.
fn columns_of(table: &str) -> String {
    let choices = format!("(SELECT c.choices FROM human_task_choices c WHERE c.task = {table}.id) AS choices");
    COLUMNS
        .split(", ")
        .map(|column| format!("{table}.{}", column.trim()))
        .chain([choices])
        .collect::<Vec<_>>()
        .join(", ")
}

/// Tasks of a kind that these runs asked for, over or not, the oldest first. Their keys begin with the run.
pub async fn of_runs(tx: &mut Tx, runs: &[RunId], kind: TaskKind) -> Result<Vec<HumanTask>, StoreError> {
    let mut found = Vec::new();
    for some in runs.chunks(KEYS_AT_ONCE) {
        let mut values: Vec<Param> = vec![kind.word().into()];
        let mut ranges = Vec::new();
        for run in some {
            // `0` is the sign after `/`.
            values.extend([format!("{run}/").into(), format!("{run}0").into()]);
            ranges.push(format!("(key > ${} AND key < ${})", values.len() - 1, values.len()));
        }
        let sql = format!(
            "SELECT {} FROM human_task WHERE kind = $1 AND ({}) ORDER BY id",
            columns_of(TABLE),
            ranges.join(" OR ")
        );
        for row in &tx.query(&sql, &values).await? {
            found.push(read(row)?);
        }
    }
    Ok(found)
}

/// Open tasks that a run waits for.
pub async fn awaited_by(tx: &mut Tx, run: RunId) -> Result<Vec<HumanTask>, StoreError> {
    let sql = format!(
        "SELECT {} FROM human_task WHERE waits = $1 AND state <> 'closed' ORDER BY id LIMIT $2",
        columns_of(TABLE)
    );
    tx.query(&sql, &[id(run), of_owner().into()]).await?.iter().map(read).collect()
}

/// Writes what somebody said or brought, with what is kept of it here.
pub async fn add(tx: &mut Tx, entry: &TaskEntry, content: Option<&[u8]>) -> Result<(), StoreError> {
    let sql = "INSERT INTO human_task_entry (id, task, at, by_whom, body, hash, media_type, content) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    let values = [
        id(entry.id),
        id(entry.task),
        entry.at.into(),
        (&entry.by).into(),
        (&entry.body).into(),
        entry.hash.as_ref().map(<[u8; 32]>::as_slice).into(),
        entry.media_type.as_deref().into(),
        content.into(),
    ];
    StoreError::unless_one(tx.execute(sql, &values).await?, ENTRIES, entry.id)
}

/// What was said about a task, in order.
pub async fn entries(tx: &mut Tx, task: TaskId) -> Result<Vec<TaskEntry>, StoreError> {
    let sql = "SELECT id, task, at, by_whom, body, hash, media_type FROM human_task_entry \
         WHERE task = $1 ORDER BY id LIMIT $2";
    tx.query(sql, &[id(task), of_owner().into()]).await?.iter().map(read_entry).collect()
}

/// How much was said about a task.
pub async fn count_entries(tx: &mut Tx, task: TaskId) -> Result<i64, StoreError> {
    let row = tx.query_one("SELECT count(*) AS entries FROM human_task_entry WHERE task = $1", &[id(task)]).await?;
    row.of(ENTRIES).int("entries")
}

/// Evidence that is kept here, with its bytes.
pub async fn evidence(
    tx: &mut Tx,
    task: TaskId,
    entry: TaskEntryId,
) -> Result<Option<(TaskEntry, Vec<u8>)>, StoreError> {
    let sql = "SELECT id, task, at, by_whom, body, hash, media_type, content FROM human_task_entry \
         WHERE id = $1 AND task = $2 AND content IS NOT NULL";
    let Some(row) = tx.query_opt(sql, &[id(entry), id(task)]).await? else { return Ok(None) };
    let content = row.of(ENTRIES).bytes("content")?.to_vec();
    Ok(Some((read_entry(&row)?, content)))
}

fn state_columns(state: &TaskState) -> Result<(Param, Param, Param), StoreError> {
    Ok(match state {
        TaskState::Open => (state.word().into(), Param::Null, Param::Null),
        TaskState::Claimed { by } => (state.word().into(), by.into(), Param::Null),
        TaskState::Closed(end) => (state.word().into(), Param::Null, json(end)?),
    })
}

fn read(row: &Row) -> Result<HumanTask, StoreError> {
    let row = row.of(TABLE);
    let state = match row.text("state")? {
        "open" => TaskState::Open,
        "claimed" => TaskState::Claimed { by: row.string("claimed_by")? },
        "closed" => TaskState::Closed(row.json("closed")?),
        _ => return Err(row.bad("state", "not a state of a task")),
    };
    Ok(HumanTask {
        id: row.id("id")?,
        key: row.string("key")?,
        kind: row.word("kind", TaskKind::from_word)?,
        title: row.string("title")?,
        instructions: row.string("instructions")?,
        assignee: row.parsed("assignee")?,
        barred: row.json("barred")?,
        outcomes: row.json("outcomes")?,
        choices: row.opt_json("choices")?.unwrap_or_default(),
        about: row.opt_id("about")?,
        connection: row.opt_parsed("connection")?,
        waits: row.opt_id("waits")?,
        opened_at: row.time("opened_at")?,
        due_at: row.opt_time("due_at")?,
        remind_at: row.opt_time("remind_at")?,
        state,
        version: row.int("version")?,
    })
}

fn read_entry(row: &Row) -> Result<TaskEntry, StoreError> {
    let row = row.of(ENTRIES);
    Ok(TaskEntry {
        id: row.id("id")?,
        task: row.id("task")?,
        at: row.time("at")?,
        by: row.string("by_whom")?,
        body: row.string("body")?,
        hash: row.opt_hash("hash")?,
        media_type: row.opt_text("media_type")?.map(str::to_owned),
    })
}
