//! Which steps can begin, and what each core step means.
//!
//! `core/decide` picks an outcome; `core/wait-until` sleeps; `core/wait-for` listens for a
//! signal; `core/run` starts a run and waits for it; `core/each` does so for every item of a
//! set; `core/set` gives back its parameters; `core/fail` ends the run. Any other word is an
//! effect in the world.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value as Json, json};
use tenure_model::{Effect, RunId, Signal};

use crate::condition::{Cases, Scope, resolve};
use crate::decide::{Mind, short};
use crate::graph::{BadGraph, Edge, Graph, GraphText, Join, Step};
use crate::limits;
use crate::state::{Node, Record, RunState, Stop};

/// What `core/decide` takes.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct DecideWith {
    cases: Cases,
    #[serde(default = "otherwise")]
    r#else: String,
}

fn otherwise() -> String {
    "else".to_owned()
}

/// What `core/wait-until` takes: one of the two.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct WaitUntilWith {
    until: Option<Timestamp>,
    for_ms: Option<u64>,
}

/// What `core/wait-for` takes.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct WaitForWith {
    signal: String,
    timeout_ms: Option<u64>,
}

/// What `core/run` and `core/each` take, before references are resolved.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ChildrenWith {
    graph: GraphText,
    #[serde(default)]
    input: Json,
    #[serde(default)]
    over: Json,
    #[serde(default = "one")]
    at_once: u32,
    /// With more failures than this, the step itself goes wrong.
    #[serde(default)]
    failures_max: u32,
}

fn one() -> u32 {
    1
}

/// Checks the words of a step when a graph is compiled.
pub(crate) fn check(step: &Step, depth: usize) -> Result<(), BadGraph> {
    let bad = |reason: String| BadGraph::Step { step: step.id.clone(), reason };
    if step.on_error.retry >= limits::ATTEMPTS_MAX {
        return Err(bad(format!("retries {} times; at most {}", step.on_error.retry, limits::ATTEMPTS_MAX - 1)));
    }
    match step.action.as_str() {
        "core/decide" => read::<DecideWith>(&step.with).map(drop).map_err(bad),
        "core/run" | "core/each" => {
            let with: ChildrenWith = read(&step.with).map_err(bad)?;
            if with.at_once == 0 || with.at_once > limits::EACH_AT_ONCE_MAX {
                return Err(bad(format!("`atOnce` is {}; 1 to {}", with.at_once, limits::EACH_AT_ONCE_MAX)));
            }
            Graph::compile_at(with.graph, depth + 1).map(drop).map_err(|inner| bad(format!("within it, {inner}")))
        }
        "core/wait-until" | "core/wait-for" | "core/set" | "core/fail" => Ok(()),
        other if other.starts_with("core/") => Err(bad(format!("`{other}` is not a core step"))),
        other if other.split_once('/').is_some_and(|(noun, verb)| !noun.is_empty() && !verb.is_empty()) => Ok(()),
        other => Err(bad(format!("`{other}` is not an action; write `noun/verb`"))),
    }
}

/// Begins every step that can begin, and marks those that no edge can reach any more.
pub(crate) fn ready_steps(mind: &mut Mind<'_>) {
    let graph = mind.graph;
    for step in graph.in_order() {
        if mind.state.stop.is_some() {
            return;
        }
        if mind.state.nodes.contains_key(&step.id) {
            continue;
        }
        match readiness(step, &mind.state) {
            Readiness::NotYet => {}
            Readiness::Never => mind.node(&step.id, Node::Unreached),
            Readiness::Now => begin(mind, step),
        }
    }
}

enum Readiness {
    Now,
    NotYet,
    Never,
}

fn readiness(step: &Step, state: &RunState) -> Readiness {
    let (mut taken, mut dead, mut open) = (0usize, 0usize, 0usize);
    for edge in &step.after {
        match edge_state(edge, state) {
            Some(true) => taken += 1,
            Some(false) => dead += 1,
            None => open += 1,
        }
    }
    let wanted = match step.join {
        _ if step.after.is_empty() => return Readiness::Now,
        Join::AllThatCome if open > 0 => return Readiness::NotYet,
        Join::AllThatCome | Join::Any => 1,
        Join::All if dead > 0 => return Readiness::Never,
        Join::All => step.after.len(),
        Join::AtLeast(count) => count as usize,
    };
    if taken >= wanted {
        Readiness::Now
    } else if taken + open < wanted {
        Readiness::Never
    } else {
        Readiness::NotYet
    }
}

/// Whether an edge was taken, can no longer be, or is still open.
fn edge_state(edge: &Edge, state: &RunState) -> Option<bool> {
    match state.nodes.get(&edge.step) {
        Some(Node::Done { outcome, .. }) => Some(match &edge.outcome {
            Some(wanted) => wanted == outcome,
            None => outcome != "failed",
        }),
        Some(Node::Unreached | Node::Failed { .. }) => Some(false),
        _ => None,
    }
}

fn begin(mind: &mut Mind<'_>, step: &Step) {
    if step.when.as_ref().is_some_and(|condition| !condition.holds(mind.scope())) {
        return mind.done(&step.id, "skipped", Json::Null);
    }
    let begun = match step.action.as_str() {
        "core/decide" => decide_outcome(mind.scope(), step).map(|outcome| mind.done(&step.id, &outcome, Json::Null)),
        "core/wait-until" => wait_until(mind, step),
        "core/wait-for" => wait_for(mind, step),
        "core/set" => resolve(&step.with, mind.scope()).map(|output| mind.done(&step.id, "done", output)),
        "core/fail" => resolve(&step.with, mind.scope()).map(|with| fail(mind, step, &with)),
        "core/run" => run_child(mind, step),
        "core/each" => run_each(mind, step),
        _ => resolve(&step.with, mind.scope()).map(|with| mind.act(step, 1, with, false)),
    };
    if let Err(reason) = begun {
        let blocked = Node::Blocked { reason: short(&reason), attempt: 0, with: Json::Null, doubtful: false };
        mind.node(&step.id, blocked);
    }
}

/// Tries a blocked or waiting step again.
pub(crate) fn again(mind: &mut Mind<'_>, step: &Step, attempt: u32, with: Json, doubtful: bool) {
    if attempt == 0 {
        begin(mind, step);
    } else {
        mind.act(step, attempt + 1, with, doubtful);
    }
}

fn decide_outcome(scope: Scope<'_>, step: &Step) -> Result<String, String> {
    let with: DecideWith = read(&step.with)?;
    let holds = with.cases.iter().find(|(_, condition)| condition.holds(scope));
    Ok(holds.map_or(with.r#else, |(outcome, _)| outcome.clone()))
}

fn wait_until(mind: &mut Mind<'_>, step: &Step) -> Result<(), String> {
    let with: WaitUntilWith = read(&resolve(&step.with, mind.scope())?)?;
    let until = match (with.until, with.for_ms) {
        (Some(until), None) => until,
        (None, Some(span)) => after_ms(mind.now, span),
        _ => return Err("give either `until` or `forMs`".to_owned()),
    };
    if until <= mind.now {
        mind.done(&step.id, "due", Json::Null);
    } else {
        mind.node(&step.id, Node::Sleeping { until });
    }
    Ok(())
}

fn wait_for(mind: &mut Mind<'_>, step: &Step) -> Result<(), String> {
    let with: WaitForWith = read(&resolve(&step.with, mind.scope())?)?;
    if let Some(place) = mind.state.kept.iter().position(|kept| kept.name == with.signal) {
        let output = mind.state.kept.get(place).map_or(Json::Null, signal_output);
        mind.note(Record::SignalUsed { place });
        mind.done(&step.id, "received", output);
        return Ok(());
    }
    let until = with.timeout_ms.map(|span| after_ms(mind.now, span));
    mind.node(&step.id, Node::Listening { signal: with.signal, until });
    Ok(())
}

fn fail(mind: &mut Mind<'_>, step: &Step, with: &Json) {
    let reason = with.get("reason").and_then(Json::as_str).unwrap_or("the workflow says so").to_owned();
    let undo = with.get("undo").and_then(Json::as_bool).unwrap_or(false);
    mind.node(&step.id, Node::Failed { reason: short(&reason), doubtful: false });
    mind.stop(&step.id, &format!("step `{}`: {reason}", step.id), undo, true);
}

/// What came with a signal, and who sent it.
pub(crate) fn signal_output(signal: &Signal) -> Json {
    json!({ "by": signal.by, "body": signal.body })
}

fn run_child(mind: &mut Mind<'_>, step: &Step) -> Result<(), String> {
    let with: ChildrenWith = read(&step.with)?;
    let input = resolve(&with.input, mind.scope())?;
    become_parent(mind, step, vec![input]);
    Ok(())
}

fn run_each(mind: &mut Mind<'_>, step: &Step) -> Result<(), String> {
    let with: ChildrenWith = read(&step.with)?;
    let Json::Array(items) = resolve_items(&with.over, mind.scope())? else {
        return Err("`over` is not a list".to_owned());
    };
    if items.len() > limits::EACH_ITEMS_MAX {
        return Err(format!("`over` has {} items; at most {}", items.len(), limits::EACH_ITEMS_MAX));
    }
    if items.is_empty() {
        mind.done(&step.id, "done", json!({ "well": 0, "badly": 0 }));
    } else {
        become_parent(mind, step, items);
    }
    Ok(())
}

fn resolve_items(over: &Json, scope: Scope<'_>) -> Result<Json, String> {
    match over.get("$").and_then(Json::as_str) {
        Some(place) => scope.at(place).ok_or_else(|| format!("there is nothing at `{place}`")),
        None => Ok(over.clone()),
    }
}

fn become_parent(mind: &mut Mind<'_>, step: &Step, items: Vec<Json>) {
    let total = u32::try_from(items.len()).unwrap_or(u32::MAX);
    mind.node(
        &step.id,
        Node::Parent { total, asked: 0, open: BTreeSet::new(), well: 0, badly: 0, items: Json::Array(items) },
    );
    ask_children(mind, step);
}

/// Starts as many children as may be open at once.
fn ask_children(mind: &mut Mind<'_>, step: &Step) {
    let Ok(with) = read::<ChildrenWith>(&step.with) else { return };
    let graph = serde_json::to_value(&with.graph).unwrap_or(Json::Null);
    while let Some(Node::Parent { total, asked, open, items, .. }) = mind.state.nodes.get(&step.id) {
        if asked >= total || open.len() >= with.at_once as usize {
            return;
        }
        let iteration = *asked;
        let input = items.get(iteration as usize).cloned().unwrap_or(Json::Null);
        mind.note(Record::ChildAsked { id: step.id.clone(), iteration });
        let node = child_node(&step.id, iteration);
        mind.effects.push(Effect::StartChild { node, graph: graph.clone(), input });
    }
}

/// A child of a step closed.
pub(crate) fn child_closed(mind: &mut Mind<'_>, node: &str, child: RunId, well: bool) {
    let Some((id, iteration)) = parse_child_node(node) else { return };
    let Some(step) = mind.graph.step(id) else { return };
    match mind.state.nodes.get(id) {
        Some(Node::Parent { open, .. }) if open.contains(&iteration) => {}
        _ => return,
    }
    mind.note(Record::ChildClosed { id: id.to_owned(), iteration, child, well });
    if mind.state.stop.is_none() {
        ask_children(mind, step);
    }
    let Some(Node::Parent { total, asked, open, well, badly, .. }) = mind.state.nodes.get(id).cloned() else { return };
    let all_asked = asked >= total || mind.state.stop.is_some();
    if open.is_empty() && all_asked {
        children_over(mind, step, well, badly);
    }
}

fn children_over(mind: &mut Mind<'_>, step: &Step, well: u32, badly: u32) {
    let failures_max = read::<ChildrenWith>(&step.with).map_or(0, |with| with.failures_max);
    let output = json!({ "well": well, "badly": badly });
    if badly <= failures_max {
        mind.done(&step.id, "done", output);
    } else if mind.graph.routes_failure_of(&step.id) {
        mind.done(&step.id, "failed", output);
    } else {
        let reason = format!("{badly} of {} went wrong; at most {failures_max} may", well + badly);
        mind.node(&step.id, Node::Failed { reason: reason.clone(), doubtful: false });
        let undo = step.on_error.then == crate::graph::Then::Compensate;
        mind.stop(&step.id, &format!("step `{}`: {reason}", step.id), undo, true);
    }
}

/// Tells the open children of a step to stop; a parent without open children is over.
pub(crate) fn stop_children(mind: &mut Mind<'_>, id: &str, open: &BTreeSet<u32>, stop: Option<&Stop>) {
    if open.is_empty() {
        mind.node(id, Node::Unreached);
        return;
    }
    let (reason, undo) = stop.map_or((String::new(), false), |stop| (stop.reason.clone(), stop.undo));
    for iteration in open {
        let node = child_node(id, *iteration);
        mind.effects.push(Effect::CancelChild { node, reason: reason.clone(), undo });
    }
}

fn child_node(id: &str, iteration: u32) -> String {
    format!("{id}#{iteration}")
}

fn parse_child_node(node: &str) -> Option<(&str, u32)> {
    let (id, iteration) = node.split_once('#')?;
    Some((id, iteration.parse().ok()?))
}

fn after_ms(now: Timestamp, span: u64) -> Timestamp {
    let span = SignedDuration::from_millis(i64::try_from(span).unwrap_or(i64::MAX));
    now.checked_add(span).unwrap_or(Timestamp::MAX)
}

fn read<T: for<'de> Deserialize<'de>>(with: &Json) -> Result<T, String> {
    T::deserialize(with).map_err(|error| format!("its parameters: {error}"))
}
