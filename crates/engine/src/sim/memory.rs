//! A journal in memory, which can crash in the middle of a commit and checks what it is given.
//!
//! It is the same to the engine as a database. Beyond that it notes every breach it sees: a
//! commit by somebody who does not own the partition, a hole in the records of a run, a fold that
//! does not give the state that was claimed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tenure_model::{NodeId, RunId};

use crate::journal::{
    Commit, CommitError, Definition, InboxRow, Journal, LaneRow, Letter, Ownership, PARTITIONS, ReadError, RecordRow,
    RunRow, RunStatus, Snapshot, StoredRun, TimerRow, Urgency,
};

/// A journal in memory.
#[derive(Debug, Default)]
pub struct MemoryJournal {
    tables: Mutex<Tables>,
}

/// What happens to the next commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It is written and said so.
    Written,
    /// It is written, and nobody hears of it: the process dies or the connection breaks.
    WrittenUnheard,
    /// It is not written, and nobody hears of that either.
    Lost,
}

/// Everything that is written.
#[derive(Debug, Default)]
pub struct Tables {
    /// By hash.
    pub definitions: BTreeMap<String, Definition>,
    /// By id.
    pub runs: BTreeMap<RunId, RunRow>,
    /// By run, in order.
    pub records: BTreeMap<RunId, Vec<RecordRow>>,
    /// By run.
    pub snapshots: BTreeMap<RunId, Snapshot>,
    /// By run and node.
    pub timers: BTreeMap<(RunId, String), TimerRow>,
    /// By name.
    pub lanes: BTreeMap<String, LaneRow>,
    /// What was not taken in yet.
    pub inbox: BTreeMap<i64, InboxRow>,
    /// How many runs are in a status, by what the commits say.
    pub tally: BTreeMap<RunStatus, i64>,
    /// Every `(run, source, external)` that ever came.
    pub seen: BTreeSet<(RunId, String, String)>,
    /// Who holds what: node, epoch, until when.
    pub partitions: BTreeMap<u16, (NodeId, i64, Timestamp)>,
    /// What the rules forbid and happened all the same.
    pub breaches: Vec<String>,
    /// Commits so far.
    pub commits: u64,
    /// Whether the commits of the present skip the fence, as a planted defect does.
    next_seq: i64,
    fate: Option<Fate>,
}

impl MemoryJournal {
    /// What is written, for looking and for checking.
    pub fn tables(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Decides what happens to the next commit.
    pub fn set_fate(&self, fate: Fate) {
        self.tables().fate = Some(fate);
    }

    /// Writes letters, as a use case would.
    pub fn send(&self, letters: Vec<Letter>) {
        self.tables().send(letters);
    }

    /// Stores a definition, as a use case would.
    pub fn define(&self, definition: Definition) {
        self.tables().definitions.insert(definition.hash.clone(), definition);
    }
}

impl Tables {
    fn send(&mut self, letters: Vec<Letter>) {
        for letter in letters {
            if self.seen.insert((letter.run, letter.source, letter.external)) {
                self.next_seq += 1;
                let Letter { run, partition, urgency, body, at, .. } =
                    Letter { source: String::new(), external: String::new(), ..letter };
                self.inbox.insert(self.next_seq, InboxRow { seq: self.next_seq, partition, run, urgency, body, at });
            }
        }
    }

    fn check_owner<A>(&mut self, commit: &Commit<A>) {
        // Independent of what the commit claims: whoever writes a run must hold its partition now.
        let rows = commit.runs.iter().map(|row| (row.id, row.partition));
        let old = commit.records.iter().filter_map(|record| self.runs.get(&record.run));
        let written: BTreeSet<(RunId, u16)> = rows.chain(old.map(|row| (row.id, row.partition))).collect();
        for (run, partition) in written {
            let claimed = commit.fence.iter().find(|own| own.partition == partition).map(|own| own.epoch);
            let holds = self.partitions.get(&partition).map(|(_, epoch, _)| *epoch);
            if claimed.is_none() || claimed != holds {
                self.breaches.push(format!("run {run} was written without holding partition {partition}"));
            }
        }
    }

    fn write<A>(&mut self, commit: Commit<A>) -> Result<(), CommitError> {
        for own in &commit.fence {
            if self.partitions.get(&own.partition).map(|(_, epoch, _)| *epoch) != Some(own.epoch) {
                return Err(CommitError::Fenced { partition: own.partition });
            }
        }
        for record in &commit.records {
            let last = self.records.get(&record.run).and_then(|rows| rows.last()).map_or(0, |row| row.seq);
            let first = commit.records.iter().filter(|other| other.run == record.run).map(|other| other.seq).min();
            if first != Some(last + 1) {
                return Err(CommitError::Unavailable(
                    format!("record {} of {} is there", record.seq, record.run).into(),
                ));
            }
        }
        self.check_owner(&commit);
        self.definitions.extend(commit.definitions.into_iter().map(|def| (def.hash.clone(), def)));
        for record in commit.records {
            self.records.entry(record.run).or_default().push(record);
        }
        self.runs.extend(commit.runs.into_iter().map(|row| (row.id, row)));
        for (status, by) in commit.tally {
            *self.tally.entry(status).or_default() += by;
        }
        self.snapshots.extend(commit.snapshots.into_iter().map(|snapshot| (snapshot.run, snapshot)));
        for key in commit.timers_cleared {
            self.timers.remove(&key);
        }
        self.timers.extend(commit.timers_set.into_iter().map(|timer| ((timer.run, timer.node.clone()), timer)));
        self.lanes.extend(commit.lanes.into_iter().map(|lane| (lane.lane.clone(), lane)));
        for seq in commit.inbox_done {
            self.inbox.remove(&seq);
        }
        self.send(commit.letters);
        self.commits += 1;
        Ok(())
    }
}

impl Journal for MemoryJournal {
    type Attachment = String;

    async fn commit(&self, commit: Commit<String>) -> Result<(), CommitError> {
        let mut tables = self.tables();
        match tables.fate.take().unwrap_or(Fate::Written) {
            Fate::Written => tables.write(commit),
            Fate::WrittenUnheard => {
                tables.write(commit)?;
                Err(CommitError::Unavailable("the connection broke after the commit".into()))
            }
            Fate::Lost => Err(CommitError::Unavailable("the connection broke before the commit".into())),
        }
    }

    async fn claim(
        &self,
        node: NodeId,
        from: Vec<u16>,
        now: Timestamp,
        lease: Duration,
    ) -> Result<Vec<Ownership>, ReadError> {
        let mut tables = self.tables();
        let until = now.checked_add(lease).unwrap_or(Timestamp::MAX);
        for partition in 0..PARTITIONS {
            match tables.partitions.get_mut(&partition) {
                Some((owner, _, lease)) if *owner == node => *lease = until,
                Some((owner, epoch, lease)) if *lease < now && from.contains(&partition) => {
                    (*owner, *epoch, *lease) = (node, *epoch + 1, until);
                }
                None if from.contains(&partition) => {
                    tables.partitions.insert(partition, (node, 1, until));
                }
                Some(_) | None => {}
            }
        }
        let own = |(partition, (owner, epoch, _)): (&u16, &(NodeId, i64, Timestamp))| {
            (*owner == node).then_some(Ownership { partition: *partition, epoch: *epoch })
        };
        Ok(tables.partitions.iter().filter_map(own).collect())
    }

    async fn release(&self, node: NodeId) -> Result<(), ReadError> {
        for (owner, _, lease) in self.tables().partitions.values_mut() {
            if *owner == node {
                *lease = Timestamp::MIN;
            }
        }
        Ok(())
    }

    async fn load(&self, runs: Vec<RunId>) -> Result<Vec<StoredRun>, ReadError> {
        let tables = self.tables();
        let stored = |run: RunId| {
            let row = tables.runs.get(&run)?.clone();
            let snapshot = tables.snapshots.get(&run).cloned();
            let after = snapshot.as_ref().map_or(0, |snapshot| snapshot.seq);
            let records = tables.records.get(&run).into_iter().flatten().filter(|row| row.seq > after).cloned();
            Some(StoredRun { row, snapshot, records: records.collect() })
        };
        Ok(runs.into_iter().filter_map(stored).collect())
    }

    async fn definition(&self, hash: String) -> Result<Option<Definition>, ReadError> {
        Ok(self.tables().definitions.get(&hash).cloned())
    }

    async fn lanes(&self, names: Vec<String>) -> Result<Vec<LaneRow>, ReadError> {
        let tables = self.tables();
        Ok(names.iter().filter_map(|name| tables.lanes.get(name)).cloned().collect())
    }

    async fn inbox(&self, partitions: Vec<u16>, from: Urgency, limit: usize) -> Result<Vec<InboxRow>, ReadError> {
        let tables = self.tables();
        let wanted = |row: &&InboxRow| partitions.contains(&row.partition) && row.urgency >= from;
        let mut rows: Vec<InboxRow> = tables.inbox.values().filter(wanted).cloned().collect();
        rows.sort_by_key(|row| (row.urgency.rank(), row.seq));
        rows.truncate(limit);
        Ok(rows)
    }

    async fn due(&self, partitions: Vec<u16>, until: Timestamp, limit: usize) -> Result<Vec<TimerRow>, ReadError> {
        let tables = self.tables();
        let is_due = |timer: &&TimerRow| partitions.contains(&timer.partition) && timer.due <= until;
        let mut rows: Vec<TimerRow> = tables.timers.values().filter(is_due).cloned().collect();
        rows.sort();
        rows.truncate(limit);
        Ok(rows)
    }

    async fn next_due(&self, partitions: Vec<u16>) -> Result<Option<Timestamp>, ReadError> {
        let tables = self.tables();
        Ok(tables.timers.values().filter(|timer| partitions.contains(&timer.partition)).map(|timer| timer.due).min())
    }

    async fn active_runs(
        &self,
        partitions: Vec<u16>,
        after: Option<RunId>,
        limit: usize,
    ) -> Result<Vec<RunId>, ReadError> {
        let tables = self.tables();
        let active = |row: &&RunRow| {
            partitions.contains(&row.partition)
                && matches!(row.status, RunStatus::Running | RunStatus::Compensating)
                && after.is_none_or(|after| row.id > after)
        };
        Ok(tables.runs.values().filter(active).map(|row| row.id).take(limit).collect())
    }
}
