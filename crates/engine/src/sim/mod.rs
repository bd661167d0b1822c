//! The engine under a deterministic simulator: one seed, one history.
//!
//! Two nodes share a journal in memory and a world that answers, refuses, keeps silent. At every
//! step the seed decides what happens next: a node turns, an effect comes back late, out of order
//! or twice, a node crashes before or after its commit, is paused past its lease and comes back,
//! the clock jumps. At the end everything is let run out, and what must hold is checked. A seed
//! that fails can be run again and fails in the same way.

pub mod chance;
pub mod memory;
pub mod world;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use jiff::Timestamp;
use tenure_model::{Clock as _, RunEvent, RunId, SeededIds, SteppedClock, new_id};

use crate::arrival::{Arrival, Begin};
use crate::core::{Core, Plant, TurnError};
use crate::journal::{Definition, Journal, PARTITIONS, RunStatus, Urgency};
use crate::message::{self, Busy, Start};
use crate::perform::Order;
use crate::process::Process;
use chance::Chance;
use memory::{Fate, MemoryJournal};
use world::{Turnout, World};

const LEASE: Duration = Duration::from_secs(10);

/// What one seed is to try.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Decides everything.
    pub seed: u64,
    /// How many steps before everything is let run out.
    pub steps: usize,
    /// How many runs are begun.
    pub runs: usize,
    /// The graphs that runs are begun with.
    pub definitions: Vec<Definition>,
    /// Whether undoing in the reverse order is promised by these graphs.
    pub lanes: usize,
}

/// What a seed came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// What must hold and did not. Empty is good.
    pub breaches: Vec<String>,
    /// Runs that were begun.
    pub runs: usize,
    /// Of those, how many ended well.
    pub done: usize,
    /// Effects in the world.
    pub effects: usize,
    /// Crashes that were survived.
    pub crashes: usize,
    /// A number that is the same when the history is the same.
    pub fingerprint: u64,
}

struct Node<P: Process> {
    core: Core<P, MemoryJournal>,
    /// Orders that were given out and whose effect was not carried out yet.
    open: Vec<Order>,
    /// Answers on their way back.
    back: Vec<Arrival<String>>,
    paused: bool,
}

/// A simulation in progress.
pub struct Simulation<P: Process> {
    process: Arc<P>,
    plan: Plan,
    plant: Option<Plant>,
    chance: Chance,
    clock: Arc<SteppedClock>,
    ids: SeededIds,
    journal: Arc<MemoryJournal>,
    world: World,
    nodes: Vec<Node<P>>,
    begun: Vec<(RunId, String)>,
    crashes: usize,
    breaches: Vec<String>,
}

impl<P: Process> Simulation<P> {
    /// Sets everything up; nothing has happened yet.
    pub fn new(process: Arc<P>, plan: Plan, plant: Option<Plant>) -> Self {
        let start = Timestamp::from_second(1_780_000_000).unwrap_or(Timestamp::UNIX_EPOCH);
        let journal = Arc::new(MemoryJournal::default());
        for definition in &plan.definitions {
            journal.define(definition.clone());
        }
        let mut simulation = Self {
            process,
            chance: Chance::new(plan.seed),
            ids: SeededIds::new(plan.seed),
            plan,
            plant,
            clock: Arc::new(SteppedClock::at(start)),
            journal,
            world: World::default(),
            nodes: Vec::new(),
            begun: Vec::new(),
            crashes: 0,
            breaches: Vec::new(),
        };
        simulation.nodes = (0..2).map(|_| simulation.fresh_node()).collect();
        simulation
    }

    /// Runs the seed to its end and checks what must hold.
    pub fn run(mut self) -> Report {
        for step in 0..self.plan.steps {
            self.step(step);
            if !self.breaches.is_empty() {
                break;
            }
        }
        self.run_out();
        self.check();
        self.report()
    }

    fn fresh_node(&mut self) -> Node<P> {
        let clock = Arc::clone(&self.clock);
        let core = Core::new(Arc::clone(&self.process), Arc::clone(&self.journal), clock, &self.ids);
        Node { core: planted(core, self.plant), open: Vec::new(), back: Vec::new(), paused: false }
    }

    fn step(&mut self, step: usize) {
        let node = self.chance.below(self.nodes.len());
        match self.chance.below(100) {
            0..12 => self.begin_a_run(step),
            12..16 => self.send_word(step),
            16..40 => self.turn(node),
            40..70 => self.carry_out(node),
            70..76 => self.claim(node),
            76..79 => self.crash(node),
            79..82 => self.toggle_pause(node),
            82..84 => self.journal.set_fate(Fate::WrittenUnheard),
            84..86 => self.journal.set_fate(Fate::Lost),
            86..88 => self.repeat_an_answer(node),
            88..90 => self.jump(),
            _ => self.clock.advance(Duration::from_millis(self.chance.draw() % 4_000)),
        }
        self.nodes.retain(|node| node.open.len() < 100_000);
    }

    fn begin_a_run(&mut self, step: usize) {
        if self.begun.len() >= self.plan.runs {
            return;
        }
        let place = self.chance.below(self.plan.definitions.len());
        let Some(definition) = self.plan.definitions.get(place) else { return };
        let (definition, name) = (definition.hash.clone(), definition.name.clone());
        let run: RunId = new_id(&self.ids);
        let lane = format!("person-{}", self.chance.below(self.plan.lanes));
        let busy = if self.chance.percent(30) { Busy::Supersede } else { Busy::Queue };
        let urgency = Urgency::ALL.get(self.chance.below(3)).copied().unwrap_or(Urgency::Normal);
        let input = serde_json::json!({ "n": self.chance.below(4), "items": [1, 2, 3, 4, 5] });
        let start = Start { lane: lane.clone(), definition, name, urgency, busy, input };
        if self.chance.percent(30) {
            return self.begin_by_hand(run, start);
        }
        let letter = message::start(run, start, "sim", &step.to_string(), self.clock.now());
        // Delivered twice: the second must change nothing.
        self.journal.send(vec![letter.clone(), letter]);
        self.begun.push((run, lane));
    }

    /// Whoever begins a run by hand was promised nothing until the turn is written.
    fn begin_by_hand(&mut self, run: RunId, start: Start) {
        let place = self.chance.below(self.nodes.len());
        if !self.nodes.get(place).is_some_and(|node| !node.paused && node.core.owns(&start.lane)) {
            return;
        }
        let lane = start.lane.clone();
        let mut arrivals = vec![Arrival::Begin(Box::new(Begin { run, start, attachments: Vec::new() }))];
        if self.take_in(place, &mut arrivals) {
            self.begun.push((run, lane));
        }
    }

    fn send_word(&mut self, step: usize) {
        let place = self.chance.below(self.begun.len().max(1));
        let Some((run, lane)) = self.begun.get(place).cloned() else { return };
        let by = "ada".to_owned();
        let event = match self.chance.below(4) {
            0 => RunEvent::Cancel { by, reason: "changed her mind".to_owned(), undo: self.chance.percent(50) },
            1 => RunEvent::Retry { by },
            _ => RunEvent::Signalled(tenure_model::Signal { name: "go".to_owned(), by, body: serde_json::Value::Null }),
        };
        self.journal.send(vec![message::event(run, &lane, event, "sim", &step.to_string(), self.clock.now())]);
    }

    fn turn(&mut self, place: usize) {
        let Some(node) = self.nodes.get_mut(place).filter(|node| !node.paused) else { return };
        let limit = 1 + self.chance.below(8);
        let Some(Ok((mut arrivals, _))) = node.core.gather(limit, limit).now_or_never() else { return };
        let answers = self.chance.below(node.back.len() + 1);
        for _ in 0..answers {
            let which = self.chance.below(node.back.len());
            arrivals.push(node.back.swap_remove(which));
        }
        self.take_in(place, &mut arrivals);
    }

    /// One turn with these arrivals. Says whether it was written.
    fn take_in(&mut self, place: usize, arrivals: &mut Vec<Arrival<String>>) -> bool {
        let Some(node) = self.nodes.get_mut(place) else { return false };
        let outcome = node.core.turn(arrivals).now_or_never();
        node.open.extend(leaked(&mut node.core));
        match outcome {
            Some(Ok(turned)) => {
                node.open.extend(turned.orders);
                return true;
            }
            Some(Err(TurnError::Fenced(partition))) => {
                node.core.forget(partition);
                node.open.retain(|order| crate::journal::partition_of(&order.lane) != partition);
            }
            Some(Err(TurnError::Unavailable(_))) | None => node.core.forget_all(),
        }
        keep_endings(node, std::mem::take(arrivals));
        false
    }

    fn carry_out(&mut self, place: usize) {
        let Some(node) = self.nodes.get_mut(place).filter(|node| !node.open.is_empty()) else { return };
        if node.paused && self.chance.percent(70) {
            return;
        }
        let which = self.chance.below(node.open.len());
        let order = node.open.swap_remove(which);
        self.check_intent(&order);
        let turnout = self.world.carry_out(&order, &mut self.chance);
        let Some(node) = self.nodes.get_mut(place) else { return };
        match turnout {
            Turnout::Heard(ending) => node.back.push(Arrival::Ended {
                run: order.run,
                node: order.task.node,
                attempt: order.task.attempt,
                undo: order.task.undo,
                ending,
                attachments: Vec::new(),
            }),
            // A worker that dies takes its process with it.
            Turnout::Unheard => self.crash(place),
        }
    }

    /// Invariant 1: no effect without a committed intent.
    fn check_intent(&mut self, order: &Order) {
        let intended = self.journal.load(vec![order.run]).now_or_never();
        let tables = self.journal.tables();
        let known = intended.and_then(Result::ok).and_then(|mut runs| runs.pop()).is_some_and(|stored| {
            let needle = format!("\"{}\"", order.task.node);
            stored.row.status.is_closed()
                || stored.records.iter().any(|row| row.body.contains(&needle))
                || stored.snapshot.is_some_and(|snapshot| snapshot.body.contains(&needle))
        });
        drop(tables);
        if !known {
            self.breaches.push(format!("effect {} had no written intent", order.key.as_str()));
        }
    }

    fn claim(&mut self, place: usize) {
        let Some(node) = self.nodes.get_mut(place).filter(|node| !node.paused) else { return };
        let count = 8 + u16::try_from(self.chance.below(64)).unwrap_or(0);
        let first = u16::try_from(self.chance.below(usize::from(PARTITIONS))).unwrap_or(0);
        let from = (first..first + count.min(PARTITIONS)).map(|partition| partition % PARTITIONS).collect();
        if let Some(Ok(orders)) = node.core.claim(from, LEASE).now_or_never() {
            let known: BTreeSet<_> = node.open.iter().map(|order| (order.key.clone(), order.task.attempt)).collect();
            node.open.extend(orders.into_iter().filter(|o| !known.contains(&(o.key.clone(), o.task.attempt))));
        }
    }

    fn crash(&mut self, place: usize) {
        let fresh = self.fresh_node();
        if let Some(node) = self.nodes.get_mut(place) {
            *node = fresh;
            self.crashes += 1;
        }
    }

    fn toggle_pause(&mut self, place: usize) {
        if let Some(node) = self.nodes.get_mut(place) {
            node.paused = !node.paused;
        }
        if self.chance.percent(50) {
            self.clock.advance(LEASE * 2);
        }
    }

    fn repeat_an_answer(&mut self, place: usize) {
        let Some(node) = self.nodes.get_mut(place).filter(|node| !node.back.is_empty()) else { return };
        let which = self.chance.below(node.back.len());
        if let Some(Arrival::Ended { run, node: step, attempt, undo, ending, .. }) = node.back.get(which) {
            let again = Arrival::Ended {
                run: *run,
                node: step.clone(),
                attempt: *attempt,
                undo: *undo,
                ending: ending.clone(),
                attachments: Vec::new(),
            };
            node.back.push(again);
        }
    }

    /// The time of day jumps, as it does when somebody sets a clock.
    fn jump(&mut self) {
        let span = i64::try_from(self.chance.draw() % 120).unwrap_or(0) - 60;
        let to = self.clock.now().checked_add(jiff::SignedDuration::from_secs(span));
        self.clock.jump_to(to.unwrap_or(Timestamp::MAX));
    }

    /// No more trouble: everything that can go on does, until nothing changes any more.
    fn run_out(&mut self) {
        self.nodes.iter_mut().for_each(|node| node.paused = false);
        self.journal.set_fate(Fate::Written);
        for round in 0..4_000usize {
            for place in 0..self.nodes.len() {
                self.claim(place);
                self.drain(place);
            }
            self.clock.advance(Duration::from_secs(if round % 50 == 49 { 4_000 } else { 5 }));
            self.answer_those_who_wait(round);
            if self.all_closed() {
                return;
            }
        }
    }

    fn drain(&mut self, place: usize) {
        for _ in 0..64 {
            let Some(node) = self.nodes.get_mut(place) else { return };
            if node.open.is_empty() && node.back.is_empty() {
                break;
            }
            while self.nodes.get(place).is_some_and(|node| !node.open.is_empty()) {
                self.carry_out(place);
            }
            self.turn(place);
        }
        self.turn(place);
    }

    /// Humans come back from holiday: what is blocked is tried again, what waits gets its signal.
    fn answer_those_who_wait(&mut self, round: usize) {
        if !round.is_multiple_of(10) {
            return;
        }
        let open: Vec<(RunId, String)> = {
            let tables = self.journal.tables();
            let open = tables.runs.values().filter(|row| !row.status.is_closed());
            open.map(|row| (row.id, row.lane.clone())).collect()
        };
        for (run, lane) in open {
            let by = "grace".to_owned();
            let word = tenure_model::Signal { name: "go".to_owned(), by: by.clone(), body: serde_json::Value::Null };
            for (nth, event) in [RunEvent::Retry { by }, RunEvent::Signalled(word)].into_iter().enumerate() {
                let external = format!("out-{round}-{nth}");
                self.journal.send(vec![message::event(run, &lane, event, "sim", &external, self.clock.now())]);
            }
        }
    }

    fn all_closed(&self) -> bool {
        let tables = self.journal.tables();
        let begun = self.begun.iter().all(|(run, _)| tables.runs.contains_key(run));
        begun && tables.inbox.is_empty() && tables.runs.values().all(|row| row.status.is_closed())
    }

    fn check(&mut self) {
        let tables = self.journal.tables();
        let mut breaches = tables.breaches.clone();
        for (run, _) in &self.begun {
            match tables.runs.get(run) {
                None => breaches.push(format!("{run} was accepted and lost")),
                Some(row) if !row.status.is_closed() => {
                    let lane = tables.lanes.get(&row.lane);
                    breaches.push(format!("{run} is stuck: {} ({}) in {lane:?}", row.status.word(), row.note));
                }
                Some(_) => {}
            }
        }
        for (run, rows) in &tables.records {
            if rows.iter().enumerate().any(|(place, row)| row.seq != i64::try_from(place + 1).unwrap_or(0)) {
                breaches.push(format!("{run} has a hole in its records"));
            }
        }
        for ((run, node, undo), deed) in &self.world.deeds {
            if deed.keys.len() > 1 {
                breaches.push(format!("{run}/{node} (undo: {undo}) had its effect {} times", deed.keys.len()));
            }
        }
        breaches.extend(undone_out_of_order(&self.world));
        let mut tally: BTreeMap<RunStatus, i64> = BTreeMap::new();
        for row in tables.runs.values() {
            *tally.entry(row.status).or_default() += 1;
        }
        if tables.tally.iter().filter(|(_, runs)| **runs != 0).ne(tally.iter()) {
            breaches.push(format!("the tally says {:?} and there are {tally:?}", tables.tally));
        }
        if tables.runs.values().any(|row| row.status == RunStatus::Done && row.seq == 0) {
            breaches.push("a run is done without a record".to_owned());
        }
        drop(tables);
        self.breaches.extend(breaches);
    }

    fn report(self) -> Report {
        let tables = self.journal.tables();
        let done = tables.runs.values().filter(|row| row.status == RunStatus::Done).count();
        let fingerprint = tables.records.values().flatten().fold(0xcbf2_9ce4_8422_2325_u64, |hash, row| {
            row.body.bytes().fold(hash, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
        });
        Report {
            breaches: self.breaches.clone(),
            runs: self.begun.len(),
            done,
            effects: self.world.history.len(),
            crashes: self.crashes,
            fingerprint,
        }
    }
}

/// Steps are taken back in the reverse order of the one in which they had their effect, as far as
/// one followed the other: the graphs of the simulation name such steps in order.
fn undone_out_of_order(world: &World) -> Vec<String> {
    let mut undone: BTreeMap<RunId, Vec<&str>> = BTreeMap::new();
    for (run, node, undo) in &world.history {
        if *undo {
            undone.entry(*run).or_default().push(node);
        }
    }
    let ordered = |nodes: &Vec<&str>| {
        let steps: Vec<&&str> = nodes.iter().filter(|node| node.starts_with("ordered-")).collect();
        steps.windows(2).all(|pair| matches!(pair, [first, second] if first > second))
    };
    undone
        .iter()
        .filter(|(_, nodes)| !ordered(nodes))
        .map(|(run, nodes)| format!("{run} was taken back out of order: {nodes:?}"))
        .collect()
}

fn keep_endings<P: Process>(node: &mut Node<P>, arrivals: Vec<Arrival<String>>) {
    node.back.extend(arrivals.into_iter().filter(|arrival| matches!(arrival, Arrival::Ended { .. })));
}

#[cfg(feature = "plants")]
fn planted<P: Process>(core: Core<P, MemoryJournal>, plant: Option<Plant>) -> Core<P, MemoryJournal> {
    core.planted(plant)
}

#[cfg(not(feature = "plants"))]
fn planted<P: Process>(core: Core<P, MemoryJournal>, _: Option<Plant>) -> Core<P, MemoryJournal> {
    core
}

#[cfg(feature = "plants")]
fn leaked<P: Process>(core: &mut Core<P, MemoryJournal>) -> Vec<Order> {
    core.take_leaked()
}

#[cfg(not(feature = "plants"))]
fn leaked<P: Process>(_: &mut Core<P, MemoryJournal>) -> Vec<Order> {
    Vec::new()
}
