//! One turn: many arrivals, worked out against copies, into one commit.
//!
//! It reads what the core has in memory and changes none of it. Where something is missing (the
//! parent of a run that closes, the next run of a lane) it says so, the core loads it, and the
//! turn is worked out anew; that is rare and cheap, and keeps waiting out of the middle.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value as Json;
use tenure_model::{Effect, Id, RunEvent, RunId, Task};
use uuid::Uuid;

use crate::arrival::Arrival;
use crate::core::{Core, Live, Plant};
use crate::journal::{
    Commit, Definition, InboxRow, Journal, LaneRow, Parent, RecordRow, RunRow, RunStatus, Snapshot, TimerRow,
    partition_of, private_lane,
};
use crate::limits;
use crate::message::{Busy, Entry, Message, Start, facts_entry};
use crate::perform::Order;
use crate::process::Process;

/// What a turn could not find in memory.
#[derive(Debug, Default)]
pub(crate) struct Missing {
    pub runs: BTreeSet<RunId>,
    pub lanes: BTreeSet<String>,
    pub graphs: BTreeSet<String>,
}

/// What memory becomes once the commit is written.
pub(crate) struct Plan<P: Process> {
    pub changed: Vec<Live<P>>,
    pub lanes: Vec<LaneRow>,
    pub graphs: Vec<(String, Arc<P::Graph>)>,
    pub orders: Vec<Order>,
    /// Arrivals whose attachments are to be written.
    pub accepted: Vec<usize>,
    pub next_due: Option<Timestamp>,
}

pub(crate) struct Turn<'a, P: Process, J: Journal> {
    core: &'a Core<P, J>,
    now: Timestamp,
    runs: HashMap<RunId, Live<P>>,
    /// Runs in the order in which they were first touched: rows are written in that order.
    touched: Vec<RunId>,
    lanes: BTreeMap<String, LaneRow>,
    graphs: BTreeMap<String, Arc<P::Graph>>,
    commit: Commit<J::Attachment>,
    timers: BTreeMap<(RunId, String), Option<TimerRow>>,
    tasks: Vec<(RunId, Task)>,
    accepted: Vec<usize>,
    work: VecDeque<(RunId, RunEvent)>,
    missing: Missing,
}

impl<'a, P: Process, J: Journal> Turn<'a, P, J> {
    pub fn new(core: &'a Core<P, J>, now: Timestamp) -> Self {
        Self {
            core,
            now,
            runs: HashMap::new(),
            touched: Vec::new(),
            lanes: BTreeMap::new(),
            graphs: BTreeMap::new(),
            commit: Commit::new(),
            timers: BTreeMap::new(),
            tasks: Vec::new(),
            accepted: Vec::new(),
            work: VecDeque::new(),
            missing: Missing::default(),
        }
    }

    /// Takes one arrival in, with everything that follows from it here.
    pub fn take(&mut self, place: usize, arrival: &Arrival<J::Attachment>, refused: Option<&str>) {
        match arrival {
            Arrival::Letter(row) => self.letter(row),
            Arrival::Begin(begin) => {
                if refused.is_none() {
                    self.start(begin.run, partition_of(&begin.start.lane), &begin.start);
                    self.accepted.push(place);
                }
            }
            Arrival::Timer(row) => {
                self.timers.insert((row.run, row.node.clone()), None);
                self.apply(row.run, &RunEvent::Due { node: row.node.clone() });
            }
            Arrival::Ended { run, node, attempt, undo, ending, .. } => {
                let event = match refused {
                    Some(message) => RunEvent::Rejected { node: node.clone(), message: message.to_owned() },
                    None => {
                        RunEvent::Ended { node: node.clone(), attempt: *attempt, undo: *undo, ending: ending.clone() }
                    }
                };
                if self.apply(*run, &event) && refused.is_none() {
                    self.accepted.push(place);
                }
            }
        }
        while let Some((run, event)) = self.work.pop_front() {
            self.apply(run, &event);
        }
    }

    /// The commit, and what memory becomes after it; or what is missing to work it out.
    pub fn finish(mut self) -> Result<(Commit<J::Attachment>, Plan<P>), Missing> {
        let missing = &self.missing;
        if !(missing.runs.is_empty() && missing.lanes.is_empty() && missing.graphs.is_empty()) {
            return Err(self.missing);
        }
        let mut changed = Vec::with_capacity(self.touched.len());
        for run in &self.touched {
            let Some(mut live) = self.runs.remove(run) else { continue };
            if live.row.seq - live.snapshot_seq >= limits::SNAPSHOT_EVERY && !live.row.status.is_closed() {
                live.snapshot_seq = live.row.seq;
                let body = serde_json::to_string(&*live.state).unwrap_or_default();
                live.bytes = body.len();
                self.commit.snapshots.push(Snapshot { run: *run, seq: live.row.seq, body });
            }
            let before = self.core.live.get(run).map(|before| &before.row);
            if live.snapshot_seq == live.row.seq || before.is_none_or(|before| is_news(before, &live.row)) {
                self.commit.runs.push(RunRow::clone(&live.row));
            }
            changed.push(live);
        }
        self.commit.tally = self.tally();
        let mut next_due = None;
        for (key, timer) in self.timers {
            match timer {
                Some(_) if self.core.has(Plant::TimerForgotten) => {}
                Some(timer) => {
                    next_due = Some(next_due.map_or(timer.due, |due: Timestamp| due.min(timer.due)));
                    self.commit.timers_set.push(timer);
                }
                None => self.commit.timers_cleared.push(key),
            }
        }
        let rows: HashMap<RunId, &RunRow> = changed.iter().map(|live: &Live<P>| (live.row.id, &*live.row)).collect();
        let orders = self
            .tasks
            .into_iter()
            .filter_map(|(run, task)| Some(self.core.order(rows.get(&run)?, task, false)))
            .collect();
        let lanes: Vec<LaneRow> = self.lanes.into_values().collect();
        self.commit.lanes.clone_from(&lanes);
        let graphs = self.graphs.into_iter().collect();
        let plan = Plan { changed, lanes, graphs, orders, accepted: self.accepted, next_due };
        Ok((self.commit, plan))
    }

    /// How the runs of this commit move between the statuses.
    fn tally(&self) -> Vec<(RunStatus, i64)> {
        let moves = |row: &RunRow| {
            let before = self.core.live.get(&row.id).map(|before| before.row.status);
            let moved = before != Some(row.status);
            let to = moved.then_some((row.status, 1));
            let from = before.filter(|_| moved).map(|before| (before, -1));
            to.into_iter().chain(from)
        };
        self.commit.runs.iter().flat_map(moves).collect()
    }

    fn letter(&mut self, row: &InboxRow) {
        self.commit.inbox_done.push(row.seq);
        match serde_json::from_str(&row.body) {
            Ok(Message::Start(start)) => self.start(row.run, row.partition, &start),
            Ok(Message::Event { event: RunEvent::Move { definition, by, reason } }) => {
                self.go_by(row.run, definition, by, reason);
            }
            Ok(Message::Event { event }) => {
                self.apply(row.run, &event);
            }
            Err(error) => {
                tracing::error!(run = %row.run, seq = row.seq, %error, "a letter cannot be read; it is put aside");
            }
        }
    }

    fn start(&mut self, run: RunId, partition: u16, start: &Start) {
        if self.runs.contains_key(&run) || self.core.live.contains_key(&run) {
            return;
        }
        let graph = match self.core.graphs.get(&start.definition) {
            None => {
                self.missing.graphs.insert(start.definition.clone());
                return;
            }
            Some(graph) => graph.clone(),
        };
        let private = start.lane == private_lane(run);
        let lane = if private { None } else { Some(self.lane(&start.lane)) };
        let Some(lane) = lane.map_or(Some(None), |known| known.map(Some)) else { return };
        let generation = lane.as_ref().map_or(1, |lane| lane.generation + 1);
        let mut row = self.row(run, partition, generation, start);
        let Some(graph) = graph else {
            row.status = RunStatus::Failed;
            row.note = format!("its definition `{}` is not there or cannot be read", start.definition);
            return self.commit.runs.push(row);
        };
        if lane.as_ref().is_some_and(|lane| lane.queued.len() >= limits::LANE_QUEUE_MAX) {
            row.status = RunStatus::Failed;
            row.note = format!("{} runs already wait in this lane", limits::LANE_QUEUE_MAX);
            return self.commit.runs.push(row);
        }
        let busy = lane.as_ref().is_some_and(|lane| lane.live.is_some());
        self.put(Live::new(row, graph));
        if let Some(mut lane) = lane {
            lane.generation = generation;
            let before: Vec<RunId> = lane.live.iter().chain(&lane.queued).copied().collect();
            if busy {
                lane.queued.push(run);
            } else {
                lane.live = Some(run);
            }
            self.lanes.insert(lane.lane.clone(), lane);
            if busy {
                self.queue(run, start.input.clone());
                if start.busy == Busy::Supersede {
                    self.supersede(before, run);
                }
                return;
            }
        }
        self.apply(run, &RunEvent::Started { input: start.input.clone() });
    }

    /// Lets a run go on by another definition, if what it did so far fits that.
    fn go_by(&mut self, run: RunId, definition: String, by: String, reason: String) {
        let graph = match self.core.graphs.get(&definition) {
            None => {
                self.missing.graphs.insert(definition);
                return;
            }
            Some(graph) => graph.clone(),
        };
        if self.get(run).is_none() {
            return;
        }
        let Some(live) = self.runs.get_mut(&run) else { return };
        let event = match graph {
            None => RunEvent::Stay { by, reason: format!("there is no definition `{definition}` that can be read") },
            Some(graph) => {
                if let Some(reason) = self.core.process.misfit(&live.graph, &graph, &live.state) {
                    RunEvent::Stay { by, reason }
                } else {
                    live.graph = graph;
                    Arc::make_mut(&mut live.row).definition.clone_from(&definition);
                    RunEvent::Move { definition, by, reason }
                }
            }
        };
        self.apply(run, &event);
    }

    /// Stops every run of the lane that came before. The one that acts lets go when it can; the
    /// new one begins when it has.
    fn supersede(&mut self, before: Vec<RunId>, by: RunId) {
        // Those that wait go first, or one of them would begin when the live one closes.
        for run in before.into_iter().rev() {
            let reason = "a newer run of the same lane takes its place".to_owned();
            self.apply(run, &RunEvent::Cancel { by: by.to_string(), reason, undo: false });
        }
    }

    fn queue(&mut self, run: RunId, input: Json) {
        let Some(live) = self.runs.get_mut(&run) else { return };
        let row = Arc::make_mut(&mut live.row);
        row.seq += 1;
        row.status = RunStatus::Queued;
        "waits for the run before it in its lane".clone_into(&mut row.note);
        let body = serde_json::to_string(&Entry::Queued(input.clone())).unwrap_or_default();
        self.commit.records.push(RecordRow { run, seq: row.seq, at: self.now, body });
        live.queued = Some(input);
    }

    fn row(&self, id: RunId, partition: u16, generation: i64, start: &Start) -> RunRow {
        RunRow {
            id,
            lane: start.lane.clone(),
            partition,
            generation,
            definition: start.definition.clone(),
            name: start.name.clone(),
            urgency: start.urgency,
            status: RunStatus::Running,
            note: String::new(),
            seq: 0,
            parent: None,
            started_at: self.now,
            updated_at: self.now,
        }
    }

    /// Lets an event happen to a run. Says whether it changed anything.
    fn apply(&mut self, run: RunId, event: &RunEvent) -> bool {
        if self.get(run).is_none() {
            return false;
        }
        let Some(live) = self.runs.get(&run) else { return false };
        let decided = self.core.process.decide(&live.graph, &live.state, event, self.now);
        let Some(facts) = decided.facts else {
            self.effects(run, decided.effects);
            return false;
        };
        let (own, whole) = (facts.len(), facts.len() + live.bytes);
        // What ends a run or says that something was too large is taken whatever it takes.
        let always = matches!(event, RunEvent::Rejected { .. } | RunEvent::Cancel { .. });
        if !always && own > limits::RECORD_BYTES_MAX {
            let reason = format!("what it wants written is {own} bytes; at most {} are", limits::RECORD_BYTES_MAX);
            return self.too_large(run, event, reason);
        }
        if !always && whole > limits::RUN_BYTES_MAX && own > limits::RECORD_BYTES_ALWAYS {
            let reason =
                format!("with it the run would hold {whole} bytes; at most {} are kept", limits::RUN_BYTES_MAX);
            return self.too_large(run, event, reason);
        }
        let Some(live) = self.runs.get_mut(&run) else { return false };
        let row = Arc::make_mut(&mut live.row);
        let was_closed = row.status.is_closed();
        live.state = Arc::new(decided.next);
        live.bytes = whole;
        row.seq += 1;
        row.updated_at = self.now;
        self.commit.records.push(RecordRow { run, seq: row.seq, at: self.now, body: facts_entry(&facts) });
        let summary = self.core.process.summary(&live.graph, &live.state);
        // A run that still waits for its turn does so whatever it heard meanwhile.
        let begun = matches!(event, RunEvent::Started { .. });
        if begun {
            live.queued = None;
        }
        if live.queued.is_none() || summary.status.is_closed() {
            row.status = summary.status;
            row.note = summary.note;
        }
        let closed = (row.status.is_closed() && !was_closed).then(|| Arc::clone(&live.row));
        self.effects(run, decided.effects);
        if let Some(row) = closed {
            self.closed(&row, summary.output);
        }
        true
    }

    /// Says so where somebody sees it: the step waits for a human, a run that cannot begin is over.
    fn too_large(&mut self, run: RunId, event: &RunEvent, message: String) -> bool {
        let instead = match event {
            RunEvent::Ended { node, .. } | RunEvent::Due { node } | RunEvent::ChildClosed { node, .. } => {
                RunEvent::Rejected { node: node.clone(), message }
            }
            RunEvent::Started { .. } => RunEvent::Cancel { by: "engine".to_owned(), reason: message, undo: false },
            RunEvent::Signalled(_)
            | RunEvent::Cancel { .. }
            | RunEvent::Retry { .. }
            | RunEvent::Edit { .. }
            | RunEvent::Move { .. }
            | RunEvent::Stay { .. }
            | RunEvent::Skip { .. }
            | RunEvent::Rejected { .. } => {
                tracing::warn!(%run, message, "an event is left out");
                return false;
            }
        };
        self.apply(run, &instead)
    }

    fn effects(&mut self, run: RunId, effects: Vec<Effect>) {
        let partition = self.runs.get(&run).map_or(0, |live| live.row.partition);
        for effect in effects {
            match effect {
                Effect::Perform(task) => self.tasks.push((run, task)),
                Effect::SetTimer { node, due } => {
                    let timer = TimerRow { due, run, node: node.clone(), partition };
                    self.timers.insert((run, node), Some(timer));
                }
                Effect::ClearTimer { node } => drop(self.timers.insert((run, node), None)),
                Effect::StartChild { node, graph, input } => self.start_child(run, node, &graph, input),
                Effect::CancelChild { node, reason, undo } => {
                    let child = child_id(run, &node);
                    self.work.push_back((child, RunEvent::Cancel { by: run.to_string(), reason, undo }));
                }
            }
        }
    }

    fn start_child(&mut self, parent: RunId, node: String, graph: &Json, input: Json) {
        let Some(above) = self.runs.get(&parent).map(|live| Arc::clone(&live.row)) else { return };
        let step = node.split('#').next().unwrap_or(&node);
        // The parent's definition is immutable and holds this graph, so this name is as good as a hash.
        let definition = format!("{}/{step}", above.definition);
        let id = child_id(parent, &node);
        let Some(graph) = self.child_graph(&definition, graph) else {
            let closed = RunEvent::ChildClosed { node, child: id, well: false, output: Json::Null };
            return self.work.push_back((parent, closed));
        };
        let row = RunRow {
            id,
            definition,
            name: format!("{}/{step}", above.name),
            status: RunStatus::Running,
            note: String::new(),
            seq: 0,
            parent: Some(Parent { run: parent, lane: above.lane.clone(), node }),
            started_at: self.now,
            updated_at: self.now,
            ..RunRow::clone(&above)
        };
        self.put(Live::new(row, graph));
        self.work.push_back((id, RunEvent::Started { input }));
    }

    fn child_graph(&mut self, definition: &str, graph: &Json) -> Option<Arc<P::Graph>> {
        let known = self.graphs.get(definition).or_else(|| self.core.graphs.get(definition)?.as_ref());
        if let Some(known) = known {
            return Some(Arc::clone(known));
        }
        let body = graph.to_string();
        let parsed = Arc::new(self.core.process.parse(&body).ok()?);
        let name = graph.get("name").and_then(Json::as_str).unwrap_or_default().to_owned();
        self.commit.definitions.push(Definition { hash: definition.to_owned(), name, body });
        self.graphs.insert(definition.to_owned(), Arc::clone(&parsed));
        Some(parsed)
    }

    fn closed(&mut self, row: &RunRow, output: Json) {
        if let Some(parent) = &row.parent {
            let well = row.status == RunStatus::Done;
            let event = RunEvent::ChildClosed { node: parent.node.clone(), child: row.id, well, output };
            return self.work.push_back((parent.run, event));
        }
        if row.lane == private_lane(row.id) {
            return;
        }
        let Some(mut lane) = self.lane(&row.lane) else { return };
        lane.queued.retain(|waiting| *waiting != row.id);
        if lane.live == Some(row.id) {
            lane.live = if lane.queued.is_empty() { None } else { Some(lane.queued.remove(0)) };
            if let Some(next) = lane.live {
                let input = self.get(next).and_then(|live| live.queued.clone()).unwrap_or_default();
                self.work.push_back((next, RunEvent::Started { input }));
            }
        }
        self.lanes.insert(lane.lane.clone(), lane);
    }

    fn lane(&mut self, name: &str) -> Option<LaneRow> {
        let known = self.lanes.get(name).or_else(|| self.core.lanes.get(name)).cloned();
        if known.is_none() {
            self.missing.lanes.insert(name.to_owned());
        }
        known
    }

    fn get(&mut self, run: RunId) -> Option<&Live<P>> {
        if !self.runs.contains_key(&run) {
            let Some(live) = self.core.live.get(&run) else {
                if !self.core.absent.contains(&run) {
                    self.missing.runs.insert(run);
                }
                return None;
            };
            self.put(live.clone());
        }
        self.runs.get(&run)
    }

    fn put(&mut self, live: Live<P>) {
        self.touched.push(live.row.id);
        self.runs.insert(live.row.id, live);
    }
}

/// Whether more of a run changed than how far it is and since when.
fn is_news(before: &RunRow, now: &RunRow) -> bool {
    (before.status, &before.note, before.urgency, before.generation, &before.definition)
        != (now.status, &now.note, now.urgency, now.generation, &now.definition)
}

/// The id of a child: the same whenever it is worked out, so that starting it twice is once.
fn child_id(parent: RunId, node: &str) -> RunId {
    let above = parent.uuid().as_u128();
    let hash = node.bytes().fold(above ^ 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d, |hash, byte| {
        (hash ^ u128::from(byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b)
    });
    // The time of the parent, the marks of version 7, and the hash in every other bit.
    let marks: u128 = (0xf << 76) | (0b11 << 62);
    let time: u128 = u128::MAX << 80;
    let kept = (above & (time | marks)) | (hash & !(time | marks));
    RunId::from_uuid(Uuid::from_u128(kept))
}
