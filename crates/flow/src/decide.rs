//! What happens next: from a graph, a state and an event to facts and effects. Pure.
//!
//! It reads no clock and asks no chance; whatever it works out goes into the facts, so that
//! recovery only folds them and never decides again. Nothing is accepted that was not asked for:
//! an ending of an old attempt, a timer nobody waits for and a child nobody knows change nothing.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value as Json;
use tenure_model::{Effect, Ending, RefusalClass, RunEvent, Signal, Task};

use crate::condition::Scope;
use crate::graph::{Graph, Step, Then};
use crate::limits;
use crate::state::{Node, Phase, Record, RunState, Stop, evolve};
use crate::{start, undo};

/// What an event comes to.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// The facts, to be written down together.
    pub records: Vec<Record>,
    /// The effects, to be carried out after that.
    pub effects: Vec<Effect>,
    /// The state with those facts taken in.
    pub next: RunState,
}

/// Decides what an event comes to.
pub fn decide(graph: &Graph, state: &RunState, event: &RunEvent, now: Timestamp) -> Decision {
    let mut mind = Mind { graph, now, state: state.clone(), records: Vec::new(), effects: Vec::new() };
    mind.take(event);
    if !mind.records.is_empty() {
        mind.advance();
    }
    Decision { records: mind.records, effects: mind.effects, next: mind.state }
}

/// A decision in the making.
pub(crate) struct Mind<'a> {
    pub graph: &'a Graph,
    pub now: Timestamp,
    pub state: RunState,
    pub records: Vec<Record>,
    pub effects: Vec<Effect>,
}

impl Mind<'_> {
    /// Writes down a fact and takes it into the state.
    pub fn note(&mut self, record: Record) {
        evolve(&mut self.state, &record);
        self.records.push(record);
    }

    /// Writes down where a step stands now, and sees to its timer.
    pub fn node(&mut self, id: &str, now: Node) {
        let before = self.state.nodes.get(id).and_then(Node::timer);
        let after = now.timer();
        if before.is_some() && after.is_none() {
            self.effects.push(Effect::ClearTimer { node: id.to_owned() });
        }
        if let Some(due) = after.filter(|_| after != before) {
            self.effects.push(Effect::SetTimer { node: id.to_owned(), due });
        }
        if now.is_over() && self.state.deadlines.contains_key(id) {
            self.effects.push(Effect::ClearTimer { node: start::deadline_node(id) });
        }
        self.note(Record::Node { id: id.to_owned(), now });
    }

    /// A step is over.
    pub fn done(&mut self, id: &str, outcome: &str, output: Json) {
        self.node(id, Node::Done { outcome: outcome.to_owned(), output });
    }

    /// Sets an effect of a step under way.
    pub fn act(&mut self, step: &Step, attempt: u32, with: Json, doubtful: bool) {
        self.effects.push(Effect::Perform(Task {
            node: step.id.clone(),
            attempt,
            action: step.action.clone(),
            with: with.clone(),
            undo: false,
            edition: self.state.edition(&step.id),
        }));
        self.node(&step.id, Node::Acting { attempt, with, doubtful });
    }

    /// What expressions of this step can see.
    pub fn scope<'b>(&'b self, step: &'b Step) -> Scope<'b> {
        self.graph.scope(step, &self.state, self.now)
    }

    fn take(&mut self, event: &RunEvent) {
        match (self.state.phase, event) {
            (Phase::New, RunEvent::Started { input }) => self.note(Record::Begun { input: input.clone() }),
            (Phase::New | Phase::Open, RunEvent::Cancel { by, reason, undo }) => self.stop(by, reason, *undo, false),
            (Phase::New | Phase::Open | Phase::Undoing, RunEvent::Signalled(signal)) => self.signalled(signal),
            (Phase::New | Phase::Done | Phase::Failed | Phase::Cancelled, _)
            | (Phase::Open | Phase::Undoing, RunEvent::Started { .. })
            | (Phase::Undoing, RunEvent::Cancel { .. } | RunEvent::Move { .. }) => {}
            (Phase::Open | Phase::Undoing, RunEvent::Ended { node, attempt, undo: false, ending }) => {
                self.ended(node, *attempt, ending);
            }
            (Phase::Open | Phase::Undoing, RunEvent::Ended { node, attempt, undo: true, ending }) => {
                undo::ended(self, node, *attempt, ending);
            }
            (Phase::Open | Phase::Undoing, RunEvent::Due { node }) => self.due(node),
            (Phase::Open | Phase::Undoing, RunEvent::ChildClosed { node, child, well, output }) => {
                start::child_closed(self, node, *child, *well, output);
            }
            (Phase::Open | Phase::Undoing, RunEvent::Retry { by }) => self.retry(by),
            (Phase::Open | Phase::Undoing, RunEvent::Edit { node, with, by, reason }) => {
                self.edit(node, with, by, reason);
            }
            (Phase::Open, RunEvent::Move { definition, by, reason }) => {
                let version: String = definition.chars().take(limits::VERSION_CHARS).collect();
                let what = format!("goes on by version {version}: {}", short(reason));
                self.note(Record::Decided { by: by.clone(), what });
            }
            (Phase::Open | Phase::Undoing, RunEvent::Stay { by, reason }) => {
                self.note(Record::Decided { by: by.clone(), what: format!("it keeps its version: {}", short(reason)) });
            }
            (Phase::Open | Phase::Undoing, RunEvent::Skip { node, outcome, by, reason }) => {
                self.skip(node, outcome, by, reason);
            }
            (Phase::Open | Phase::Undoing, RunEvent::Rejected { node, message }) => self.rejected(node, message),
        }
    }

    /// Goes on as far as it goes without the world: starts what can start, closes what is over.
    fn advance(&mut self) {
        if self.state.phase == Phase::Open && self.state.stop.is_none() {
            start::ready_steps(self);
            while self.let_go() {
                start::ready_steps(self);
            }
        }
        if self.state.stop.is_some() && matches!(self.state.phase, Phase::New | Phase::Open) {
            self.wind_down();
        }
        if self.state.phase == Phase::Undoing {
            undo::advance(self);
        }
        if self.state.phase == Phase::Open && self.state.stop.is_none() && self.is_over() {
            self.close(Phase::Done, String::new());
        }
    }

    /// Ends what still waits although nobody needs its end any more. What is under way is let be until
    /// it waits or is over. Says whether there was anything.
    fn let_go(&mut self) -> bool {
        let waits = |id: &str| {
            matches!(self.state.nodes.get(id), Some(Node::Asked { .. } | Node::Retrying { .. } | Node::Blocked { .. }))
        };
        let moot = |step: &&Step| {
            step.moot_after.iter().any(|edge| start::edge_state(edge, &self.state) == Some(true)) && waits(&step.id)
        };
        let ids: Vec<String> = self.graph.in_order().filter(moot).map(|step| step.id.clone()).collect();
        for id in &ids {
            self.done(id, "withdrawn", Json::Null);
        }
        !ids.is_empty()
    }

    fn is_over(&self) -> bool {
        self.graph.in_order().all(|step| {
            matches!(
                self.state.nodes.get(&step.id),
                Some(Node::Done { .. } | Node::Unreached | Node::Undone | Node::Left { .. })
            )
        })
    }

    /// Ends the run.
    pub fn close(&mut self, phase: Phase, reason: String) {
        let output = match (&self.graph.text().output, phase) {
            (Some(output), Phase::Done) => {
                crate::condition::resolve(output, Scope::of(&self.state, self.now)).unwrap_or(Json::Null)
            }
            _ => Json::Null,
        };
        self.note(Record::Closed { phase, output, reason });
    }

    /// Says that the run must stop.
    pub fn stop(&mut self, by: &str, reason: &str, undo: bool, failed: bool) {
        if self.state.stop.is_none() {
            let stop = Stop { by: by.to_owned(), reason: short(reason), undo, failed };
            self.note(Record::Stopping(stop));
        }
    }

    /// Lets go of what only waits, waits for what is under way, then undoes or closes.
    fn wind_down(&mut self) {
        let waiting: Vec<(String, Node)> =
            self.state.nodes.iter().map(|(id, node)| (id.clone(), node.clone())).collect();
        let stop = self.state.stop.clone();
        for (id, node) in waiting {
            match node {
                Node::Retrying { error, doubtful, .. } => self.node(&id, Node::Failed { reason: error, doubtful }),
                Node::Blocked { reason, doubtful, .. } => self.node(&id, Node::Failed { reason, doubtful }),
                // Whoever was asked may do it yet, so it may have its effect.
                Node::Asked { reason, .. } => self.node(&id, Node::Failed { reason, doubtful: true }),
                Node::Sleeping { .. } | Node::Listening { .. } => self.node(&id, Node::Unreached),
                Node::Parent { open, .. } => start::stop_children(self, &id, &open, stop.as_ref()),
                Node::Acting { .. }
                | Node::Done { .. }
                | Node::Unreached
                | Node::Failed { .. }
                | Node::Undoing { .. }
                | Node::UndoRetrying { .. }
                | Node::UndoAsked { .. }
                | Node::UndoBlocked { .. }
                | Node::Undone
                | Node::Left { .. } => {}
            }
        }
        let busy = self.state.nodes.values().any(|node| node.is_acting() || matches!(node, Node::Parent { .. }));
        if busy {
            return;
        }
        match stop {
            Some(stop) if stop.undo && self.state.phase == Phase::Open => self.note(Record::UndoBegun),
            Some(stop) => self.close(if stop.failed { Phase::Failed } else { Phase::Cancelled }, stop.reason),
            None => {}
        }
    }

    fn ended(&mut self, id: &str, attempt: u32, ending: &Ending) {
        let Some(step) = self.graph.step(id) else { return };
        let Some(Node::Acting { attempt: current, with, doubtful }) = self.state.nodes.get(id).cloned() else { return };
        if current != attempt {
            return;
        }
        match ending {
            Ending::Done { outcome, output } => {
                let bytes = output.to_string().len();
                if bytes > limits::PAYLOAD_BYTES_MAX {
                    let reason = format!("its result is {bytes} bytes; at most {} are kept", limits::PAYLOAD_BYTES_MAX);
                    self.node(id, Node::Blocked { reason, attempt, with, doubtful: true });
                } else {
                    self.done(id, outcome, output.clone());
                }
            }
            Ending::Refused { class: RefusalClass::Transient, message, retry_after_ms } => {
                self.again_or_give_up(step, attempt, with, message, *retry_after_ms, doubtful);
            }
            Ending::Unknown { message } => self.again_or_give_up(step, attempt, with, message, None, true),
            Ending::Asked { signal, message, until } => {
                let (signal, until, reason) = (signal.clone(), *until, short(message));
                self.asked(id, Node::Asked { attempt, with, doubtful, signal, until, reason });
            }
            Ending::Refused { class: RefusalClass::Permanent, message, .. } => {
                self.give_up(step, attempt, with, message, doubtful);
            }
        }
    }

    /// Waits until whoever was asked says how it ended; a word that came before is not lost.
    pub fn asked(&mut self, id: &str, node: Node) {
        let wanted = match &node {
            Node::Asked { signal, .. } | Node::UndoAsked { signal, .. } => signal.clone(),
            _ => return,
        };
        let kept = self.state.kept.iter().position(|kept| kept.name == wanted);
        self.node(id, node);
        if let Some(place) = kept {
            self.note(Record::SignalUsed { place });
            self.look_again(id);
        }
    }

    /// Looks at what somebody was asked to do, by performing the same effect again.
    fn look_again(&mut self, id: &str) {
        match (self.state.nodes.get(id).cloned(), self.graph.step(id)) {
            (Some(Node::Asked { attempt, with, doubtful, .. }), Some(step)) => {
                self.act(step, attempt + 1, with, doubtful);
            }
            (Some(Node::UndoAsked { attempt, with, .. }), Some(_)) => undo::act(self, id, attempt + 1, with),
            _ => {}
        }
    }

    fn again_or_give_up(
        &mut self,
        step: &Step,
        attempt: u32,
        with: Json,
        message: &str,
        not_before_ms: Option<u64>,
        doubtful: bool,
    ) {
        let tries = self.state.tries(&step.id, attempt);
        if tries > step.on_error.retry || self.state.stop.is_some() {
            return self.give_up(step, attempt, with, message, doubtful);
        }
        let due = self.pause(step.on_error.pause(tries + 1, chance(&step.id, attempt)), not_before_ms);
        self.node(&step.id, Node::Retrying { attempt, with, due, error: short(message), doubtful });
    }

    /// When a pause from now ends, but not before the other side allows.
    pub fn pause(&self, pause: std::time::Duration, not_before_ms: Option<u64>) -> Timestamp {
        let least = std::time::Duration::from_millis(not_before_ms.unwrap_or(0));
        let pause = SignedDuration::try_from(pause.max(least)).unwrap_or(SignedDuration::MAX);
        self.now.checked_add(pause).unwrap_or(Timestamp::MAX)
    }

    fn give_up(&mut self, step: &Step, attempt: u32, with: Json, message: &str, doubtful: bool) {
        let reason = short(message);
        if self.state.stop.is_some() {
            return self.node(&step.id, Node::Failed { reason, doubtful });
        }
        if self.graph.routes_failure_of(&step.id) {
            return self.done(&step.id, "failed", Json::String(reason));
        }
        match step.on_error.then {
            Then::Ask => {
                let reason = step.on_error.asked(message);
                self.node(&step.id, Node::Blocked { reason, attempt, with, doubtful });
            }
            Then::Skip => self.done(&step.id, "skipped", Json::String(reason)),
            Then::Compensate | Then::Fail => {
                let undo = step.on_error.then == Then::Compensate;
                let why = format!("step `{}`: {reason}", step.id);
                self.node(&step.id, Node::Failed { reason, doubtful });
                self.stop(&step.id, &why, undo, true);
            }
        }
    }

    /// The time of a step is over.
    fn timed_out(&mut self, id: &str) {
        let (Some(step), Some(node)) = (self.graph.step(id), self.state.nodes.get(id).cloned()) else { return };
        let Some(at) = self.state.deadlines.get(id).copied() else { return };
        if at > self.now {
            self.effects.push(Effect::SetTimer { node: start::deadline_node(id), due: at });
            return;
        }
        if node.is_over() || self.state.stop.is_some() {
            return;
        }
        let (attempt, with, doubtful) = match node {
            Node::Acting { attempt, with, .. } => (attempt, with, true),
            Node::Retrying { attempt, with, doubtful, .. }
            | Node::Asked { attempt, with, doubtful, .. }
            | Node::Blocked { attempt, with, doubtful, .. } => (attempt, with, doubtful),
            Node::Parent { open, .. } => {
                start::stop_children(self, id, &open, None);
                (0, Json::Null, true)
            }
            _ => (0, Json::Null, false),
        };
        if self.graph.routes(id, "timeout") {
            return self.done(id, "timeout", Json::Null);
        }
        let span = step.timeout.map(|span| span.to_string()).unwrap_or_default();
        self.give_up(step, attempt, with, &format!("it is not over after {span}"), doubtful);
    }

    fn due(&mut self, id: &str) {
        if let Some(step) = id.strip_suffix('!') {
            return self.timed_out(step);
        }
        let Some(node) = self.state.nodes.get(id).cloned() else { return };
        // A timer that fires early (a clock that was set back) is set again, not obeyed.
        if let Some(due) = node.timer().filter(|due| *due > self.now) {
            self.effects.push(Effect::SetTimer { node: id.to_owned(), due });
            return;
        }
        match node {
            Node::Retrying { attempt, with, doubtful, .. } => {
                if let Some(step) = self.graph.step(id) {
                    self.act(step, attempt + 1, with, doubtful);
                }
            }
            Node::UndoRetrying { attempt, with, .. } => undo::act(self, id, attempt + 1, with),
            Node::Asked { .. } | Node::UndoAsked { .. } => self.look_again(id),
            Node::Sleeping { .. } => self.done(id, "due", Json::Null),
            Node::Listening { until: Some(_), .. } => self.done(id, "timeout", Json::Null),
            Node::Listening { until: None, .. }
            | Node::Acting { .. }
            | Node::Parent { .. }
            | Node::Blocked { .. }
            | Node::Done { .. }
            | Node::Unreached
            | Node::Failed { .. }
            | Node::Undoing { .. }
            | Node::UndoBlocked { .. }
            | Node::Undone
            | Node::Left { .. } => {}
        }
    }

    fn signalled(&mut self, signal: &Signal) {
        let output = start::signal_output(signal);
        let listener = self.state.nodes.iter().find_map(|(id, node)| match node {
            Node::Listening { signal: wanted, .. } if *wanted == signal.name => Some(id.clone()),
            _ => None,
        });
        let asked = self.state.nodes.iter().find_map(|(id, node)| match node {
            Node::Asked { signal: wanted, .. } | Node::UndoAsked { signal: wanted, .. } if *wanted == signal.name => {
                Some(id.clone())
            }
            _ => None,
        });
        if let Some(id) = asked {
            return self.look_again(&id);
        }
        match listener {
            Some(id) => {
                let answer = self.graph.step(&id).and_then(|step| start::answer(step, &output));
                if let Some(outcome) = answer {
                    self.done(&id, &outcome, output);
                } else {
                    let what = format!("`{id}` was answered with something that is none of its outcomes");
                    self.note(Record::Decided { by: signal.by.clone(), what });
                }
            }
            None if self.state.kept.len() < limits::KEPT_SIGNALS_MAX => self.note(Record::SignalKept(signal.clone())),
            None => {}
        }
    }

    fn retry(&mut self, by: &str) {
        let stuck: Vec<(String, Node)> = self
            .state
            .nodes
            .iter()
            .filter(|(_, node)| {
                matches!(
                    node,
                    Node::Blocked { .. } | Node::UndoBlocked { .. } | Node::Retrying { .. } | Node::UndoRetrying { .. }
                )
            })
            .map(|(id, node)| (id.clone(), node.clone()))
            .collect();
        if stuck.is_empty() {
            return;
        }
        self.note(Record::Decided { by: by.to_owned(), what: "try again".to_owned() });
        for (id, node) in stuck {
            match (node, self.graph.step(&id)) {
                (
                    Node::Blocked { attempt, with, doubtful, .. } | Node::Retrying { attempt, with, doubtful, .. },
                    Some(step),
                ) => start::again(self, step, attempt, with, doubtful),
                (Node::UndoBlocked { attempt, with, .. } | Node::UndoRetrying { attempt, with, .. }, _) => {
                    undo::act(self, &id, attempt + 1, with);
                }
                _ => {}
            }
        }
    }

    /// Tries what is stuck again with other parameters. Only an effect has any that can be changed.
    fn edit(&mut self, id: &str, with: &Json, by: &str, reason: &str) {
        let (Some(step), Some(node)) = (self.graph.step(id), self.state.nodes.get(id).cloned()) else { return };
        if step.action.starts_with("core/") {
            return;
        }
        let edited = Record::Edited { id: id.to_owned(), by: by.to_owned(), reason: short(reason) };
        match node {
            Node::Blocked { attempt, doubtful, .. } | Node::Retrying { attempt, doubtful, .. } => {
                self.note(edited);
                self.act(step, attempt + 1, with.clone(), doubtful);
            }
            Node::UndoBlocked { attempt, .. } | Node::UndoRetrying { attempt, .. } => {
                self.note(edited);
                undo::act(self, id, attempt + 1, with.clone());
            }
            _ => {}
        }
    }

    fn skip(&mut self, id: &str, outcome: &str, by: &str, reason: &str) {
        let stuck = match self.state.nodes.get(id) {
            Some(
                Node::Blocked { .. }
                | Node::Retrying { .. }
                | Node::Asked { .. }
                | Node::Listening { .. }
                | Node::Sleeping { .. },
            ) => false,
            Some(Node::UndoBlocked { .. } | Node::UndoRetrying { .. } | Node::UndoAsked { .. }) => true,
            _ => return,
        };
        let what = format!("go on after `{id}` with `{outcome}`: {}", short(reason));
        self.note(Record::Decided { by: by.to_owned(), what });
        if stuck {
            self.node(id, Node::Left { reason: short(reason) });
        } else {
            self.done(id, outcome, Json::Null);
        }
    }

    fn rejected(&mut self, id: &str, message: &str) {
        match (self.state.nodes.get(id).cloned(), self.graph.step(id)) {
            // Another step may have written the same row meanwhile: whoever tries again looks first.
            (Some(Node::Acting { attempt, with, .. }), Some(step)) => {
                self.again_or_give_up(step, attempt, with, message, None, true);
            }
            (Some(Node::Undoing { attempt, with }), _) => {
                undo::block(self, id, message, attempt, with);
            }
            _ => {}
        }
    }
}

/// A reason, cut to a length that can be kept.
pub(crate) fn short(reason: &str) -> String {
    reason.chars().take(limits::REASON_CHARS_MAX).collect()
}

/// A number in [0, 1000) that is the same for the same step and attempt.
pub(crate) fn chance(id: &str, attempt: u32) -> u32 {
    let hash = id
        .bytes()
        .fold(attempt.wrapping_mul(0x9e37_79b9), |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    (hash >> 8) % 1_000
}
