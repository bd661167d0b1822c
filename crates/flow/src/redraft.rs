//! A run that is over, played again by another graph: what would have come of it.
//!
//! The draft decides as it would have decided, in virtual time, and each step that does something is
//! answered with what is recorded of the step of the same name and kind, at the moment at which that
//! ended. Where a draft asks for what was never recorded, it is not guessed: what lies behind cannot
//! be told. Nothing is done, and nobody is asked.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::{Value as Json, json};
use tenure_model::{Effect, Ending, RefusalClass, RunEvent, RunId, SeededIds, Signal, Task, new_id};

use crate::decide::decide;
use crate::graph::Graph;
use crate::limits::REDRAFTED_EVENTS_MAX;
use crate::state::{Node, Record, RunState};
use crate::view::{Standing, standing};

/// The step that reads what is known of the person.
const LOOK: &str = "person/look";

/// What is recorded of a run.
#[derive(Debug, Clone, Default)]
pub struct Recorded {
    /// What it was given, and when it began.
    begun: Option<(Timestamp, Json)>,
    /// With what each step was last done.
    given: BTreeMap<String, Json>,
    /// How each step ended, and when. What was taken back later had ended before.
    ended: BTreeMap<String, (Timestamp, Node)>,
    /// What was last known of the person.
    person: Option<Json>,
    state: RunState,
}

/// What would be otherwise.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Difference {
    /// Steps that would be done, and were not.
    pub more: Vec<String>,
    /// Steps that were done, and would not be.
    pub less: Vec<String>,
    /// Steps that would be given something else, with the keys of what differs; never the values.
    pub given: BTreeMap<String, Vec<String>>,
    /// How it would end, if it would end otherwise and that can be told.
    pub would_end: Option<Standing>,
    /// Steps whose outcome was never recorded, with their kinds: what lies behind cannot be told.
    pub untold: BTreeMap<String, String>,
    /// Whether the draft asked what is known of the person, and it is not recorded.
    pub asks_for_person: bool,
}

impl Difference {
    /// Whether nothing would be otherwise, as far as it can be told.
    pub fn is_none(&self) -> bool {
        let same = self.more.is_empty() && self.less.is_empty() && self.given.is_empty() && self.would_end.is_none();
        same && self.untold.is_empty()
    }
}

impl Recorded {
    /// Takes in one record of the run, which went by this graph.
    pub fn take(&mut self, graph: &Graph, record: &Record, at: Timestamp) {
        crate::state::evolve(&mut self.state, record);
        match record {
            Record::Begun { input } => self.begun = Some((at, input.clone())),
            Record::Node { id, now: Node::Acting { with, .. } } => drop(self.given.insert(id.clone(), with.clone())),
            Record::Node { id, now: now @ (Node::Done { .. } | Node::Failed { .. } | Node::Blocked { .. }) } => {
                if let (Node::Done { output, .. }, Some(LOOK)) = (now, action(graph, id)) {
                    self.person = Some(output.clone());
                }
                self.ended.insert(id.clone(), (at, now.clone()));
            }
            _ => {}
        }
    }

    /// Plays the draft, where `graph` is what the run went by and `person` what is known of the person
    /// now, and says what would be otherwise.
    pub fn redraft(&self, graph: &Graph, draft: &Graph, person: &Json) -> Difference {
        let Some((begun, input)) = self.begun.clone() else { return Difference::default() };
        let mut play = Play {
            recorded: self,
            graph,
            draft,
            person,
            now: begun,
            events: BTreeMap::from([((begun, 0), RunEvent::Started { input })]),
            count: 0,
            timers: BTreeMap::new(),
            given: BTreeMap::new(),
            heard: BTreeSet::new(),
            difference: Difference::default(),
        };
        let state = play.run();
        let Play { given, mut difference, .. } = play;
        self.compare((graph, draft), &state, given, &mut difference);
        difference
    }

    fn compare(
        &self,
        (graph, draft): (&Graph, &Graph),
        state: &RunState,
        given: BTreeMap<String, Json>,
        difference: &mut Difference,
    ) {
        let is_done = |state: &RunState, id: &str| state.nodes.get(id).is_some_and(|node| *node != Node::Unreached);
        let is_shown = |id: &str, graph: &Graph| action(graph, id).is_some_and(|action| action != LOOK);
        for step in draft.in_order().filter(|step| is_shown(&step.id, draft)) {
            if is_done(state, &step.id) && !is_done(&self.state, &step.id) {
                difference.more.push(step.id.clone());
            }
        }
        for step in graph.in_order().filter(|step| is_shown(&step.id, graph)) {
            let id = &step.id;
            // What may still come behind an outcome that nobody knows is not said to be left out.
            let may_come = !difference.untold.is_empty() && draft.step(id).is_some() && !state.nodes.contains_key(id);
            if is_done(&self.state, id) && !is_done(state, id) && !may_come {
                difference.less.push(id.clone());
            }
        }
        for (id, with) in given {
            let keys = self.given.get(&id).map(|before| keys_that_differ(before, &with)).unwrap_or_default();
            if !keys.is_empty() && is_shown(&id, draft) {
                difference.given.insert(id, keys);
            }
        }
        let would = standing(state);
        if difference.untold.is_empty() && would != standing(&self.state) {
            difference.would_end = Some(would);
        }
    }
}

struct Play<'p> {
    recorded: &'p Recorded,
    graph: &'p Graph,
    draft: &'p Graph,
    person: &'p Json,
    now: Timestamp,
    /// By the moment at which they happen, and in their order.
    events: BTreeMap<(Timestamp, usize), RunEvent>,
    count: usize,
    timers: BTreeMap<String, Timestamp>,
    given: BTreeMap<String, Json>,
    heard: BTreeSet<String>,
    difference: Difference,
}

impl Play<'_> {
    fn run(&mut self) -> RunState {
        let mut state = RunState::default();
        for _ in 0..REDRAFTED_EVENTS_MAX {
            let Some(event) = self.next() else { break };
            let decision = decide(self.draft, &state, &event, self.now);
            state = decision.next;
            for effect in decision.effects {
                self.effect(effect);
            }
            self.listen(&state);
        }
        state
    }

    /// What happens next; what was recorded goes before a timer of the same moment.
    fn next(&mut self) -> Option<RunEvent> {
        let timer = self.timers.iter().min_by_key(|(_, due)| **due).map(|(node, due)| (*due, node.clone()));
        let first = self.events.first_key_value().map(|(key, _)| *key);
        match (first, timer) {
            (Some(key), timer) if timer.as_ref().is_none_or(|(due, _)| key.0 <= *due) => {
                self.now = self.now.max(key.0);
                self.events.remove(&key)
            }
            (_, Some((due, node))) => {
                self.timers.remove(&node);
                self.now = self.now.max(due);
                Some(RunEvent::Due { node })
            }
            (_, None) => None,
        }
    }

    fn at(&mut self, moment: Timestamp, event: RunEvent) {
        self.count += 1;
        self.events.insert((moment.max(self.now), self.count), event);
    }

    fn effect(&mut self, effect: Effect) {
        match effect {
            Effect::Perform(task) => self.perform(task),
            Effect::SetTimer { node, due } => drop(self.timers.insert(node, due)),
            Effect::ClearTimer { node } => drop(self.timers.remove(&node)),
            Effect::StartChild { node, .. } => {
                let id = node.split('#').next().unwrap_or_default().to_owned();
                match self.ended(&id) {
                    Some((at, Node::Done { output, .. })) => self.child(at, node, true, output),
                    Some((at, _)) => self.child(at, node, false, Json::Null),
                    None => self.untold(&id),
                }
            }
            Effect::CancelChild { node, .. } => self.child(self.now, node, false, Json::Null),
        }
    }

    fn child(&mut self, at: Timestamp, node: String, well: bool, output: Json) {
        let child: RunId = new_id(&SeededIds::new(0));
        self.at(at, RunEvent::ChildClosed { node, child, well, output });
    }

    fn perform(&mut self, task: Task) {
        let Task { node, attempt, action, with, undo, .. } = task;
        if undo {
            let ending = Ending::Done { outcome: "done".to_owned(), output: json!({}) };
            return self.at(self.now, RunEvent::Ended { node, attempt, undo, ending });
        }
        self.given.insert(node.clone(), with);
        let (at, ending) = match self.ended(&node) {
            Some((at, Node::Done { outcome, output })) => (at, Ending::Done { outcome, output }),
            Some((at, Node::Failed { reason, .. } | Node::Blocked { reason, .. })) => {
                (at, Ending::Refused { class: RefusalClass::Permanent, message: reason, retry_after_ms: None })
            }
            Some(_) | None if action == LOOK => {
                self.difference.asks_for_person |= self.recorded.person.is_none();
                let output = self.recorded.person.as_ref().unwrap_or(self.person).clone();
                (self.now, Ending::Done { outcome: "done".to_owned(), output })
            }
            Some(_) | None => return self.untold(&node),
        };
        // What ran into its time-out ends by the timer again.
        if !matches!(&ending, Ending::Done { outcome, .. } if outcome == "timeout") {
            self.at(at, RunEvent::Ended { node, attempt, undo, ending });
        }
    }

    /// Sends the word that a step waits for and once got.
    fn listen(&mut self, state: &RunState) {
        for (id, node) in &state.nodes {
            let Node::Listening { signal, until } = node else { continue };
            if !self.heard.insert(id.clone()) {
                continue;
            }
            match self.ended(id) {
                Some((at, Node::Done { outcome, output })) if outcome != "timeout" => {
                    let signal = Signal { name: signal.clone(), by: "recorded".to_owned(), body: output };
                    self.at(at, RunEvent::Signalled(signal));
                }
                None if until.is_none() => self.untold(id),
                Some(_) | None => {}
            }
        }
    }

    /// How the step of this name ended, if it is of the same kind.
    fn ended(&self, id: &str) -> Option<(Timestamp, Node)> {
        let same = action(self.graph, id) == action(self.draft, id);
        self.recorded.ended.get(id).filter(|_| same).cloned()
    }

    fn untold(&mut self, id: &str) {
        let kind = action(self.draft, id).unwrap_or_default().to_owned();
        self.difference.untold.insert(id.to_owned(), kind);
    }
}

fn action<'g>(graph: &'g Graph, id: &str) -> Option<&'g str> {
    graph.step(id).map(|step| step.action.as_str())
}

/// The keys whose values differ. The values are nobody's business here: some are secrets.
fn keys_that_differ(before: &Json, after: &Json) -> Vec<String> {
    let (Json::Object(before), Json::Object(after)) = (before, after) else { return Vec::new() };
    let keys: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    keys.into_iter().filter(|key| before.get(*key) != after.get(*key)).cloned().collect()
}
