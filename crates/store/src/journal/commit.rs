//! One commit of the engine: everything of it, or nothing.
//!
//! The order is: the fence, then runs, definitions and the tally, records, snapshots, timers
//! (cleared first, then set), lanes, inbox, letters, attachments. Of several rows for the same key
//! the last one counts.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::Hash;

use tenure_engine::journal::{
    Commit, CommitError, Definition, LaneRow, Letter, Ownership, RecordRow, RunRow, RunStatus, Snapshot, TimerRow,
};
use tenure_model::{Id, RunId};
use uuid::Uuid;

use super::attachment::{self, Attachment};
use crate::db::row::{Param, id, json, opt_id};
use crate::db::tx::{Tx, Write};
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
        | StoreError::Unwritable(_)
        | StoreError::Busy(_)
        | StoreError::Corrupt(_)
        | StoreError::Unavailable { .. } => false,
    }
}

/// A commit as statements. They are made where the engine decides, so that the one thread that
/// writes has nothing to do but write.
pub(super) struct Prepared {
    fence: Vec<Ownership>,
    /// How many runs it writes. That is the first of the writes.
    runs: u64,
    writes: Vec<Write>,
    letters: Vec<Letter>,
    attachments: Vec<Attachment>,
}

impl Prepared {
    /// Turns the rows of a commit into statements.
    pub(super) fn of(commit: Commit<Attachment>) -> Result<Self, Stop> {
        let runs = last_of(commit.runs, |run| run.id);
        let wanted = runs.len() as u64;
        let mut writes =
            vec![write_runs(runs), definitions(commit.definitions), write_tally(commit.tally, &commit.fence)];
        writes.push(write_records(commit.records));
        writes.push(write_snapshots(last_of(commit.snapshots, |snapshot| snapshot.run)));
        let timers = last_of(commit.timers_set, |timer| (timer.run, timer.node.clone()));
        // A timer that is set again is moved, so only those that are not need to go.
        let set: HashSet<(RunId, &str)> = timers.iter().map(|timer| (timer.run, timer.node.as_str())).collect();
        let gone = commit.timers_cleared.iter().filter(|(run, node)| !set.contains(&(*run, node.as_str())));
        writes.extend(clear_timers(gone));
        writes.push(write_timers(timers));
        writes.push(write_lanes(last_of(commit.lanes, |lane| lane.lane.clone()))?);
        let list = commit.inbox_done.into_iter().map(Param::Int).collect();
        writes.push(Write::List { head: "DELETE FROM inbox WHERE seq", fixed: Vec::new(), list });
        let (letters, attachments) = (commit.letters, commit.attachments);
        Ok(Self { fence: commit.fence, runs: wanted, writes, letters, attachments })
    }
}

pub(super) async fn apply(tx: &mut Tx, commit: Prepared) -> Result<(), Stop> {
    check_fence(tx, &commit.fence).await?;
    let changed = tx.write_all(commit.writes).await?;
    if changed.first() != Some(&commit.runs) {
        return Err(StoreError::statement("run", "not every run was written").into());
    }
    send(tx, &commit.letters).await?;
    for (index, row) in commit.attachments.iter().enumerate() {
        attachment::attach(tx, row).await.map_err(|error| Stop::Attachment(index, error))?;
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
pub async fn define(tx: &mut Tx, new: Vec<Definition>) -> Result<(), StoreError> {
    tx.write_all(vec![definitions(new)]).await?;
    Ok(())
}

fn definitions(definitions: Vec<Definition>) -> Write {
    let values: Vec<Param> = definitions
        .into_iter()
        .flat_map(|definition| [definition.hash.into(), definition.name.into(), definition.body.into()])
        .collect();
    let tail = "ON CONFLICT (hash) DO NOTHING";
    Write::Rows { head: "INSERT INTO definition (hash, name, body)", width: 3, tail, values }
}

fn write_runs(runs: Vec<RunRow>) -> Write {
    let values: Vec<Param> = runs.into_iter().flat_map(run_values).collect();
    // Only what may change: SQLite would write the other indexes anew each time.
    let tail = "ON CONFLICT (id) DO UPDATE SET definition = excluded.definition, generation = excluded.generation, \
         urgency = excluded.urgency, status = excluded.status, note = excluded.note, seq = excluded.seq, \
         updated_at = excluded.updated_at";
    let head = "INSERT INTO run (id, lane, partition, generation, definition, name, urgency, status, note, seq, \
         parent_run, parent_lane, parent_node, started_at, updated_at)";
    Write::Rows { head, width: 15, tail, values }
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

/// Keeps count of the runs by status, so that nobody ever has to count ten million rows. Only the sum
/// over the partitions counts, so everything is noted under the first of those that are held: a
/// partition has one writer, and nobody waits for another here.
fn write_tally(tally: Vec<(RunStatus, i64)>, held: &[Ownership]) -> Write {
    let mut moved: BTreeMap<&str, i64> = BTreeMap::new();
    for (status, by) in tally {
        *moved.entry(status.word()).or_default() += by;
    }
    let partition = held.first().map_or(0, |first| first.partition);
    let values: Vec<Param> = moved
        .into_iter()
        .filter(|(_, by)| *by != 0)
        .flat_map(|(status, by)| [partition.into(), status.into(), by.into()])
        .collect();
    let tail = "ON CONFLICT (partition, status) DO UPDATE SET runs = run_tally.runs + excluded.runs";
    Write::Rows { head: "INSERT INTO run_tally (partition, status, runs)", width: 3, tail, values }
}

fn write_records(records: Vec<RecordRow>) -> Write {
    let values: Vec<Param> = records
        .into_iter()
        .flat_map(|record| [id(record.run), record.seq.into(), record.at.into(), record.body.into()])
        .collect();
    Write::Rows { head: "INSERT INTO run_journal (run, seq, at, body)", width: 4, tail: "", values }
}

fn write_snapshots(snapshots: Vec<Snapshot>) -> Write {
    let values: Vec<Param> = snapshots
        .into_iter()
        .flat_map(|snapshot| [id(snapshot.run), snapshot.seq.into(), snapshot.body.into()])
        .collect();
    let tail = "ON CONFLICT (run) DO UPDATE SET seq = excluded.seq, body = excluded.body";
    Write::Rows { head: "INSERT INTO run_snapshot (run, seq, body)", width: 3, tail, values }
}

/// Timers that go, by node: many runs of one workflow have the same ones.
fn clear_timers<'c>(gone: impl Iterator<Item = &'c (RunId, String)>) -> Vec<Write> {
    let mut rows: BTreeMap<&str, Vec<Param>> = BTreeMap::new();
    for (run, node) in gone {
        rows.entry(node).or_default().push(id(*run));
    }
    let write = |(node, list): (&str, Vec<Param>)| {
        let head = "DELETE FROM run_timer WHERE node = $1 AND run";
        Write::List { head, fixed: vec![node.into()], list }
    };
    rows.into_iter().map(write).collect()
}

fn write_timers(timers: Vec<TimerRow>) -> Write {
    let values: Vec<Param> = timers
        .into_iter()
        .flat_map(|timer| [id(timer.run), timer.node.into(), timer.due.into(), timer.partition.into()])
        .collect();
    let tail = "ON CONFLICT (run, node) DO UPDATE SET due = excluded.due, partition = excluded.partition";
    Write::Rows { head: "INSERT INTO run_timer (run, node, due, partition)", width: 4, tail, values }
}

fn write_lanes(lanes: Vec<LaneRow>) -> Result<Write, StoreError> {
    let mut values = Vec::with_capacity(lanes.len() * 5);
    for lane in lanes {
        let queued = json(&lane.queued)?;
        values.extend([lane.lane.into(), lane.partition.into(), lane.generation.into(), opt_id(lane.live), queued]);
    }
    let tail = "ON CONFLICT (lane) DO UPDATE SET generation = excluded.generation, live = excluded.live, \
         queued = excluded.queued";
    Ok(Write::Rows { head: "INSERT INTO lane (lane, partition, generation, live, queued)", width: 5, tail, values })
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
