//! Whether a run that is under way can go on by another version of its workflow.
//!
//! It can if its past is one that the other version could have had: every step that something
//! happened to is there, does the same and still follows from what happened, and nothing that was
//! never done lies before something that was.

use std::collections::BTreeSet;

use crate::graph::{Graph, Step};
use crate::limits::MISFITS_MAX;
use crate::start::follows;
use crate::state::{Node, Phase, RunState};

/// Why a run cannot go on by `to`; nothing if it can.
pub fn misfits(from: &Graph, to: &Graph, state: &RunState) -> Vec<String> {
    match state.phase {
        Phase::New => return Vec::new(),
        Phase::Open if state.stop.is_none() => {}
        Phase::Open | Phase::Undoing => return vec!["it is about to stop".to_owned()],
        Phase::Done | Phase::Failed | Phase::Cancelled => return vec!["it is over".to_owned()],
    }
    let begun: Vec<&String> =
        state.nodes.iter().filter(|(_, node)| **node != Node::Unreached).map(|(id, _)| id).collect();
    let mut reasons: Vec<String> = begun.iter().filter_map(|id| step_misfit(from, to, state, id)).collect();
    let before = before_any(to, &begun);
    let new = before.iter().filter(|(id, _)| !state.nodes.contains_key(*id));
    reasons.extend(new.map(|(id, behind)| format!("`{id}` was never done, and `{behind}` behind it was begun")));
    reasons.truncate(MISFITS_MAX);
    reasons
}

fn step_misfit(from: &Graph, to: &Graph, state: &RunState, id: &str) -> Option<String> {
    let Some(step) = to.step(id) else {
        return Some(format!("`{id}` was begun, and is not there any more"));
    };
    let was = from.step(id).map(|step| step.action.as_str());
    if was != Some(step.action.as_str()) {
        return Some(format!("`{id}` was begun as `{}`, and is `{}` there", was.unwrap_or("nothing"), step.action));
    }
    (!follows(step, state)).then(|| format!("`{id}` was begun, and does not follow there from what happened"))
}

/// Each step that lies before one of those that were begun, with that one.
fn before_any<'g>(graph: &'g Graph, begun: &[&'g String]) -> BTreeSet<(&'g str, &'g str)> {
    let mut known: BTreeSet<&str> = BTreeSet::new();
    let mut found = BTreeSet::new();
    for behind in begun {
        let mut open: Vec<&Step> = graph.step(behind).into_iter().collect();
        while let Some(step) = open.pop() {
            for edge in &step.after {
                if known.insert(&edge.step) {
                    found.insert((edge.step.as_str(), behind.as_str()));
                    open.extend(graph.step(&edge.step));
                }
            }
        }
    }
    found
}
