//! What taking back a run that is over comes to: the same that it would have taken back itself, had it
//! been stopped, as the steps of another run.

use jiff::Timestamp;
use serde_json::{Value as Json, json};

use crate::decide::short;
use crate::graph::{Compensate, Graph, GraphText, OnError, Reversibility, Step, Then};
use crate::kinds::Kind;
use crate::language::{CHANGES, SETTLE, edge, plain};
use crate::state::{Node, RunState};
use crate::undo::{IRREVERSIBLE, UNSAID, Way, may_have_effect};

/// What can be taken back of a run, and what cannot.
#[derive(Debug, Clone, PartialEq)]
pub struct TakeBack {
    /// The last step first.
    pub steps: Vec<Back>,
    /// What stays as it is, the last step first.
    pub left: Vec<Left>,
}

/// A step that is taken back.
#[derive(Debug, Clone, PartialEq)]
pub struct Back {
    /// Which step.
    pub node: String,
    /// By what.
    pub action: String,
    /// How far it can be.
    pub class: Reversibility,
    /// With what.
    pub with: Json,
    on_error: OnError,
}

/// A step whose effect stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    /// Which step.
    pub node: String,
    /// Why.
    pub reason: String,
}

impl TakeBack {
    /// Of this run, as it stands.
    pub fn of(graph: &Graph, state: &RunState, now: Timestamp) -> Self {
        let mut found = Self { steps: Vec::new(), left: Vec::new() };
        for id in state.order.iter().rev().filter(|id| may_have_effect(graph, state, id)) {
            let Some(step) = graph.step(id) else { continue };
            match Way::of(step, graph.scope(step, state, now)) {
                Way::By(how, with) => found.steps.push(back(step, how, with)),
                Way::Irreversible => found.leave(id, IRREVERSIBLE),
                Way::Unknown(why) => found.leave(id, &short(&why)),
                Way::Unsaid => {
                    if let Some(why) = why_left(graph, step) {
                        found.leave(id, why);
                    }
                }
            }
        }
        // What was left or taken back before is over: it says so itself.
        for (id, node) in &state.nodes {
            if let Node::Left { reason } = node {
                found.leave(id, reason);
            }
        }
        found
    }

    fn leave(&mut self, node: &str, reason: &str) {
        self.left.push(Left { node: node.to_owned(), reason: reason.to_owned() });
    }

    /// The graph that takes it back, one step behind the other. What each is given is in the input of
    /// the run, at `/back/` and the place of the step.
    pub fn graph(&self, name: &str) -> GraphText {
        let mut steps: Vec<Step> = Vec::with_capacity(self.steps.len());
        for (place, back) in self.steps.iter().enumerate() {
            let after = steps.last().map(|before| edge(&before.id, None));
            steps.push(Step {
                after: after.into_iter().collect(),
                on_error: OnError { then: Then::Ask, ..back.on_error.clone() },
                ..plain(&back.node, &back.action, json!({ "$": format!("/input/back/{place}") }))
            });
        }
        GraphText { name: name.to_owned(), steps, output: None }
    }

    /// What its steps are given, in order.
    pub fn given(&self) -> Vec<Json> {
        self.steps.iter().map(|back| back.with.clone()).collect()
    }
}

fn back(step: &Step, how: &Compensate, with: Json) -> Back {
    let (node, action) = (step.id.clone(), how.action.clone());
    Back { node, action, class: how.class, with, on_error: step.on_error.clone() }
}

/// Whether it makes the changes of a step that settles what policy says, which speaks for both.
fn is_part_of_settling(graph: &Graph, id: &str) -> bool {
    let Some(whole) = id.strip_prefix(CHANGES) else { return false };
    let own = [whole.to_owned(), format!("{SETTLE}{whole}")];
    own.iter().filter_map(|id| graph.step(id)).any(|step| step.action == "access/settle")
}

/// Whether it takes back what an earlier step let a system do.
fn takes_back(step: &Step) -> bool {
    step.with.pointer("/graph/name").and_then(Json::as_str) == Some("connector/take-back")
}

/// Why a step that nobody said how to take back leaves something behind, if it does.
fn why_left(graph: &Graph, step: &Step) -> Option<&'static str> {
    match step.action.as_str() {
        "access/settle" => Some("what follows from policy is decided again by policy"),
        "core/each" if is_part_of_settling(graph, &step.id) => None,
        "core/each" if takes_back(step) => Some("it took back what an earlier step did"),
        "core/run" | "core/each" => Some("it started runs of their own; take those back by themselves"),
        action => Kind::named(action).and_then(|kind| kind.changes).map(|_| UNSAID),
    }
}
