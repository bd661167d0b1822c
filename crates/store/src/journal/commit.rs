//! One commit of the engine: everything of it, or nothing.
//!
//! The order is: the fence, then definitions, runs and their tally, records, snapshots, timers
//! (cleared first, then set), lanes, letters, inbox, attachments. Of several rows for the same key
//! the last one counts.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::Hash;

use tenure_engine::journal::{
    Commit, CommitError, Definition, LaneRow, Letter, Ownership, RecordRow, RunRow, Snapshot, TimerRow,
};
use tenure_model::{Id, RunId};
use uuid::Uuid;

use super::attachment::{self, Attachment};
use crate::db::row::{Param, id, json, opt_id};
use crate::db::tx::Tx;
use crate::error::StoreError;

/// Why a commit stops, before it becomes the engine's error.
#[derive(Debug)]
pub(super) enum Stop {
    Fenced(u16),
    Attachment(usize, StoreError),
    Store(StoreError),
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Stop {
    pub(super) fn into_error(self) -> CommitError {
        match self {
            Self::Fenced(partition) => CommitError::Fenced { partition },
            Self::Attachment(index, error) if is_refusal(&error) => {
                CommitError::Attachment { index, source: Box::new(error) }
            }
            Self::Attachment(_, error) | Self::Store(error) => CommitError::Unavailable(Box::new(error)),
        }
    }
}

/// Whether the row itself is at fault, or the database, which might take it another time.
fn is_refusal(error: &StoreError) -> bool {
    match error {
        StoreError::Conflict { .. }
        | StoreError::Duplicate(_)
        | StoreError::Refused(_)
        | StoreError::Inconsistent { .. }
        | StoreError::AwaitedInTransaction
        | StoreError::Panicked(_)
        | StoreError::Statement { .. } => true,
        StoreError::Full(_)
        | StoreError::ReadOnly(_)
        | StoreError::Busy(_)
        | StoreError::Corrupt(_)
        | StoreError::Unavailable { .. } => false,
    }
}

pub(super) async fn apply(tx: &mut Tx, commit: Commit<Attachment>) -> Result<(), Stop> {
    check_fence(tx, &commit.fence).await?;
    define(tx, commit.definitions).await?;
    write_runs(tx, last_of(commit.runs, |run| run.id)).await?;
    write_records(tx, commit.records).await?;
    write_snapshots(tx, last_of(commit.snapshots, |snapshot| snapshot.run)).await?;
    clear_timers(tx, &commit.timers_cleared).await?;
    write_timers(tx, last_of(commit.timers_set, |timer| (timer.run, timer.node.clone()))).await?;
    write_lanes(tx, last_of(commit.lanes, |lane| lane.lane.clone())).await?;
    send(tx, &commit.letters).await?;
    let seqs: Vec<Param> = commit.inbox_done.into_iter().map(Param::Int).collect();
    tx.execute_in("DELETE FROM inbox WHERE seq", &[], &seqs, "").await?;
    for (index, row) in commit.attachments.iter().enumerate() {
        attachment::write(tx, row).await.map_err(|error| Stop::Attachment(index, error))?;
    }
    Ok(())
}

/// Keeps the last row of each key: PostgreSQL refuses to change one row twice in a statement.
fn last_of<T, K: Hash + Eq>(rows: Vec<T>, key: impl Fn(&T) -> K) -> Vec<T> {
    let mut places: HashMap<K, usize> = HashMap::with_capacity(rows.len());
    let mut kept: Vec<T> = Vec::with_capacity(rows.len());
    for row in rows {
        if let Some(before) = places.get(&key(&row)).and_then(|place| kept.get_mut(*place)) {
            *before = row;
        } else {
            places.insert(key(&row), kept.len());
            kept.push(row);
        }
    }
    kept
}

async fn check_fence(tx: &mut Tx, fence: &[Ownership]) -> Result<(), Stop> {
    let partitions: Vec<Param> = fence.iter().map(|held| held.partition.into()).collect();
    let lock = tx.dialect().share_lock_by_partition();
    let head = "SELECT partition, epoch FROM partition_owner WHERE partition";
    let mut epochs: BTreeMap<u16, i64> = BTreeMap::new();
    for row in tx.query_in(head, &[], &partitions, lock).await? {
        let row = row.of("partition_owner");
        epochs.insert(row.small("partition")?, row.int("epoch")?);
    }
    match fence.iter().find(|held| epochs.get(&held.partition) != Some(&held.epoch)) {
        Some(lost) => Err(Stop::Fenced(lost.partition)),
        None => Ok(()),
    }
}

/// Stores definitions, so that runs can be started with them. Those that are known are left alone.
pub async fn define(tx: &mut Tx, definitions: Vec<Definition>) -> Result<(), StoreError> {
    let values: Vec<Param> = definitions
        .into_iter()
        .flat_map(|definition| [definition.hash.into(), definition.name.into(), definition.body.into()])
        .collect();
    let tail = "ON CONFLICT (hash) DO NOTHING";
    tx.insert_many("INSERT INTO definition (hash, name, body)", 3, tail, &values).await?;
    Ok(())
}

/// What of a run a change may move beside its status.
struct Known {
    status: String,
    definition: String,
}

async fn write_runs(tx: &mut Tx, runs: Vec<RunRow>) -> Result<(), StoreError> {
    let ids: Vec<Param> = runs.iter().map(|run| id(run.id)).collect();
    let mut known: HashMap<Uuid, Known> = HashMap::with_capacity(runs.len());
    for row in tx.query_in("SELECT id, status, definition FROM run WHERE id", &[], &ids, "ORDER BY id").await? {
        let row = row.of("run");
        known.insert(row.uuid("id")?, Known { status: row.string("status")?, definition: row.string("definition")? });
    }
    write_tally(tx, &runs, &known).await?;
    for run in &runs {
        if known.get(&run.id.uuid()).is_some_and(|before| before.definition != run.definition) {
            let sql = "UPDATE run SET definition = $2, name = $3 WHERE id = $1";
            let written = tx.execute(sql, &[id(run.id), (&run.definition).into(), (&run.name).into()]).await?;
            StoreError::unless_one(written, "run", run.id)?;
        }
    }
    let wanted = runs.len() as u64;
    let values: Vec<Param> = runs.into_iter().flat_map(run_values).collect();
    // Only what may change: SQLite would write the other indexes anew each time.
    let tail = "ON CONFLICT (id) DO UPDATE SET urgency = excluded.urgency, status = excluded.status, \
         note = excluded.note, seq = excluded.seq, updated_at = excluded.updated_at";
    let head = "INSERT INTO run (id, lane, partition, generation, definition, name, urgency, status, note, seq, \
         parent_run, parent_lane, parent_node, started_at, updated_at)";
    let written = tx.insert_many(head, 15, tail, &values).await?;
    if written == wanted { Ok(()) } else { Err(StoreError::statement("run", "not every run was written")) }
}

fn run_values(run: RunRow) -> [Param; 15] {
    let (parent_run, parent_lane, parent_node) = match run.parent {
        None => (Param::Null, Param::Null, Param::Null),
        Some(parent) => (id(parent.run), parent.lane.into(), parent.node.into()),
    };
    [
        id(run.id),
        run.lane.into(),
        run.partition.into(),
        run.generation.into(),
        run.definition.into(),
        run.name.into(),
        run.urgency.rank().into(),
        run.status.word().into(),
        run.note.into(),
        run.seq.into(),
        parent_run,
        parent_lane,
        parent_node,
        run.started_at.into(),
        run.updated_at.into(),
    ]
}

/// Keeps count of the runs by status, so that nobody ever has to count ten million rows. A
/// partition has one writer, so nobody waits for another here.
async fn write_tally(tx: &mut Tx, runs: &[RunRow], known: &HashMap<Uuid, Known>) -> Result<(), StoreError> {
    let mut moved: BTreeMap<(u16, &str), i64> = BTreeMap::new();
    for run in runs {
        let before = known.get(&run.id.uuid()).map(|known| known.status.as_str());
        if before == Some(run.status.word()) {
            continue;
        }
        *moved.entry((run.partition, run.status.word())).or_default() += 1;
        if let Some(before) = before {
            *moved.entry((run.partition, before)).or_default() -= 1;
        }
    }
    let values: Vec<Param> = moved
        .into_iter()
        .filter(|(_, by)| *by != 0)
        .flat_map(|((partition, status), by)| [partition.into(), status.into(), by.into()])
        .collect();
    let tail = "ON CONFLICT (partition, status) DO UPDATE SET runs = run_tally.runs + excluded.runs";
    tx.insert_many("INSERT INTO run_tally (partition, status, runs)", 3, tail, &values).await?;
    Ok(())
}

async fn write_records(tx: &mut Tx, records: Vec<RecordRow>) -> Result<(), StoreError> {
    let values: Vec<Param> = records
        .into_iter()
        .flat_map(|record| [id(record.run), record.seq.into(), record.at.into(), record.body.into()])
        .collect();
    tx.insert_many("INSERT INTO run_record (run, seq, at, body)", 4, "", &values).await?;
    Ok(())
}

async fn write_snapshots(tx: &mut Tx, snapshots: Vec<Snapshot>) -> Result<(), StoreError> {
    let values: Vec<Param> = snapshots
        .into_iter()
        .flat_map(|snapshot| [id(snapshot.run), snapshot.seq.into(), snapshot.body.into()])
        .collect();
    let tail = "ON CONFLICT (run) DO UPDATE SET seq = excluded.seq, body = excluded.body";
    tx.insert_many("INSERT INTO run_snapshot (run, seq, body)", 3, tail, &values).await?;
    Ok(())
}

async fn clear_timers(tx: &mut Tx, cleared: &[(RunId, String)]) -> Result<(), StoreError> {
    for (run, node) in cleared {
        tx.execute("DELETE FROM run_timer WHERE run = $1 AND node = $2", &[id(*run), node.into()]).await?;
    }
    Ok(())
}

async fn write_timers(tx: &mut Tx, timers: Vec<TimerRow>) -> Result<(), StoreError> {
    let values: Vec<Param> = timers
        .into_iter()
        .flat_map(|timer| [id(timer.run), timer.node.into(), timer.due.into(), timer.partition.into()])
        .collect();
    let tail = "ON CONFLICT (run, node) DO UPDATE SET due = excluded.due, partition = excluded.partition";
    tx.insert_many("INSERT INTO run_timer (run, node, due, partition)", 4, tail, &values).await?;
    Ok(())
}

async fn write_lanes(tx: &mut Tx, lanes: Vec<LaneRow>) -> Result<(), StoreError> {
    let mut values = Vec::with_capacity(lanes.len() * 5);
    for lane in lanes {
        let queued = json(&lane.queued)?;
        values.extend([lane.lane.into(), lane.partition.into(), lane.generation.into(), opt_id(lane.live), queued]);
    }
    let tail = "ON CONFLICT (lane) DO UPDATE SET generation = excluded.generation, live = excluded.live, \
         queued = excluded.queued";
    tx.insert_many("INSERT INTO lane (lane, partition, generation, live, queued)", 5, tail, &values).await?;
    Ok(())
}

/// How many letters a run was ever sent; stops counting at the most that is asked for.
pub async fn letters_of(tx: &mut Tx, run: RunId, most: usize) -> Result<usize, StoreError> {
    let sql = "SELECT COUNT(*) AS sent FROM (SELECT run FROM inbox_known WHERE run = $1 LIMIT $2) AS letters";
    let sent = tx.query_one(sql, &[id(run), crate::limits::count(most).into()]).await?.of("inbox_known").int("sent")?;
    Ok(usize::try_from(sent).unwrap_or(0))
}

/// Puts letters into the inbox and says of each whether it is new. The same letter, by run,
/// source and external name, is taken once: what was taken in leaves the inbox but stays known.
pub async fn send(tx: &mut Tx, letters: &[Letter]) -> Result<Vec<bool>, StoreError> {
    let mut names = Vec::with_capacity(letters.len() * 3);
    for letter in letters {
        names.extend([id(letter.run), (&letter.source).into(), (&letter.external).into()]);
    }
    let head = "INSERT INTO inbox_known (run, source, external)";
    let tail = "ON CONFLICT (run, source, external) DO NOTHING RETURNING run, source, external";
    let mut fresh: HashSet<(Uuid, String, String)> = HashSet::new();
    for row in tx.query_many(head, 3, tail, &names).await? {
        let row = row.of("inbox_known");
        fresh.insert((row.uuid("run")?, row.string("source")?, row.string("external")?));
    }
    // Of two equal letters in one call the first is the new one.
    let key = |letter: &Letter| (letter.run.uuid(), letter.source.clone(), letter.external.clone());
    let taken: Vec<bool> = letters.iter().map(|letter| fresh.remove(&key(letter))).collect();
    let mut values = Vec::with_capacity(letters.len() * 5);
    for (letter, _) in letters.iter().zip(&taken).filter(|(_, taken)| **taken) {
        let urgency = letter.urgency.rank().into();
        values.extend([letter.partition.into(), id(letter.run), urgency, (&letter.body).into(), letter.at.into()]);
    }
    tx.insert_many("INSERT INTO inbox (partition, run, urgency, body, at)", 5, "", &values).await?;
    Ok(taken)
}
