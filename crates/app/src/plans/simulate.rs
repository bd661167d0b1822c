//! The world as it would be: the same facts after a plan was carried out, at a later moment, and with
//! everything that a workflow would do on the way. Nothing is written and nobody is asked.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::rc::Rc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use tenure_flow::{Graph, RunState, decide};
use tenure_model::{
    Account, AccountId, AccountState, Effect, Ending, Grant, GrantState, Ids, NativeId, NoticeKind, RunEvent, RunId,
    Signal, Task, new_id,
};
use tenure_policy::{Action, PersonFacts, Plan, Rules};

use crate::estate::Estate;
use crate::limits::{SIMULATED_STEPS_MAX, SIMULATED_TURNS_MAX};
use crate::people::facts::next_turn;
use crate::workflows::start::{self, Happened};

/// Something that would happen besides the writes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "happens", rename_all = "kebab-case")]
pub enum Happens {
    /// Somebody would be asked, and the run waits for the answer.
    Asked {
        /// At which step.
        step: String,
        /// For which answer.
        signal: String,
    },
    /// The run would wait for a moment.
    Waits {
        /// At which step.
        step: String,
        /// Until when.
        until: Timestamp,
    },
    /// Somebody would be told.
    Told {
        /// What kind of notice.
        kind: String,
        /// By which channel.
        channel: String,
    },
    /// The same facts would be looked at again.
    Again {
        /// When.
        at: Timestamp,
        /// As which event.
        event: String,
    },
    /// Something else would be done.
    Does {
        /// At which step.
        step: String,
        /// What.
        action: String,
    },
}

/// The facts as they would be once a plan is carried out, and read back.
pub fn after(facts: &PersonFacts, plan: &Plan, now: Timestamp, ids: &dyn Ids) -> PersonFacts {
    let mut next = facts.clone();
    for change in &plan.changes {
        match &change.action {
            Action::DisableAccount { account } => state(&mut next, *account, AccountState::Disabled),
            Action::DeleteAccount { account, .. } => state(&mut next, *account, AccountState::Gone),
            Action::RestoreAccount { account } | Action::EnableAccount { account } => {
                state(&mut next, *account, AccountState::Active);
            }
            Action::SetAttributes { account, attributes, .. } => {
                next.besides.seen.entry(*account).or_default().extend(attributes.clone());
            }
            Action::AddEntitlement { account, native_id, .. } => holds(&mut next, *account, |held| {
                held.insert(native_id.clone());
            }),
            Action::RemoveEntitlement { account, native_id, .. } => holds(&mut next, *account, |held| {
                held.remove(native_id);
            }),
            Action::CreateAccount { entitlements, .. } => next.accounts.push(Account {
                id: new_id(ids),
                connection: change.connection.clone(),
                person: Some(facts.person.id),
                native_id: Some(NativeId::new("simulated")),
                name: facts.person.display_name.clone(),
                state: AccountState::Active,
                holds: entitlements.values().cloned().collect(),
                seen_at: Some(now),
                version: 1,
            }),
        }
    }
    for grant in next.grants.iter_mut().filter(|grant| plan.closing.contains(&grant.id)) {
        (grant.state, grant.valid_until) = (GrantState::Revoked, Some(now));
    }
    for wish in &plan.desired {
        match next.grants.iter_mut().find(|grant| Some(grant.id) == wish.grant) {
            Some(known) => (known.state, known.valid_until) = (GrantState::Held, wish.until),
            None => next.grants.push(Grant {
                id: new_id(ids),
                person: facts.person.id,
                connection: wish.connection.clone(),
                entitlement: wish.entitlement.clone(),
                reason: wish.reason.clone(),
                valid_from: now,
                valid_until: wish.until,
                state: GrantState::Held,
                version: 1,
            }),
        }
    }
    next
}

fn state(facts: &mut PersonFacts, id: AccountId, state: AccountState) {
    if let Some(account) = facts.accounts.iter_mut().find(|account| account.id == id) {
        account.state = state;
    }
}

fn holds(facts: &mut PersonFacts, id: AccountId, change: impl FnOnce(&mut std::collections::BTreeSet<NativeId>)) {
    if let Some(account) = facts.accounts.iter_mut().find(|account| account.id == id) {
        change(&mut account.holds);
    }
}

/// What would be planned from now until a moment, whenever the same facts come to something else. The
/// facts are those at the end.
pub fn until(
    facts: &PersonFacts,
    rules: &Rules,
    now: Timestamp,
    end: Timestamp,
    ids: &dyn Ids,
) -> (Vec<(Timestamp, Plan)>, PersonFacts) {
    let (mut facts, mut at, mut plans) = (facts.clone(), now, Vec::new());
    for _ in 0..SIMULATED_TURNS_MAX {
        let plan = tenure_policy::plan(&facts, rules, at);
        facts = after(&facts, &plan, at, ids);
        plans.push((at, plan));
        match next_turn(&facts, rules, at).map(|turn| turn.at).filter(|turn| *turn <= end) {
            Some(turn) => at = turn,
            None if at < end => at = end,
            None => break,
        }
    }
    (plans, facts)
}

/// What the workflows of an estate would do, beside the writes.
pub struct Walker<'e> {
    estate: &'e Estate,
    rules: &'e Rules,
    /// Every graph, read once.
    graphs: RefCell<HashMap<String, Option<Rc<Graph>>>>,
}

/// One run that is only imagined.
struct Walk<'w, 'e> {
    walker: &'w Walker<'e>,
    facts: &'w PersonFacts,
    changes: Json,
    now: Timestamp,
    happens: Vec<Happens>,
    steps: usize,
}

impl<'e> Walker<'e> {
    /// For this estate, with these rules.
    pub fn new(estate: &'e Estate, rules: &'e Rules) -> Self {
        Self { estate, rules, graphs: RefCell::default() }
    }

    /// What would happen to somebody for whom these changes are planned; `before` and `facts` are those
    /// before and after them.
    pub fn walk(
        &self,
        event: &str,
        before: &PersonFacts,
        facts: &PersonFacts,
        changes: usize,
        now: Timestamp,
    ) -> Vec<Happens> {
        let changes = Json::Array(vec![json!({}); changes]);
        let mut walk = Walk { walker: self, facts, changes, now, happens: Vec::new(), steps: 0 };
        let happened = Happened { event: event.to_owned(), ..Happened::default() };
        for workflow in start::meant(self.estate, Some(before), &happened, now) {
            let input = json!({ "person": facts.person.id, "because": "plan" });
            walk.run(&workflow.definition.body, input);
        }
        walk.happens.sort();
        walk.happens.dedup();
        walk.happens
    }

    fn graph(&self, body: &str) -> Option<Rc<Graph>> {
        let mut graphs = self.graphs.borrow_mut();
        graphs.entry(body.to_owned()).or_insert_with(|| Graph::parse(body).ok().map(Rc::new)).clone()
    }
}

impl Walk<'_, '_> {
    /// Carries a run to its end, as if everything went well. What it gives back is its output.
    fn run(&mut self, body: &str, input: Json) -> Json {
        let Some(graph) = self.walker.graph(body) else { return Json::Null };
        let mut state = RunState::default();
        let mut events = VecDeque::from([RunEvent::Started { input }]);
        let mut timers: BTreeMap<String, Timestamp> = BTreeMap::new();
        loop {
            let Some(event) = events.pop_front().or_else(|| next_due(&mut timers, &mut self.now)) else { break };
            self.steps += 1;
            if self.steps > SIMULATED_STEPS_MAX {
                break;
            }
            let decision = decide(&graph, &state, &event, self.now);
            state = decision.next;
            for effect in decision.effects {
                match effect {
                    Effect::Perform(task) => events.push_back(self.perform(task)),
                    Effect::SetTimer { node, due } => {
                        timers.insert(node, due);
                    }
                    Effect::ClearTimer { node } => {
                        timers.remove(&node);
                    }
                    Effect::StartChild { node, graph, input } => {
                        let output = self.run(&graph.to_string(), input);
                        let child = tenure_model::Id::from_uuid(uuid::Uuid::nil());
                        let child: RunId = child;
                        events.push_back(RunEvent::ChildClosed { node, child, well: true, output });
                    }
                    Effect::CancelChild { .. } => {}
                }
            }
            if events.is_empty() {
                events.extend(self.answers(&state, &mut timers));
            }
        }
        state.output
    }

    /// Whoever is asked says yes, so that what comes after it is seen too.
    fn answers(&mut self, state: &RunState, timers: &mut BTreeMap<String, Timestamp>) -> Vec<RunEvent> {
        let mut answers = Vec::new();
        for (step, node) in &state.nodes {
            match node {
                tenure_flow::Node::Listening { signal, .. } => {
                    timers.remove(step);
                    self.happens.push(Happens::Asked { step: step.clone(), signal: signal.clone() });
                    let signal = Signal { name: signal.clone(), by: "plan".to_owned(), body: Json::Null };
                    answers.push(RunEvent::Signalled(signal));
                }
                tenure_flow::Node::Sleeping { until } => {
                    self.happens.push(Happens::Waits { step: step.clone(), until: *until });
                }
                _ => {}
            }
        }
        answers
    }

    fn perform(&mut self, task: Task) -> RunEvent {
        let (outcome, output) = match task.action.as_str() {
            "access/align" if self.changes.as_array().is_some_and(Vec::is_empty) => ("nothing", json!({})),
            "access/foresee" => ("changes", json!({ "shows": [], "each": [] })),
            "access/align" => ("changes", json!({ "changes": self.changes, "held": null })),
            "review/list" => ("some", json!({ "choices": [], "items": [] })),
            "review/take" => ("done", json!({ "wishes": [], "grants": 0 })),
            "review/close" => ("kept", json!({})),
            "access/change" | "access/settle" | "approval/tell" | "review/begin" => ("done", json!({})),
            "access/again" => match next_turn(self.facts, self.walker.rules, self.now) {
                None => ("never", json!({})),
                Some(turn) => {
                    self.happens.push(Happens::Again { at: turn.at, event: turn.event.to_owned() });
                    ("set", json!({}))
                }
            },
            "evidence/seal" => {
                self.told(NoticeKind::RunSealed);
                ("done", json!({}))
            }
            // Whoever is asked says that it is done, so that what comes after it is seen too.
            human if human.starts_with("human/") => {
                self.happens.push(Happens::Asked { step: task.node.clone(), signal: human.to_owned() });
                let first = task.with.pointer("/outcomes/0").and_then(Json::as_str);
                (first.unwrap_or("done"), json!({}))
            }
            "lifecycle/wait-for" => {
                let signal = task.with.get("event").and_then(Json::as_str).unwrap_or_default().to_owned();
                self.happens.push(Happens::Asked { step: task.node.clone(), signal });
                ("came", json!({}))
            }
            other => {
                self.happens.push(Happens::Does { step: task.node.clone(), action: other.to_owned() });
                ("done", json!({}))
            }
        };
        let ending = Ending::Done { outcome: outcome.to_owned(), output };
        RunEvent::Ended { node: task.node, attempt: task.attempt, undo: task.undo, ending }
    }

    fn told(&mut self, kind: NoticeKind) {
        let by = |channel: &str| Happens::Told { kind: kind.word().to_owned(), channel: channel.to_owned() };
        let telling = self.walker.estate.notices.values().filter(|telling| telling.on == kind);
        let before = self.happens.len();
        self.happens.extend(telling.map(|telling| by(telling.channel.as_str())));
        if self.happens.len() == before {
            self.happens.push(by(crate::notices::write::LOG));
        }
    }
}

/// The next timer fires, and the clock of the imagined run is there.
fn next_due(timers: &mut BTreeMap<String, Timestamp>, now: &mut Timestamp) -> Option<RunEvent> {
    let node = timers.iter().min_by_key(|(_, due)| **due).map(|(node, _)| node.clone())?;
    let due = timers.remove(&node)?;
    *now = (*now).max(due);
    Some(RunEvent::Due { node })
}
