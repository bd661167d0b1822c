//! The heart of the engine: arrivals in, one commit, orders out.
//!
//! No time, no threads, no channels here: [`crate::runner`] brings those for real work, and
//! [`crate::sim`] brings its own to try every order of events from a seed. Nothing leaves a turn
//! before its commit is known to be written; a turn that failed leaves memory as it was.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use tenure_model::{Clock, Ids, NodeId, RunId, Task};

use crate::arrival::Arrival;
use crate::journal::{
    Commit, CommitError, Journal, LaneRow, Ownership, ReadError, RunRow, RunStatus, StoredRun, Urgency, partition_of,
    private_lane,
};
use crate::limits;
use crate::message::{Entry, Message};
use crate::perform::{OperationKey, Order};
use crate::process::Process;
use crate::turn::{Missing, Plan, Turn};

/// A run as it is kept in memory.
#[derive(Debug)]
pub(crate) struct Live<P: Process> {
    pub row: Arc<RunRow>,
    pub graph: Arc<P::Graph>,
    pub state: Arc<P::State>,
    /// The input of a run that waits for its turn.
    pub queued: Option<serde_json::Value>,
    pub snapshot_seq: i64,
    /// Bytes of its last snapshot and of everything written since: more than its state takes.
    pub bytes: usize,
}

impl<P: Process> Live<P> {
    /// A run that nothing happened to yet.
    pub fn new(row: RunRow, graph: Arc<P::Graph>) -> Self {
        Self { row: Arc::new(row), graph, state: Arc::default(), queued: None, snapshot_seq: 0, bytes: 0 }
    }
}

impl<P: Process> Clone for Live<P> {
    fn clone(&self) -> Self {
        Self {
            row: Arc::clone(&self.row),
            graph: Arc::clone(&self.graph),
            state: Arc::clone(&self.state),
            queued: self.queued.clone(),
            snapshot_seq: self.snapshot_seq,
            bytes: self.bytes,
        }
    }
}

/// What a turn came to, once it is written.
#[derive(Debug, Default)]
pub struct Turned {
    /// Effects to carry out now.
    pub orders: Vec<Order>,
    /// Runs that changed, as they stand now.
    pub changed: Vec<Arc<RunRow>>,
    /// The earliest timer that was set.
    pub next_due: Option<jiff::Timestamp>,
    /// Runs that were not begun because what came with them was refused, and why.
    pub refused: Vec<(RunId, String)>,
}

/// Why a turn did not happen. Nothing was written, nothing in memory changed.
#[derive(Debug, thiserror::Error)]
pub enum TurnError {
    /// Partitions were lost to another node: the arrivals are its business now.
    #[error("partition {0} belongs to another node since")]
    Fenced(u16),
    /// The journal did not answer; the same turn may be tried again.
    #[error("the journal did not answer")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Deliberate defects, so that tests can see that they are found. Nothing in the product sets one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plant {
    /// Effects are carried out before their intent is written.
    DispatchBeforeCommit,
    /// The operation key carries the attempt.
    KeyWithAttempt,
    /// Letters count as taken in before the facts are written.
    AcknowledgeBeforeCommit,
    /// A commit does not check that the partition is still ours.
    FenceSkipped,
    /// A timer is not written.
    TimerForgotten,
    /// Recovery does not carry on with what was under way.
    RecoveryForgotten,
}

/// The engine without time and threads.
pub struct Core<P: Process, J: Journal> {
    pub(crate) process: Arc<P>,
    pub(crate) journal: Arc<J>,
    pub(crate) clock: Arc<dyn Clock>,
    node: NodeId,
    owned: BTreeMap<u16, i64>,
    pub(crate) live: HashMap<RunId, Live<P>>,
    pub(crate) lanes: HashMap<String, LaneRow>,
    /// Graphs by the hash of their definition; none if there is no such definition.
    pub(crate) graphs: HashMap<String, Option<Arc<P::Graph>>>,
    /// Runs that were looked for in this turn and are not there.
    pub(crate) absent: BTreeSet<RunId>,
    plant: Option<Plant>,
    leaked: Vec<Order>,
}

impl<P: Process, J: Journal> Core<P, J> {
    /// An engine that owns nothing yet.
    pub fn new(process: Arc<P>, journal: Arc<J>, clock: Arc<dyn Clock>, ids: &dyn Ids) -> Self {
        let node = tenure_model::new_id(ids);
        Self {
            process,
            journal,
            clock,
            node,
            owned: BTreeMap::new(),
            live: HashMap::new(),
            lanes: HashMap::new(),
            graphs: HashMap::new(),
            absent: BTreeSet::new(),
            plant: None,
            leaked: Vec::new(),
        }
    }

    /// The same engine with a deliberate defect.
    #[cfg(feature = "plants")]
    #[must_use]
    pub fn planted(mut self, plant: Option<Plant>) -> Self {
        self.plant = plant;
        self
    }

    /// Orders that a deliberate defect let out before their intent was written.
    #[cfg(feature = "plants")]
    pub fn take_leaked(&mut self) -> Vec<Order> {
        std::mem::take(&mut self.leaked)
    }

    pub(crate) fn has(&self, plant: Plant) -> bool {
        cfg!(feature = "plants") && self.plant == Some(plant)
    }

    /// Which node this is.
    pub fn node(&self) -> NodeId {
        self.node
    }

    /// Whether runs of this lane are ours.
    pub fn owns(&self, lane: &str) -> bool {
        self.owned.contains_key(&partition_of(lane))
    }

    /// The partitions that are ours.
    pub fn partitions(&self) -> Vec<u16> {
        self.owned.keys().copied().collect()
    }

    /// Renews what is ours and takes over those of these partitions that nobody holds. Gives the
    /// effects to carry on with.
    pub async fn claim(&mut self, from: Vec<u16>, lease: Duration) -> Result<Vec<Order>, ReadError> {
        let now = self.clock.now();
        let held = self.journal.claim(self.node, from, now, lease).await?;
        let held: BTreeMap<u16, i64> = held.into_iter().map(|own| (own.partition, own.epoch)).collect();
        let kept: BTreeSet<u16> = held
            .iter()
            .filter(|(partition, epoch)| self.owned.get(partition) == Some(epoch))
            .map(|(p, _)| *p)
            .collect();
        self.live.retain(|_, live| kept.contains(&live.row.partition));
        self.lanes.retain(|_, lane| kept.contains(&lane.partition));
        let new: Vec<u16> = held.keys().filter(|partition| !kept.contains(partition)).copied().collect();
        self.owned = held;
        let mut orders = Vec::new();
        if !new.is_empty() {
            self.recover(new, &mut orders).await?;
        }
        Ok(orders)
    }

    /// Gives everything back.
    pub async fn release(&mut self) -> Result<(), ReadError> {
        self.forget_cache();
        self.owned.clear();
        self.journal.release(self.node).await
    }

    /// Forgets a partition that turned out to belong to another node.
    pub fn forget(&mut self, partition: u16) {
        self.owned.remove(&partition);
        self.live.retain(|_, live| live.row.partition != partition);
        self.lanes.retain(|_, lane| lane.partition != partition);
    }

    /// Forgets everything, also what is ours: the next claim starts from what is written. For when
    /// nobody knows whether the last commit happened.
    pub fn forget_all(&mut self) {
        self.forget_cache();
        self.owned.clear();
    }

    fn forget_cache(&mut self) {
        self.live.clear();
        self.lanes.clear();
    }

    async fn recover(&mut self, partitions: Vec<u16>, orders: &mut Vec<Order>) -> Result<(), ReadError> {
        if self.has(Plant::RecoveryForgotten) {
            return Ok(());
        }
        let mut after = None;
        loop {
            let page = self.journal.active_runs(partitions.clone(), after, limits::RECOVERY_PAGE).await?;
            after = page.last().copied();
            let full = page.len() == limits::RECOVERY_PAGE;
            self.load(&page).await?;
            for run in &page {
                let Some(live) = self.live.get(run) else { continue };
                for task in self.process.under_way(&live.graph, &live.state) {
                    orders.push(self.order(&live.row, task, true));
                }
            }
            if !full {
                return Ok(());
            }
        }
    }

    /// What waits in the inbox and what is due, at most this much of each.
    pub async fn gather(
        &self,
        letters: usize,
        timers: usize,
    ) -> Result<(Vec<Arrival<J::Attachment>>, bool), ReadError> {
        let partitions = self.partitions();
        if partitions.is_empty() {
            return Ok((Vec::new(), false));
        }
        let mut arrivals = Vec::new();
        let mut more = false;
        if letters > 0 {
            let mut rows = self.journal.inbox(partitions.clone(), Urgency::Urgent, letters).await?;
            if rows.len() == letters && rows.iter().all(|row| row.urgency == Urgency::Urgent) {
                // However much is urgent, the rest has a share: nobody waits for ever.
                let share = (letters / limits::SHARE_OF_THE_REST).max(1);
                rows.extend(self.journal.inbox(partitions.clone(), Urgency::Normal, share).await?);
            }
            more |= rows.len() >= letters;
            arrivals.extend(rows.into_iter().map(Arrival::Letter));
        }
        if timers > 0 {
            let rows = self.journal.due(partitions, self.clock.now(), timers).await?;
            more |= rows.len() == timers;
            arrivals.extend(rows.into_iter().map(Arrival::Timer));
        }
        Ok((arrivals, more))
    }

    /// When the next timer of ours is due.
    pub async fn next_due(&self) -> Result<Option<jiff::Timestamp>, ReadError> {
        self.journal.next_due(self.partitions()).await
    }

    /// Takes arrivals in: decides, writes everything in one commit, and gives the orders.
    ///
    /// The arrivals stay the caller's until the commit is known: after an error it has them all
    /// and may bring them again.
    #[tracing::instrument(name = "engine.turn", level = "debug", skip_all, fields(arrivals = arrivals.len()))]
    pub async fn turn(&mut self, arrivals: &mut Vec<Arrival<J::Attachment>>) -> Result<Turned, TurnError> {
        let now = self.clock.now();
        // What was not there before may be there now, written by a turn that nobody heard of.
        self.absent.clear();
        self.prepare(arrivals).await.map_err(unavailable)?;
        let mut refused: BTreeMap<usize, String> = BTreeMap::new();
        loop {
            let mut turn = Turn::new(self, now);
            for (place, arrival) in arrivals.iter().enumerate() {
                turn.take(place, arrival, refused.get(&place).map(String::as_str));
            }
            let (mut commit, plan) = match turn.finish() {
                Ok(finished) => finished,
                Err(missing) => {
                    self.fetch(missing).await.map_err(unavailable)?;
                    continue;
                }
            };
            let senders = attach(&mut commit, arrivals, &plan.accepted);
            commit.fence = self.fence(&commit, &plan, arrivals);
            if self.has(Plant::DispatchBeforeCommit) {
                self.leaked.extend(plan.orders.iter().cloned());
            }
            if self.has(Plant::AcknowledgeBeforeCommit) {
                let early = Commit { inbox_done: std::mem::take(&mut commit.inbox_done), ..Commit::new() };
                self.journal.commit(early).await.map_err(unavailable_commit)?;
            }
            match self.journal.commit(commit).await {
                Ok(()) => {
                    let mut turned = self.install(plan);
                    turned.refused = not_begun(arrivals, refused);
                    arrivals.clear();
                    return Ok(turned);
                }
                Err(CommitError::Attachment { index, source }) if senders.get(index).is_some() => {
                    // Only the run that brought the refused rows is blocked; the others go on.
                    refused.extend(senders.get(index).map(|place| (*place, chain(source.as_ref()))));
                }
                Err(error) => return Err(unavailable_commit(error)),
            }
        }
    }

    /// Loads what these arrivals speak of, as far as that is plain to see.
    async fn prepare(&mut self, arrivals: &[Arrival<J::Attachment>]) -> Result<(), ReadError> {
        let mut needs = Missing::default();
        for arrival in arrivals {
            match arrival {
                Arrival::Letter(row) => {
                    needs.runs.insert(row.run);
                    if let Ok(Message::Start(start)) = serde_json::from_str(&row.body) {
                        if start.lane != private_lane(row.run) {
                            needs.lanes.insert(start.lane);
                        }
                        needs.graphs.insert(start.definition);
                    }
                }
                Arrival::Begin(begin) => {
                    if begin.start.lane != private_lane(begin.run) {
                        needs.lanes.insert(begin.start.lane.clone());
                    }
                    needs.graphs.insert(begin.start.definition.clone());
                }
                Arrival::Timer(row) => drop(needs.runs.insert(row.run)),
                Arrival::Ended { run, .. } => drop(needs.runs.insert(*run)),
            }
        }
        self.fetch(needs).await
    }

    /// Loads what is missing. What cannot be found is noted as such and not asked for again.
    async fn fetch(&mut self, missing: Missing) -> Result<(), ReadError> {
        let graphs: Vec<String> = missing.graphs.into_iter().filter(|hash| !self.graphs.contains_key(hash)).collect();
        for hash in graphs {
            self.graph(&hash).await?;
        }
        let runs: Vec<RunId> = missing.runs.iter().filter(|run| !self.live.contains_key(run)).copied().collect();
        self.load(&runs).await?;
        // Only of those that were asked for: a walk over all that live would cost every turn.
        let own: Vec<String> = missing
            .runs
            .iter()
            .filter_map(|run| self.live.get(run))
            .filter(|live| missing_lane(&live.row, &self.lanes))
            .map(|live| live.row.lane.clone())
            .collect();
        let lanes: BTreeSet<String> =
            missing.lanes.into_iter().chain(own).filter(|lane| !self.lanes.contains_key(lane)).collect();
        if lanes.is_empty() {
            return Ok(());
        }
        for lane in self.journal.lanes(lanes.iter().cloned().collect()).await? {
            self.lanes.insert(lane.lane.clone(), lane);
        }
        for lane in lanes {
            let partition = partition_of(&lane);
            let empty = LaneRow { lane: lane.clone(), partition, generation: 0, live: None, queued: Vec::new() };
            self.lanes.entry(lane).or_insert(empty);
        }
        Ok(())
    }

    async fn graph(&mut self, hash: &str) -> Result<Option<Arc<P::Graph>>, ReadError> {
        if let Some(graph) = self.graphs.get(hash) {
            return Ok(graph.clone());
        }
        if self.graphs.len() >= limits::CACHED_GRAPHS_MAX {
            self.graphs.clear();
        }
        let definition = self.journal.definition(hash.to_owned()).await?;
        let graph = definition.and_then(|definition| self.process.parse(&definition.body).ok()).map(Arc::new);
        self.graphs.insert(hash.to_owned(), graph.clone());
        Ok(graph)
    }

    async fn load(&mut self, runs: &[RunId]) -> Result<(), ReadError> {
        let wanted: Vec<RunId> = runs.iter().filter(|run| !self.live.contains_key(run)).copied().collect();
        if wanted.is_empty() {
            return Ok(());
        }
        for stored in self.journal.load(wanted.clone()).await? {
            if !self.owned.contains_key(&stored.row.partition) {
                continue;
            }
            let Some(graph) = self.graph(&stored.row.definition).await? else {
                tracing::error!(run = %stored.row.id, definition = stored.row.definition, "the definition of a run is missing");
                continue;
            };
            match self.revive(stored, graph) {
                Ok(live) => drop(self.live.insert(live.row.id, live)),
                // One run that cannot be read must not keep the others from going on.
                Err(error) => tracing::error!(%error, "a run cannot be read back"),
            }
        }
        for run in wanted {
            if !self.live.contains_key(&run) {
                self.absent.insert(run);
            }
        }
        Ok(())
    }

    fn revive(&self, stored: StoredRun, graph: Arc<P::Graph>) -> Result<Live<P>, ReadError> {
        let id = stored.row.id;
        let corrupt = |what: String| ReadError::Corrupt { table: "record", what: format!("{id}: {what}") };
        let (mut snapshot_seq, mut bytes) = (0, 0);
        let mut state = P::State::default();
        if let Some(snapshot) = stored.snapshot {
            state = serde_json::from_str(&snapshot.body).map_err(|error| corrupt(error.to_string()))?;
            (snapshot_seq, bytes) = (snapshot.seq, snapshot.body.len());
        }
        let mut queued = None;
        let mut seq = snapshot_seq;
        let mut last = None;
        for record in stored.records {
            seq += 1;
            last = Some(record.at);
            bytes += record.body.len();
            if record.seq != seq {
                return Err(corrupt(format!("record {seq} is missing, {} follows", record.seq)));
            }
            match serde_json::from_str(&record.body).map_err(|error| corrupt(format!("record {seq}: {error}")))? {
                Entry::Queued(input) => queued = Some(input),
                Entry::Facts(facts) => {
                    self.process
                        .fold(&mut state, facts.get())
                        .map_err(|error| corrupt(format!("record {seq}: {error}")))?;
                }
            }
        }
        if seq < stored.row.seq {
            return Err(corrupt(format!("the run is at record {}, the last one found is {seq}", stored.row.seq)));
        }
        let queued = queued.filter(|_| stored.row.status == RunStatus::Queued);
        // The row is written only when more changes than these two.
        let row = RunRow { seq, updated_at: last.unwrap_or(stored.row.updated_at), ..stored.row };
        Ok(Live { row: Arc::new(row), graph, state: Arc::new(state), queued, snapshot_seq, bytes })
    }

    /// Everything that is written or taken in must be ours until the commit is there.
    fn fence(
        &self,
        commit: &Commit<J::Attachment>,
        plan: &Plan<P>,
        arrivals: &[Arrival<J::Attachment>],
    ) -> Vec<Ownership> {
        if self.has(Plant::FenceSkipped) {
            return Vec::new();
        }
        let mut touched: BTreeSet<u16> = commit.runs.iter().map(|row| row.partition).collect();
        touched.extend(plan.changed.iter().map(|live| live.row.partition));
        touched.extend(commit.lanes.iter().map(|lane| lane.partition));
        touched.extend(commit.timers_set.iter().map(|timer| timer.partition));
        touched.extend(arrivals.iter().filter_map(|arrival| match arrival {
            Arrival::Letter(row) => Some(row.partition),
            Arrival::Timer(row) => Some(row.partition),
            Arrival::Begin(_) | Arrival::Ended { .. } => None,
        }));
        let epoch = |partition| self.owned.get(&partition).copied().unwrap_or(-1);
        touched.into_iter().map(|partition| Ownership { partition, epoch: epoch(partition) }).collect()
    }

    fn install(&mut self, plan: Plan<P>) -> Turned {
        let mut changed = Vec::with_capacity(plan.changed.len());
        for live in plan.changed {
            changed.push(Arc::clone(&live.row));
            if live.row.status.is_closed() {
                self.live.remove(&live.row.id);
            } else {
                self.live.insert(live.row.id, live);
            }
        }
        for lane in plan.lanes {
            if lane.live.is_none() && lane.queued.is_empty() {
                self.lanes.remove(&lane.lane);
            } else {
                self.lanes.insert(lane.lane.clone(), lane);
            }
        }
        self.graphs.extend(plan.graphs.into_iter().map(|(hash, graph)| (hash, Some(graph))));
        self.evict();
        Turned { orders: plan.orders, changed, next_due: plan.next_due, refused: Vec::new() }
    }

    /// Parked runs need no memory: they are folded again when something happens to them.
    fn evict(&mut self) {
        if self.live.len() > limits::CACHED_RUNS_MAX {
            self.live.retain(|_, live| matches!(live.row.status, RunStatus::Running | RunStatus::Compensating));
            self.lanes.clear();
        }
    }

    pub(crate) fn order(&self, row: &RunRow, task: Task, recovered: bool) -> Order {
        let key = if self.has(Plant::KeyWithAttempt) {
            OperationKey::with_attempt(row.id, &task)
        } else {
            OperationKey::new(row.id, &task)
        };
        Order {
            run: row.id,
            lane: row.lane.clone(),
            generation: row.generation,
            urgency: row.urgency,
            key,
            look_first: recovered || task.attempt > 1,
            task,
        }
    }
}

/// Whether the lane of a run is one that others share and was not loaded yet.
fn missing_lane(row: &RunRow, known: &HashMap<String, LaneRow>) -> bool {
    row.parent.is_none() && row.lane != private_lane(row.id) && !known.contains_key(&row.lane)
}

/// Puts the rows of accepted results into the commit, and says which arrival each is from.
fn attach<A: Clone>(commit: &mut Commit<A>, arrivals: &[Arrival<A>], accepted: &[usize]) -> Vec<usize> {
    let mut senders = Vec::new();
    for place in accepted {
        let attachments = match arrivals.get(*place) {
            Some(Arrival::Ended { attachments, .. }) => attachments,
            Some(Arrival::Begin(begin)) => &begin.attachments,
            Some(Arrival::Letter(_) | Arrival::Timer(_)) | None => continue,
        };
        commit.attachments.extend(attachments.iter().cloned());
        senders.extend(attachments.iter().map(|_| *place));
    }
    senders
}

/// The runs among those refused that were to begin.
fn not_begun<A>(arrivals: &[Arrival<A>], refused: BTreeMap<usize, String>) -> Vec<(RunId, String)> {
    refused
        .into_iter()
        .filter_map(|(place, reason)| match arrivals.get(place) {
            Some(Arrival::Begin(begin)) => Some((begin.run, reason)),
            _ => None,
        })
        .collect()
}

fn unavailable(error: ReadError) -> TurnError {
    TurnError::Unavailable(Box::new(error))
}

fn unavailable_commit(error: CommitError) -> TurnError {
    match error {
        CommitError::Fenced { partition } => TurnError::Fenced(partition),
        CommitError::Unavailable(source) => TurnError::Unavailable(source),
        error @ CommitError::Attachment { .. } => TurnError::Unavailable(Box::new(error)),
    }
}

pub(crate) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        text = format!("{text}: {next}");
        cause = next.source();
    }
    text
}
