//! What the engine asks of a database: one fenced commit, and a few reads.
//!
//! The engine never sees SQL. A journal keeps, per run, an append-only list of records that can
//! be folded into the run's state, and beside it, in the same transaction, the tables that make
//! questions fast: runs, timers, waits, lanes, inbox. `store` implements this for SQLite and
//! PostgreSQL, [`crate::sim`] in memory; one conformance suite holds for all three.

use std::fmt::Debug;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tenure_model::{NodeId, RunId};

/// How many partitions the runs are spread over. A lane lives in exactly one.
pub const PARTITIONS: u16 = 64;

/// The lane of a run that shares nothing with any other: its own id. It is in no table of lanes.
pub fn private_lane(run: RunId) -> String {
    run.to_string()
}

/// The partition of a lane: the same for every node, for ever.
pub fn partition_of(lane: &str) -> u16 {
    // FNV-1a; stable across releases, unlike the hasher of the standard library.
    let hash = lane
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    u16::try_from(hash % u64::from(PARTITIONS)).unwrap_or(0)
}

/// A partition that this node may write to, as long as the epoch holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Ownership {
    /// Which.
    pub partition: u16,
    /// Goes up whenever a partition changes hands. A commit under an old epoch is refused.
    pub epoch: i64,
}

/// A graph as it was when somebody started a run with it. Immutable, named by its content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Definition {
    /// Hash of the body, in hex.
    pub hash: String,
    /// What people call it.
    pub name: String,
    /// The graph as JSON.
    pub body: String,
}

/// How urgent a run is. Urgent ones have their own admission and their own share of the workers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Urgency {
    /// Somebody's access must end now.
    Urgent,
    /// The usual.
    Normal,
    /// May wait for everything else, such as a campaign over everybody.
    Bulk,
}

impl Urgency {
    /// Every urgency, the most urgent first.
    pub const ALL: [Self; 3] = [Self::Urgent, Self::Normal, Self::Bulk];

    /// As a number, for ordering in a database: lower is sooner.
    pub fn rank(self) -> i64 {
        match self {
            Self::Urgent => 0,
            Self::Normal => 1,
            Self::Bulk => 2,
        }
    }

    /// The urgency of this number.
    pub fn from_rank(rank: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|urgency| urgency.rank() == rank)
    }
}

/// Where a run stands, for lists and filters. What it waits for stands in its waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunStatus {
    /// Another run of the same lane goes first.
    Queued,
    /// A step is under way.
    Running,
    /// Waits for a time, a signal or a child.
    Waiting,
    /// Cannot go on without a human; says why.
    Blocked,
    /// Takes back what was done.
    Compensating,
    /// Ended well.
    Done,
    /// Ended badly; whatever could be taken back was.
    Failed,
    /// Ended because somebody, or a newer run of the lane, said so.
    Cancelled,
}

impl RunStatus {
    /// Every status.
    pub const ALL: [Self; 8] = [
        Self::Queued,
        Self::Running,
        Self::Waiting,
        Self::Blocked,
        Self::Compensating,
        Self::Done,
        Self::Failed,
        Self::Cancelled,
    ];

    /// The word for it in the API and in the database.
    pub fn word(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Waiting => "waiting",
            Self::Blocked => "blocked",
            Self::Compensating => "compensating",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// The status of this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.word() == word)
    }

    /// Whether nothing will happen any more.
    pub fn is_closed(self) -> bool {
        match self {
            Self::Done | Self::Failed | Self::Cancelled => true,
            Self::Queued | Self::Running | Self::Waiting | Self::Blocked | Self::Compensating => false,
        }
    }
}

/// A run as it stands in the table of runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RunRow {
    /// Ours; sorts by the time of the start.
    pub id: RunId,
    /// Runs of a lane never act at the same time.
    pub lane: String,
    /// `partition_of(lane)`.
    pub partition: u16,
    /// The how-manieth run of its lane this is.
    pub generation: i64,
    /// Which definition it is pinned to.
    pub definition: String,
    /// The name of that definition.
    pub name: String,
    /// How urgent.
    pub urgency: Urgency,
    /// Where it stands.
    pub status: RunStatus,
    /// What it waits for or why it is blocked or failed, in words; empty if nothing.
    pub note: String,
    /// The sequence number of its newest record.
    pub seq: i64,
    /// The run that waits for this one, and at which node.
    pub parent: Option<Parent>,
    /// When it was started.
    pub started_at: Timestamp,
    /// When something last happened.
    pub updated_at: Timestamp,
}

/// Who waits for a child run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Parent {
    /// The waiting run.
    pub run: RunId,
    /// Its lane, which says where to deliver the answer.
    pub lane: String,
    /// The node of the graph that waits, with its iteration.
    pub node: String,
}

/// One recorded fact of a run. Folding all of them in order gives the run's state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordRow {
    /// Whose.
    pub run: RunId,
    /// From 1, without holes. `(run, seq)` is unique: the second fence.
    pub seq: i64,
    /// When.
    pub at: Timestamp,
    /// The record as JSON, in the words of the process.
    pub body: String,
}

/// The state of a run after some record, so that not everything must be folded again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// Whose.
    pub run: RunId,
    /// After which record.
    pub seq: i64,
    /// The state as JSON.
    pub body: String,
}

/// A run, its last snapshot and the records after that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRun {
    /// The row.
    pub row: RunRow,
    /// The last snapshot.
    pub snapshot: Option<Snapshot>,
    /// Every record after it, in order.
    pub records: Vec<RecordRow>,
}

/// Something that will be due.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimerRow {
    /// When.
    pub due: Timestamp,
    /// Whose.
    pub run: RunId,
    /// Which node set it; one timer per node and run.
    pub node: String,
    /// Where the run lives.
    pub partition: u16,
}

/// What came in for a run from outside the engine's loop, kept until it was taken in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboxRow {
    /// Given by the database; the order in which a run sees them.
    pub seq: i64,
    /// Where the run lives.
    pub partition: u16,
    /// For which run.
    pub run: RunId,
    /// How urgent: urgent rows are handed out first.
    pub urgency: Urgency,
    /// The message as JSON, in the engine's words.
    pub body: String,
    /// When it was written.
    pub at: Timestamp,
}

/// A new row for the inbox. The same `(run, source, external)` is taken once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// For which run.
    pub run: RunId,
    /// `partition_of(lane)`.
    pub partition: u16,
    /// How urgent.
    pub urgency: Urgency,
    /// Who sends it.
    pub source: String,
    /// What the sender calls it.
    pub external: String,
    /// The message as JSON, in the engine's words.
    pub body: String,
    /// When it is written.
    pub at: Timestamp,
}

/// The newest generation of a lane and the runs that are still open in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaneRow {
    /// Which.
    pub lane: String,
    /// `partition_of(lane)`.
    pub partition: u16,
    /// The highest generation that was given out.
    pub generation: i64,
    /// The run that may act, if one is open.
    pub live: Option<RunId>,
    /// Open runs that wait for their turn, in order.
    pub queued: Vec<RunId>,
}

/// Everything that happens at once. Either all of it is there afterwards or nothing.
#[derive(Debug)]
pub struct Commit<A> {
    /// Refused as a whole with [`CommitError::Fenced`] unless every one of these still holds.
    pub fence: Vec<Ownership>,
    /// New definitions; known ones are left alone.
    pub definitions: Vec<Definition>,
    /// New runs, and those of which more changed than how far they are: of a run whose row is not
    /// here `seq` and `updated_at` are those of its newest record.
    pub runs: Vec<RunRow>,
    /// By how much the number of runs in a status goes up or down; those for the same one add up.
    pub tally: Vec<(RunStatus, i64)>,
    /// New records.
    pub records: Vec<RecordRow>,
    /// New snapshots; each replaces the one before.
    pub snapshots: Vec<Snapshot>,
    /// Timers that are set; one that exists is moved.
    pub timers_set: Vec<TimerRow>,
    /// Timers that fired or are not wanted any more, by run and node.
    pub timers_cleared: Vec<(RunId, String)>,
    /// Lanes that changed.
    pub lanes: Vec<LaneRow>,
    /// Inbox rows that were taken in, by `seq`.
    pub inbox_done: Vec<i64>,
    /// Messages to other runs: answers to parents, starts of children.
    pub letters: Vec<Letter>,
    /// Rows of the caller's own tables that belong to this moment.
    pub attachments: Vec<A>,
}

impl<A> Commit<A> {
    /// Nothing yet.
    pub fn new() -> Self {
        Self {
            fence: Vec::new(),
            definitions: Vec::new(),
            runs: Vec::new(),
            tally: Vec::new(),
            records: Vec::new(),
            snapshots: Vec::new(),
            timers_set: Vec::new(),
            timers_cleared: Vec::new(),
            lanes: Vec::new(),
            inbox_done: Vec::new(),
            letters: Vec::new(),
            attachments: Vec::new(),
        }
    }
}

impl<A> Default for Commit<A> {
    fn default() -> Self {
        Self::new()
    }
}

/// Why a commit did not happen.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// Another node owns one of the partitions now. Nothing was written; forget them and go on.
    #[error("partition {partition} belongs to another node since")]
    Fenced {
        /// The first one that was lost.
        partition: u16,
    },
    /// The caller's own rows were refused: named so that only that one run need be blocked.
    #[error("attachment {index} was refused")]
    Attachment {
        /// Which of them, from 0.
        index: usize,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The database could not be asked or could not answer. Nothing is known to be written.
    #[error("the journal is not available")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Why a read gave nothing.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The database could not be asked or could not answer; asking later may help.
    #[error("the journal is not available")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A row does not read back as what was written.
    #[error("{table} holds a row that cannot be read: {what}")]
    Corrupt {
        /// Where.
        table: &'static str,
        /// Which row and what is wrong with it.
        what: String,
    },
}

/// A database as the engine sees it.
pub trait Journal: Send + Sync + 'static {
    /// Rows that the performer of an effect wants committed together with its result.
    type Attachment: Clone + Debug + Send + Sync + 'static;

    /// Writes all or nothing.
    fn commit(&self, commit: Commit<Self::Attachment>) -> impl Future<Output = Result<(), CommitError>> + Send;

    /// Takes those of these partitions whose lease ran out, renews what this node holds, and says
    /// what it holds now. `now` is the caller's clock; safety rests on the epoch alone.
    fn claim(
        &self,
        node: NodeId,
        from: Vec<u16>,
        now: Timestamp,
        lease: Duration,
    ) -> impl Future<Output = Result<Vec<Ownership>, ReadError>> + Send;

    /// Gives partitions back, so that another node need not wait for the lease to run out.
    fn release(&self, node: NodeId) -> impl Future<Output = Result<(), ReadError>> + Send;

    /// One run with everything needed to fold its state.
    fn load(&self, runs: Vec<RunId>) -> impl Future<Output = Result<Vec<StoredRun>, ReadError>> + Send;

    /// A definition by its hash.
    fn definition(&self, hash: String) -> impl Future<Output = Result<Option<Definition>, ReadError>> + Send;

    /// Lanes by name; a lane that never had a run is not among the answers.
    fn lanes(&self, names: Vec<String>) -> impl Future<Output = Result<Vec<LaneRow>, ReadError>> + Send;

    /// Inbox rows of these partitions that were not taken in yet, of this urgency or less, the
    /// more urgent first, then by `seq`.
    fn inbox(
        &self,
        partitions: Vec<u16>,
        from: Urgency,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<InboxRow>, ReadError>> + Send;

    /// Timers of these partitions that are due by then, earliest first.
    fn due(
        &self,
        partitions: Vec<u16>,
        until: Timestamp,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<TimerRow>, ReadError>> + Send;

    /// When the next timer of these partitions is due.
    fn next_due(&self, partitions: Vec<u16>) -> impl Future<Output = Result<Option<Timestamp>, ReadError>> + Send;

    /// Open runs of these partitions that may have an effect under way (status running or
    /// compensating), by id, for recovery. `after` pages.
    fn active_runs(
        &self,
        partitions: Vec<u16>,
        after: Option<RunId>,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<RunId>, ReadError>> + Send;
}
