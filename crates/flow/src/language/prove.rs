//! What is refused because it would go wrong when it runs.
//!
//! Every outcome leads somewhere or ends on purpose; what a step reads is there when it reads it;
//! a secret goes to parameters for secrets alone; nothing is destroyed before time has passed or
//! a human has agreed. Loops cannot be written: a `forEach` is bounded by its list.

use std::collections::{BTreeMap, BTreeSet};

use tenure_policy::expression::words::nearest;

use super::act::BEFORE;
use super::fault::{FaultKind, Faults};
use super::lower::{Lowered, places};
use super::read::{Workflow, Written};
use super::{GIVEN, values};
use crate::graph::{Edge, Join};
use crate::kinds::{How, Kind};

/// Proves what can be told from the written steps alone.
pub(super) fn workflow(written: &Workflow, faults: &mut Faults) {
    let mut by_id: BTreeMap<&str, &Written> = BTreeMap::new();
    for step in &written.steps {
        if by_id.insert(&step.id, step).is_some() {
            let reason = format!("two steps are called `{}`", step.id);
            faults.add(&format!("{}/id", step.at), FaultKind::Twice, reason, "rename one of them");
        }
    }
    for step in &written.steps {
        for edge in &step.after {
            leads(step, edge, &by_id, faults);
        }
        together(step, faults);
        emitted(step, faults);
    }
    let taken: BTreeSet<(&str, Option<&str>)> = written
        .steps
        .iter()
        .flat_map(|step| &step.after)
        .map(|edge| (edge.step.as_str(), edge.outcome.as_deref()))
        .collect();
    for step in &written.steps {
        wired(step, &taken, faults);
    }
    guarded(written, &by_id, faults);
}

fn leads(step: &Written, edge: &Edge, by_id: &BTreeMap<&str, &Written>, faults: &mut Faults) {
    let at = format!("{}/after", step.at);
    let Some(before) = by_id.get(edge.step.as_str()) else {
        let hint = match nearest(&edge.step, by_id.keys().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "name a step of this workflow".to_owned(),
        };
        return faults.add(&at, FaultKind::NamesNothing, format!("there is no step `{}`", edge.step), hint);
    };
    let Some(outcome) = &edge.outcome else { return };
    let outcomes = before.nameable();
    if !outcomes.contains(outcome) {
        let hint = match nearest(outcome, outcomes.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{}.{near}`?", edge.step),
            None => format!(
                "it ends with {}",
                outcomes.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
            ),
        };
        let reason = format!("step `{}` never ends with `{outcome}`", edge.step);
        faults.add(&at, FaultKind::NamesNothing, reason, hint);
    }
}

/// How a request was decided is told by whoever decided it, and by nobody else.
fn emitted(step: &Written, faults: &mut Faults) {
    let event = step.with.get("event").and_then(serde_json::Value::as_str).unwrap_or_default();
    if step.kind.name == "lifecycle/emit" && event.starts_with("request.") {
        let reason = format!("`{event}` says how a request was decided, which only an approval can");
        let hint = "emit an event of your own, such as `custom.laptop-agreed`";
        faults.add(&format!("{}/with/event", step.at), FaultKind::Unsound, reason, hint);
    }
}

/// A step that waits for all of its edges must be able to get them.
fn together(step: &Written, faults: &mut Faults) {
    let mut named: BTreeMap<&str, BTreeSet<Option<&str>>> = BTreeMap::new();
    for edge in &step.after {
        named.entry(&edge.step).or_default().insert(edge.outcome.as_deref());
    }
    let torn = named.iter().find(|(_, outcomes)| outcomes.len() > 1).map(|(before, _)| *before);
    if let (Join::All, Some(before)) = (step.join, torn) {
        let reason = format!("`{before}` ends once, and this waits for several of its outcomes");
        faults.add(
            &format!("{}/join", step.at),
            FaultKind::Unsound,
            reason,
            "leave out `join: all`, or one of the edges",
        );
    }
}

/// Every outcome of a step that asks something leads on, or ends the run on purpose.
fn wired(step: &Written, taken: &BTreeSet<(&str, Option<&str>)>, faults: &mut Faults) {
    let outcomes = step.outcomes();
    for end in &step.ends {
        if !step.nameable().contains(end) {
            let reason = format!("step `{}` never ends with `{end}`", step.id);
            faults.add(&format!("{}/ends", step.at), FaultKind::NamesNothing, reason, "leave it out");
        }
    }
    if !step.asks() || taken.contains(&(step.id.as_str(), None)) {
        return;
    }
    // A run may well end with access that is as it should be.
    for outcome in outcomes.into_iter().filter(|outcome| outcome != "done" || !step.needs_approval()) {
        if !step.ends.contains(&outcome) && !taken.contains(&(step.id.as_str(), Some(outcome.as_str()))) {
            let reason = format!("nothing follows when step `{}` ends with `{outcome}`", step.id);
            let hint = format!(
                "let a step come `after: {}.{outcome}`, or write `ends: [{outcome}]` if the run may end there",
                step.id
            );
            faults.add(&step.at, FaultKind::Unsound, reason, hint);
        }
    }
}

/// On every way to a step that destroys something there is a wait or a human's word.
fn guarded(written: &Workflow, by_id: &BTreeMap<&str, &Written>, faults: &mut Faults) {
    let mut known: BTreeMap<String, bool> = BTreeMap::new();
    for step in written.steps.iter().filter(|step| step.kind.destroys()) {
        if !is_guarded(step, by_id, &mut known, &mut BTreeSet::new()) {
            let reason = format!("step `{}` destroys what cannot be made again, and nothing stands before it", step.id);
            let hint = "let it come after a `core/wait-until`, an `approval/ask` or a `human/task`";
            faults.add(&step.at, FaultKind::Unsound, reason, hint);
        }
    }
}

fn is_guarded(
    step: &Written,
    by_id: &BTreeMap<&str, &Written>,
    known: &mut BTreeMap<String, bool>,
    open: &mut BTreeSet<String>,
) -> bool {
    if let Some(found) = known.get(&step.id) {
        return *found;
    }
    if !open.insert(step.id.clone()) {
        return true;
    }
    let one = |edge: &Edge, known: &mut BTreeMap<String, bool>, open: &mut BTreeSet<String>| {
        let Some(before) = by_id.get(edge.step.as_str()) else { return true };
        let word = matches!(edge.outcome.as_deref(), Some("denied" | "refused" | "failed" | "timeout" | "skipped"));
        // Passing over a wait, or a no, is not a yes.
        (before.kind.guards() && before.when.is_none() && !word && edge_is_a_yes(before, edge))
            || is_guarded(before, by_id, known, open)
    };
    let found = match step.join {
        Join::All => step.after.iter().any(|edge| one(edge, known, open)),
        Join::AllThatCome | Join::Any | Join::AtLeast(_) => {
            !step.after.is_empty() && step.after.iter().all(|edge| one(edge, known, open))
        }
    };
    known.insert(step.id.clone(), found);
    found
}

/// Whether this edge is only taken after a wait was over or a human agreed.
fn edge_is_a_yes(before: &Written, edge: &Edge) -> bool {
    match before.kind.name {
        "approval/ask" => edge.outcome.as_deref() == Some("approved"),
        "human/task" | "core/wait-for" => edge.outcome.is_some(),
        _ => true,
    }
}

/// What comes before each step, directly or not.
pub(super) struct Ancestors {
    of: BTreeMap<String, BTreeSet<String>>,
}

impl Ancestors {
    /// Those of these steps, as far as they are read by others: only of steps that somebody reads.
    pub fn of(steps: &[Written]) -> Self {
        let by_id: BTreeMap<&str, &Written> = steps.iter().map(|step| (step.id.as_str(), step)).collect();
        let mut of = BTreeMap::new();
        for step in steps.iter().filter(|step| reads_steps(step)) {
            let mut seen: BTreeSet<String> = BTreeSet::new();
            let mut open: Vec<&str> = step.after.iter().map(|edge| edge.step.as_str()).collect();
            while let Some(id) = open.pop() {
                if seen.insert(id.to_owned()) {
                    open.extend(by_id.get(id).into_iter().flat_map(|step| &step.after).map(|edge| edge.step.as_str()));
                }
            }
            of.insert(step.id.clone(), seen);
        }
        Self { of }
    }

    fn has(&self, step: &str, before: &str) -> bool {
        self.of.get(step).is_some_and(|known| known.contains(before))
    }
}

/// Whether a step may read the result of another; told from its text, which is enough to be quick.
fn reads_steps(step: &Written) -> bool {
    if step.kind.how == How::TakeBack {
        return true;
    }
    let text = |value: &serde_json::Value| value.to_string().contains("steps");
    text(&step.with) || step.when.as_ref().is_some_and(text) || step.each.as_ref().is_some_and(|each| text(&each.over))
}

/// What a step looked at before it acted is over when the step is.
fn of_act<'a>(name: &'a str, written: &Workflow) -> &'a str {
    let acts = |id: &str| written.steps.iter().any(|step| step.id == id && step.kind.how == How::Act);
    let is_written = written.steps.iter().any(|step| step.id == name);
    name.strip_prefix(BEFORE).filter(|id| !is_written && acts(id)).unwrap_or(name)
}

/// What a step reads is there when it reads it, and no secret goes where it may be seen.
pub(super) fn reads(step: &Written, lowered: &Lowered, written: &Workflow, ancestors: &Ancestors, faults: &mut Faults) {
    let own: BTreeSet<&str> = lowered.steps.iter().map(|step| step.id.as_str()).collect();
    for place in places(&lowered.steps) {
        let (root, names) = &place;
        let first = names.first().map(|name| of_act(name, written));
        match (root.as_str(), first) {
            ("steps", Some(before)) if own.contains(before) || ancestors.has(&step.id, before) => {}
            ("steps", Some(before)) => {
                let known = written.steps.iter().any(|step| step.id == before);
                let reason = if known {
                    format!("step `{}` reads `{before}`, which need not be over by then", step.id)
                } else {
                    format!("step `{}` reads `{before}`, and there is no such step", step.id)
                };
                let hint = "let it come after that step, directly or not";
                faults.add(&step.at, FaultKind::Unsound, reason, hint);
            }
            ("input", Some(name))
                if !written.inputs.is_empty() && !GIVEN.contains(&name) && !written.inputs.contains_key(name) =>
            {
                let hint = match nearest(name, written.inputs.keys().map(String::as_str)) {
                    Some(near) => format!("did you mean `input.{near}`?"),
                    None => "add it to `inputs`".to_owned(),
                };
                faults.add(&step.at, FaultKind::NamesNothing, format!("there is no input `{name}`"), hint);
            }
            _ => {}
        }
    }
    secrets(step, lowered, written, faults);
}

fn secrets(step: &Written, lowered: &Lowered, written: &Workflow, faults: &mut Faults) {
    let refuse = |at: String, faults: &mut Faults| {
        let hint = "hand it only to a parameter for secrets; a text, a task or a URL is seen by others";
        faults.add(&at, FaultKind::Unsound, format!("step `{}` would show a secret", step.id), hint);
    };
    for part in &lowered.steps {
        for (name, value) in part.with.as_object().into_iter().flatten() {
            let mut found = BTreeSet::new();
            values::places(value, &mut found);
            let secret = found.iter().any(|place| values::is_secret(&written.inputs, place));
            if secret && !values::may_hold_secrets(step.kind, name) {
                refuse(format!("{}/with/{name}", step.at), faults);
            }
        }
        let when = places(std::slice::from_ref(&crate::graph::Step { with: serde_json::Value::Null, ..part.clone() }));
        if when.iter().any(|place| values::is_secret(&written.inputs, place)) {
            refuse(format!("{}/when", step.at), faults);
        }
    }
}

/// A parameter that this kind of step does not take.
pub(super) fn unknown_parameter(at: &str, name: &str, kind: &Kind, faults: &mut Faults) {
    let names: Vec<&str> = kind.takes.iter().map(|takes| takes.name).collect();
    let hint = match nearest(name, names.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if names.is_empty() => "it takes nothing".to_owned(),
        None => format!("it takes {}", names.join(", ")),
    };
    faults.add(at, FaultKind::UnknownKey, format!("`{}` takes no `{name}`", kind.name), hint);
}
