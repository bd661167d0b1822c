//! Which steps can begin, and what each core step means.
//!
//! `core/decide` picks an outcome; `core/wait-until` sleeps; `core/wait-for` listens for a
//! signal; `core/run` starts a run and waits for it; `core/each` does so for every item of a
//! set; `core/set` gives back its parameters; `core/fail` ends the run. Any other word is an
//! effect in the world.

use std::collections::BTreeSet;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value as Json, json};
use tenure_model::{Effect, RunId, Signal};

use crate::condition::{Cases, Scope, resolve};
use crate::decide::{Mind, short};
use crate::formula::Formula;
use crate::graph::{BadGraph, Edge, Graph, GraphText, Join, Step, Then, When};
use crate::limits;
use crate::moment::{Calendar, Moment, Span};
use crate::state::{Node, Record, RunState, Stop};

/// What `core/decide` takes.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct DecideWith {
    #[serde(default)]
    cases: Cases,
    /// The first of these that holds; asked before the cases.
    #[serde(default)]
    choose: Vec<Choice>,
    #[serde(default = "otherwise")]
    r#else: String,
}

/// An outcome, and the expression under which it is the one.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Choice {
    outcome: String,
    when: Formula,
}

fn otherwise() -> String {
    "else".to_owned()
}

/// What `core/wait-until` takes: one of the four.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct WaitUntilWith {
    until: Option<Timestamp>,
    for_ms: Option<u64>,
    /// A moment in words, such as `person.lastDay 18:00`.
    moment: Option<String>,
    r#for: Option<Span>,
    calendar: Option<Calendar>,
}

/// What `core/wait-for` takes.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct WaitForWith {
    signal: String,
    timeout_ms: Option<u64>,
    /// How long at most, by the calendar if it is a time of work.
    within: Option<Span>,
    calendar: Option<Calendar>,
    /// Answers that are outcomes of their own: what `outcome` in the signal may say.
    #[serde(default)]
    outcomes: Vec<String>,
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
    /// What every child is given besides its item.
    #[serde(default)]
    share: Json,
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
        "core/wait-until" => match step.with.get("moment").and_then(Json::as_str).map(str::parse::<Moment>) {
            Some(Err(wrong)) => Err(bad(wrong.to_string())),
            Some(Ok(_)) | None => Ok(()),
        },
        "core/wait-for" | "core/set" | "core/fail" => Ok(()),
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

/// Whether what happened leads to this step, or may have when it began: by its joins, with what is
/// still open left out of account.
pub(crate) fn follows(step: &Step, state: &RunState) -> bool {
    let taken = step.after.iter().filter(|edge| edge_state(edge, state) == Some(true)).count();
    let wanted = match step.join {
        _ if step.after.is_empty() => 0,
        Join::AllThatCome | Join::Any => 1,
        Join::All => step.after.len(),
        Join::AtLeast(count) => count as usize,
    };
    taken >= wanted
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
pub(crate) fn edge_state(edge: &Edge, state: &RunState) -> Option<bool> {
    match state.nodes.get(&edge.step) {
        Some(Node::Done { outcome, .. }) => Some(match &edge.outcome {
            Some(wanted) => wanted == outcome,
            None => outcome != "failed",
        }),
        Some(Node::Unreached | Node::Failed { .. }) => Some(false),
        _ => None,
    }
}

fn was_skipped(node: Option<&Node>) -> bool {
    matches!(node, Some(Node::Done { outcome, .. }) if outcome == "skipped")
}

fn begin(mind: &mut Mind<'_>, step: &Step) {
    // A step that may be passed over is so as well where the look at the person was.
    let looked = step.facts.as_ref().and_then(|look| mind.state.nodes.get(look));
    if step.on_error.then == Then::Skip && was_skipped(looked) {
        return mind.done(&step.id, "skipped", Json::Null);
    }
    let goes = match &step.when {
        None => Ok(true),
        Some(When::Condition(condition)) => Ok(condition.holds(mind.scope(step))),
        Some(When::Formula { formula }) => mind.scope(step).holds(formula),
    };
    match goes.and_then(|goes| if goes { set_deadline(mind, step).map(|()| true) } else { Ok(false) }) {
        Ok(true) => {}
        Ok(false) => return mind.done(&step.id, "skipped", Json::Null),
        Err(reason) => return block(mind, step, &reason),
    }
    let begun = match step.action.as_str() {
        "core/decide" => {
            decide_outcome(mind.scope(step), step).map(|outcome| mind.done(&step.id, &outcome, Json::Null))
        }
        "core/wait-until" => wait_until(mind, step),
        "core/wait-for" => wait_for(mind, step),
        "core/set" => resolve(&step.with, mind.scope(step)).map(|output| mind.done(&step.id, "done", output)),
        "core/fail" => resolve(&step.with, mind.scope(step)).map(|with| fail(mind, step, &with)),
        "core/run" => run_child(mind, step),
        "core/each" => run_each(mind, step),
        _ => resolve(&step.with, mind.scope(step)).map(|with| mind.act(step, 1, with, false)),
    };
    if let Err(reason) = begun {
        block(mind, step, &reason);
    }
}

fn block(mind: &mut Mind<'_>, step: &Step, reason: &str) {
    let blocked = Node::Blocked { reason: short(reason), attempt: 0, with: Json::Null, doubtful: false };
    mind.node(&step.id, blocked);
}

/// Notes until when the step must be over, once.
fn set_deadline(mind: &mut Mind<'_>, step: &Step) -> Result<(), String> {
    let Some(timeout) = step.timeout.filter(|_| !mind.state.deadlines.contains_key(&step.id)) else { return Ok(()) };
    let zone = mind.scope(step).zone();
    let at = timeout.after(mind.now, &zone, step.calendar.as_ref()).map_err(|bad| bad.to_string())?;
    mind.effects.push(Effect::SetTimer { node: deadline_node(&step.id), due: at });
    mind.note(Record::Deadline { id: step.id.clone(), at });
    Ok(())
}

/// The name of the timer that ends a step.
pub(crate) fn deadline_node(id: &str) -> String {
    format!("{id}!")
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
    for choice in &with.choose {
        if scope.holds(&choice.when)? {
            return Ok(choice.outcome.clone());
        }
    }
    let holds = with.cases.iter().find(|(_, condition)| condition.holds(scope));
    Ok(holds.map_or(with.r#else, |(outcome, _)| outcome.clone()))
}

fn wait_until(mind: &mut Mind<'_>, step: &Step) -> Result<(), String> {
    let scope = mind.scope(step);
    let with: WaitUntilWith = read(&resolve(&step.with, scope)?)?;
    let calendar = with.calendar.as_ref();
    let until = match (with.until, with.for_ms, with.moment, with.r#for) {
        (Some(until), None, None, None) => Ok(until),
        (None, Some(span), None, None) => Ok(after_ms(mind.now, span)),
        (None, None, Some(moment), None) => moment.parse().and_then(|moment: Moment| moment.at(&scope, calendar)),
        (None, None, None, Some(span)) => span.after(mind.now, &scope.zone(), calendar),
        _ => return Err("give one of `until`, `moment`, `for` and `forMs`".to_owned()),
    };
    let until = until.map_err(|bad| bad.to_string())?;
    if until <= mind.now {
        mind.done(&step.id, "due", Json::Null);
    } else {
        mind.node(&step.id, Node::Sleeping { until });
    }
    Ok(())
}

fn wait_for(mind: &mut Mind<'_>, step: &Step) -> Result<(), String> {
    let with: WaitForWith = read(&resolve(&step.with, mind.scope(step))?)?;
    let fits = |(place, kept): (usize, &Signal)| {
        let output = signal_output(kept);
        answer(step, &output).filter(|_| kept.name == with.signal).map(|outcome| (place, outcome, output))
    };
    if let Some((place, outcome, output)) = mind.state.kept.iter().enumerate().find_map(fits) {
        mind.note(Record::SignalUsed { place });
        mind.done(&step.id, &outcome, output);
        return Ok(());
    }
    let until = match (with.within, with.timeout_ms) {
        (Some(span), _) => {
            let zone: TimeZone = mind.scope(step).zone();
            Some(span.after(mind.now, &zone, with.calendar.as_ref()).map_err(|bad| bad.to_string())?)
        }
        (None, span) => span.map(|span| after_ms(mind.now, span)),
    };
    mind.node(&step.id, Node::Listening { signal: with.signal, until });
    Ok(())
}

/// The outcome that a signal comes to. A step that knows its answers takes no other.
pub(crate) fn answer(step: &Step, output: &Json) -> Option<String> {
    let known = read::<WaitForWith>(&step.with).map(|with| with.outcomes).unwrap_or_default();
    if known.is_empty() {
        return Some("received".to_owned());
    }
    let said = output.pointer("/body/outcome").and_then(Json::as_str)?;
    known.iter().any(|outcome| outcome == said).then(|| said.to_owned())
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
    let input = resolve(&with.input, mind.scope(step))?;
    become_parent(mind, step, vec![input]);
    Ok(())
}

fn run_each(mind: &mut Mind<'_>, step: &Step) -> Result<(), String> {
    let with: ChildrenWith = read(&step.with)?;
    let Json::Array(items) = resolve_items(&with.over, mind.scope(step))? else {
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
    match (over.get("$").and_then(Json::as_str), over.get("=").and_then(Json::as_str)) {
        (Some(place), _) => match (scope.at(place), over.get("else")) {
            (Some(found), _) => Ok(found),
            (None, Some(otherwise)) => resolve_items(otherwise, scope),
            (None, None) => Err(format!("there is nothing at `{place}`")),
        },
        (None, Some(formula)) => scope.value(formula),
        (None, None) => Ok(over.clone()),
    }
}

fn become_parent(mind: &mut Mind<'_>, step: &Step, items: Vec<Json>) {
    let total = u32::try_from(items.len()).unwrap_or(u32::MAX);
    mind.node(
        &step.id,
        Node::Parent {
            total,
            asked: 0,
            open: BTreeSet::new(),
            well: 0,
            badly: 0,
            items: Json::Array(items),
            output: Json::Null,
        },
    );
    ask_children(mind, step);
}

/// Starts as many children as may be open at once.
fn ask_children(mind: &mut Mind<'_>, step: &Step) {
    let Ok(with) = read::<ChildrenWith>(&step.with) else { return };
    let graph = serde_json::to_value(&with.graph).unwrap_or(Json::Null);
    // It was found good when the step began; what it reads does not change.
    let share = resolve(&with.share, mind.scope(step)).unwrap_or(Json::Null);
    while let Some(Node::Parent { total, asked, open, items, .. }) = mind.state.nodes.get(&step.id) {
        if asked >= total || open.len() >= with.at_once as usize {
            return;
        }
        let iteration = *asked;
        let item = items.get(iteration as usize).cloned().unwrap_or(Json::Null);
        let input = match &share {
            Json::Object(shared) => {
                let mut input = shared.clone();
                input.insert("item".to_owned(), item);
                Json::Object(input)
            }
            _ => item,
        };
        mind.note(Record::ChildAsked { id: step.id.clone(), iteration });
        let node = child_node(&step.id, iteration);
        mind.effects.push(Effect::StartChild { node, graph: graph.clone(), input });
    }
}

/// A child of a step closed.
pub(crate) fn child_closed(mind: &mut Mind<'_>, node: &str, child: RunId, well: bool, output: &Json) {
    let Some((id, iteration)) = parse_child_node(node) else { return };
    let Some(step) = mind.graph.step(id) else { return };
    match mind.state.nodes.get(id) {
        Some(Node::Parent { open, .. }) if open.contains(&iteration) => {}
        _ => return,
    }
    // What the only child gave back is what its step gives back; of many, only the count is kept.
    let output = if step.action == "core/run" { output.clone() } else { Json::Null };
    mind.note(Record::ChildClosed { id: id.to_owned(), iteration, child, well, output });
    if mind.state.stop.is_none() {
        ask_children(mind, step);
    }
    let Some(Node::Parent { total, asked, open, well, badly, output, .. }) = mind.state.nodes.get(id).cloned() else {
        return;
    };
    let all_asked = asked >= total || mind.state.stop.is_some();
    if open.is_empty() && all_asked {
        children_over(mind, step, (well, badly), output);
    }
}

fn children_over(mind: &mut Mind<'_>, step: &Step, (well, badly): (u32, u32), given: Json) {
    let failures_max = read::<ChildrenWith>(&step.with).map_or(0, |with| with.failures_max);
    let mut output = json!({ "well": well, "badly": badly });
    if let (Some(fields), false) = (output.as_object_mut(), given.is_null()) {
        fields.insert("output".to_owned(), given);
    }
    if badly <= failures_max {
        mind.done(&step.id, "done", output);
    } else if mind.graph.routes_failure_of(&step.id) {
        mind.done(&step.id, "failed", output);
    } else if step.on_error.then == Then::Skip {
        mind.done(&step.id, "skipped", output);
    } else {
        let reason = format!("{badly} of {} went wrong; at most {failures_max} may", well + badly);
        // Those that went well have done something, and those that did not may have.
        mind.node(&step.id, Node::Failed { reason: reason.clone(), doubtful: step.compensate.is_some() });
        let undo = step.on_error.then == Then::Compensate;
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
