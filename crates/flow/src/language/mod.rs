//! Workflows as people write them, and what they come to: a graph that the engine can run.
//!
//! [`compile`] reads the body of a workflow document, proves of it what can be proved, and lowers
//! it: a step that is written is one or several steps of the graph. Every fault is told at once,
//! each with its place. Read on in `read` (what is written), `lower` (what it becomes), `prove`
//! (what is refused because it would go wrong).

mod act;
mod align;
mod approval;
mod ask;
mod fault;
mod lower;
mod prove;
mod read;
mod review;
#[cfg(test)]
mod tests;
mod trigger;
mod values;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::Value as Json;

pub use approval::{Approval, Need, Stage};
pub use ask::asks_for;
pub use fault::{Fault, FaultKind};
pub(crate) use lower::{CHANGES, SETTLE, edge, plain};
pub use trigger::Trigger;
pub use values::reference;

use crate::graph::{BadGraph, Graph, GraphText};
use crate::kinds::Form;
use crate::limits;
use crate::moment::Calendar;
use fault::Faults;

/// What a workflow may name.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// Calendars by name.
    pub calendars: BTreeMap<String, Calendar>,
    /// Approvals by name.
    pub approvals: BTreeMap<String, Approval>,
    /// Workflows that were compiled before, by name.
    pub workflows: BTreeMap<String, GraphText>,
    /// Notices that a workflow can send.
    pub notices: BTreeSet<String>,
    /// Connected systems that take accounts.
    pub systems: BTreeSet<String>,
}

/// A workflow that was found good.
#[derive(Debug, Clone, PartialEq)]
pub struct Compiled {
    /// What the engine runs.
    pub graph: GraphText,
    /// What starts it.
    pub triggers: Vec<Trigger>,
    /// Whether its runs wait for their turn among all that changes the person's access.
    pub lane: Lane,
    /// What it must be given, besides the person.
    pub inputs: BTreeMap<String, Input>,
    /// Events that end an open run of it: what it waits for will not come any more.
    pub cancel_on: BTreeSet<String>,
    /// How often it may begin before a human is asked; the usual if nothing is said.
    pub breaker: Option<Breaker>,
}

/// How often a workflow may begin within some time before a human is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Breaker {
    /// So many times.
    pub starts: u64,
    /// Within so long.
    pub within: Duration,
}

/// With whom the runs of a workflow queue up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    /// With everything that changes the person's access; the newest takes the place of older ones.
    Person,
    /// With nobody but earlier runs of the same workflow for the same person.
    Own,
}

/// Something that a workflow must be given.
#[derive(Debug, Clone, PartialEq)]
pub struct Input {
    /// What is given.
    pub kind: InputKind,
    /// What is taken if nothing is given.
    pub default: Option<Json>,
}

/// What is given to a workflow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InputKind {
    /// A text.
    Text,
    /// A whole number.
    Number,
    /// Yes or no.
    Flag,
    /// A day.
    Date,
    /// A list.
    List,
    /// Where a secret is kept. It may go nowhere but to a parameter for secrets.
    Secret,
}

/// Words of the input that every run has.
pub(crate) const GIVEN: [&str; 7] = ["person", "event", "because", "at", "changed", "item", "body"];

/// Compiles the body of a workflow document.
pub fn compile(name: &str, spec: &Json, known: &Known) -> Result<Compiled, Vec<Fault>> {
    let mut faults = Faults::default();
    let Some(written) = read::workflow(spec, &mut faults) else { return Err(faults.into_sorted()) };
    prove::workflow(&written, &mut faults);
    if written.lane == Some(Lane::Person) && written.reviews() {
        let reason = "a review waits for days, and in the lane of the person for what waits behind it";
        faults.add("/lane", FaultKind::Unsound, reason, "write `lane: own`, or leave it out");
    }
    let graph = lower::workflow(name, &written, known, &mut faults);
    if faults.is_empty() {
        match Graph::compile(graph.clone()) {
            Ok(_) => {}
            Err(bad) => faults.add(&place_of(&bad, &written), FaultKind::Unsound, &bad, hint_for(&bad)),
        }
    }
    if !faults.is_empty() {
        return Err(faults.into_sorted());
    }
    let usual = if written.changes_access() && !written.reviews() { Lane::Person } else { Lane::Own };
    let lane = written.lane.unwrap_or(usual);
    let read::Workflow { triggers, inputs, cancel_on, breaker, .. } = written;
    Ok(Compiled { graph, triggers, lane, inputs, cancel_on, breaker })
}

/// Where the step stands that a graph complains of.
fn place_of(bad: &BadGraph, written: &read::Workflow) -> String {
    let step = match bad {
        BadGraph::Twice(step) | BadGraph::Nowhere { step, .. } | BadGraph::Step { step, .. } => step.as_str(),
        BadGraph::Loop(steps) => steps.first().map_or("", String::as_str),
        BadGraph::Unreadable(_) | BadGraph::TooLarge { .. } => "",
    };
    let found = written.steps.iter().find(|known| known.id == step || step.ends_with(&format!("-{}", known.id)));
    found.map_or_else(|| "/steps".to_owned(), |step| step.at.clone())
}

fn hint_for(bad: &BadGraph) -> &'static str {
    match bad {
        BadGraph::Loop(_) => "take one of the edges away; what is to happen several times is a `forEach`",
        BadGraph::TooLarge { .. } => "move a part of it into a workflow of its own and use `core/run`",
        BadGraph::Unreadable(_) | BadGraph::Twice(_) | BadGraph::Nowhere { .. } | BadGraph::Step { .. } => {
            "correct this step"
        }
    }
}

/// The word for a form, for messages.
pub(crate) fn form_word(form: Form) -> &'static str {
    match form {
        Form::Text => "text",
        Form::Template => "text, with `{{ … }}` for values",
        Form::Formula => "an expression such as `person.department == \"Finance\"`",
        Form::Number => "a whole number",
        Form::Flag => "`true` or `false`",
        Form::Span => "a length of time such as `2h` or `5bd`",
        Form::Moment => "a moment such as `person.lastDay 18:00`",
        Form::Names => "a name, or a list of names",
        Form::Map => "keys and values",
        Form::Any => "a value",
        Form::Calendar => "the name of a calendar",
        Form::Workflow => "the name of a workflow",
        Form::Approval => "the name of an approval",
        Form::Secret => "where the secret is kept, such as `file:pass.txt`",
    }
}

/// More steps than may be written.
pub(crate) fn too_many(count: usize) -> Option<String> {
    (count > limits::STEPS_WRITTEN_MAX)
        .then(|| format!("there are {count} steps; at most {} are allowed", limits::STEPS_WRITTEN_MAX))
}
