//! Graphs: what is refused when they are read, and what events come to when they run.
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may fail")]

mod moves;
mod redrafted;
mod written;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};
use tenure_flow::{BadGraph, Graph, Node, Phase, RunState, decide, evolve, standing, waits};
use tenure_model::{Effect, Ending, RefusalClass, RunEvent, Signal, Task};

fn now() -> Timestamp {
    "2026-11-21T09:00:00Z".parse().unwrap()
}

fn graph(steps: Json) -> Graph {
    Graph::parse(&json!({ "name": "test", "steps": steps }).to_string()).unwrap()
}

fn refused(steps: Json) -> BadGraph {
    Graph::parse(&json!({ "name": "test", "steps": steps }).to_string()).unwrap_err()
}

/// A run of one graph, with what it asked for and did not get yet.
struct Run {
    graph: Graph,
    state: RunState,
    tasks: Vec<Task>,
}

impl Run {
    fn of(steps: Json, input: Json) -> Self {
        let mut run = Self { graph: graph(steps), state: RunState::default(), tasks: Vec::new() };
        run.event(&RunEvent::Started { input });
        run
    }

    /// Lets an event happen, and checks that folding its facts gives the state that was decided.
    fn event(&mut self, event: &RunEvent) -> Vec<Effect> {
        self.event_at(event, now())
    }

    fn event_at(&mut self, event: &RunEvent, at: Timestamp) -> Vec<Effect> {
        let decision = decide(&self.graph, &self.state, event, at);
        let mut folded = self.state.clone();
        decision.records.iter().for_each(|record| evolve(&mut folded, record));
        assert_eq!(folded, decision.next, "{event:?}");
        self.state = decision.next;
        let tasks = decision.effects.iter().filter_map(|effect| match effect {
            Effect::Perform(task) => Some(task.clone()),
            _ => None,
        });
        self.tasks.extend(tasks);
        decision.effects
    }

    fn end(&mut self, node: &str, ending: Ending) {
        let place =
            self.tasks.iter().position(|task| task.node == node).unwrap_or_else(|| panic!("{node} is not asked for"));
        let task = self.tasks.remove(place);
        self.event(&RunEvent::Ended { node: task.node, attempt: task.attempt, undo: task.undo, ending });
    }

    fn done(&mut self, node: &str) {
        self.end(node, Ending::Done { outcome: "done".into(), output: Json::Null });
    }

    fn asked(&self) -> Vec<&str> {
        self.tasks.iter().map(|task| task.node.as_str()).collect()
    }
}

fn no(class: RefusalClass) -> Ending {
    Ending::Refused { class, message: "no".into(), retry_after_ms: None }
}

#[test]
fn a_graph_that_cannot_run_is_refused_with_its_place() {
    let loop_ = json!([{ "id": "a", "use": "do/a", "after": "c" }, { "id": "b", "use": "do/b", "after": "a" }, { "id": "c", "use": "do/c", "after": "b" }]);
    assert_eq!(refused(loop_).to_string(), "these steps wait for each other and none can begin: b → c → a → b");
    let twice = json!([{ "id": "a", "use": "do/a" }, { "id": "a", "use": "do/a" }]);
    assert_eq!(refused(twice).to_string(), "two steps are called `a`; rename one");
    let nowhere = json!([{ "id": "a", "use": "do/a", "after": "b.ok" }]);
    assert_eq!(refused(nowhere).to_string(), "step `a` comes after `b`, and there is no such step");
    for (word, says) in [("core/jump", "is not a core step"), ("disable", "write `noun/verb`")] {
        let error = refused(json!([{ "id": "a", "use": word }])).to_string();
        assert!(error.contains(says), "{error}");
    }
    let unknown = refused(json!([{ "id": "a", "use": "do/a", "afther": "b" }])).to_string();
    assert!(unknown.contains("afther"), "{unknown}");
}

#[test]
fn a_graph_over_a_limit_is_refused() {
    let steps: Vec<Json> = (0..=8_000).map(|number| json!({ "id": format!("s{number}"), "use": "do/it" })).collect();
    assert_eq!(refused(json!(steps)).to_string(), "the graph has 8001 steps; at most 8000 are allowed");
    let mut deep = json!({ "name": "g", "steps": [] });
    for _ in 0..20 {
        deep = json!({ "name": "g", "steps": [{ "id": "in", "use": "core/run", "with": { "graph": deep } }] });
    }
    assert!(Graph::parse(&deep.to_string()).unwrap_err().to_string().contains("graphs inside graphs"));
}

#[test]
fn a_join_waits_for_what_can_still_come_and_for_nothing_else() {
    let steps = json!([
        { "id": "which", "use": "core/decide", "with": { "cases": { "now": { "is": ["/input/urgent", true] } }, "else": "later" } },
        { "id": "quick", "use": "do/quick", "after": "which.now" },
        { "id": "slow", "use": "do/slow", "after": "which.later" },
        { "id": "end", "use": "do/end", "after": ["quick", "slow"] }
    ]);
    let mut run = Run::of(steps, json!({ "urgent": true }));
    assert_eq!(run.asked(), ["quick"]);
    run.done("quick");
    assert_eq!(run.asked(), ["end"]);
    run.done("end");
    assert_eq!(run.state.phase, Phase::Done);
    assert_eq!(run.state.nodes.get("slow"), Some(&Node::Unreached));
}

#[test]
fn an_old_or_foreign_ending_changes_nothing() {
    let mut run = Run::of(json!([{ "id": "a", "use": "do/a", "onError": { "retry": 2, "pauseMs": 10 } }]), Json::Null);
    let before = run.state.clone();
    for (node, attempt, undo) in [("a", 2, false), ("a", 0, false), ("a", 1, true), ("b", 1, false)] {
        let ending = Ending::Done { outcome: "done".into(), output: Json::Null };
        run.event(&RunEvent::Ended { node: node.into(), attempt, undo, ending });
        assert_eq!(run.state, before, "{node} {attempt} {undo}");
    }
}

#[test]
fn what_may_help_is_tried_again_and_then_a_human_is_asked() {
    let mut run =
        Run::of(json!([{ "id": "a", "use": "do/a", "onError": { "retry": 1, "pauseMs": 1000 } }]), Json::Null);
    run.end("a", no(RefusalClass::Transient));
    let Some(Node::Retrying { due, .. }) = run.state.nodes.get("a").cloned() else { panic!("{:?}", run.state) };
    // Too early, as after a clock that was set back: the timer is set again and nothing is done.
    let again = run.event(&RunEvent::Due { node: "a".into() });
    assert_eq!(again, [Effect::SetTimer { node: "a".into(), due }]);
    run.event_at(&RunEvent::Due { node: "a".into() }, due);
    assert_eq!(run.tasks.first().map(|task| task.attempt), Some(2));
    run.end("a", no(RefusalClass::Transient));
    assert_eq!(standing(&run.state), tenure_flow::Standing::Blocked);
    assert!(waits(&run.graph, &run.state).first().is_some_and(|wait| wait.needs_help && wait.reason == "no"));
    run.event(&RunEvent::Retry { by: "ada".into() });
    run.done("a");
    assert_eq!(run.state.phase, Phase::Done);
}

#[test]
fn what_was_done_is_taken_back_in_reverse_and_what_cannot_be_is_named() {
    let step = |id: &str, after: Json| {
        json!({ "id": id, "use": format!("do/{id}"), "after": after, "onError": { "retry": 0, "then": "compensate" },
            "compensate": { "use": format!("undo/{id}"), "class": if id == "b" { "irreversible" } else { "exact" } } })
    };
    let mut run = Run::of(
        json!([step("a", json!([])), step("b", json!("a")), step("c", json!("b")), step("d", json!("c"))]),
        Json::Null,
    );
    for node in ["a", "b", "c"] {
        run.done(node);
    }
    run.end("d", no(RefusalClass::Permanent));
    assert_eq!(run.tasks.iter().map(|task| task.action.as_str()).collect::<Vec<_>>(), ["undo/c"]);
    run.done("c");
    assert_eq!(run.tasks.iter().map(|task| task.action.as_str()).collect::<Vec<_>>(), ["undo/a"]);
    run.done("a");
    assert_eq!(run.state.phase, Phase::Failed);
    assert!(matches!(run.state.nodes.get("b"), Some(Node::Left { reason }) if reason == "it cannot be taken back"));
}

#[test]
fn a_signal_before_its_waiter_is_kept() {
    let steps = json!([
        { "id": "a", "use": "do/a" },
        { "id": "ask", "use": "core/wait-for", "after": "a", "with": { "signal": "go" } }
    ]);
    let mut run = Run::of(steps, Json::Null);
    run.event(&RunEvent::Signalled(Signal { name: "go".into(), by: "ada".into(), body: json!(7) }));
    run.done("a");
    assert_eq!(run.state.phase, Phase::Done);
    assert_eq!(
        run.state.nodes.get("ask"),
        Some(&Node::Done { outcome: "received".into(), output: json!({ "by": "ada", "body": 7 }) })
    );
}

/// What a performer says that asked somebody.
fn asked(signal: &str) -> Ending {
    Ending::Asked { signal: signal.into(), message: "waits for team:facilities".into(), until: None }
}

#[test]
fn what_somebody_was_asked_is_performed_again_when_they_say_and_counts_as_no_try() {
    let steps = json!([{ "id": "a", "use": "do/a", "onError": { "retry": 1, "then": "fail" } }]);
    let mut run = Run::of(steps, Json::Null);
    run.end("a", asked("task_1"));
    assert!(matches!(run.state.nodes.get("a"), Some(Node::Asked { .. })) && run.tasks.is_empty());
    assert_eq!(standing(&run.state), tenure_flow::Standing::Waiting);
    run.event(&RunEvent::Signalled(Signal { name: "task_2".into(), by: "ada".into(), body: Json::Null }));
    assert!(run.tasks.is_empty(), "another signal woke it");
    run.event(&RunEvent::Signalled(Signal { name: "task_1".into(), by: "ada".into(), body: Json::Null }));
    assert_eq!(run.tasks.iter().map(|task| task.attempt).collect::<Vec<_>>(), [2]);
    // Neither wait was a try: if they were, the run would fail now.
    run.end("a", asked("task_2"));
    assert_eq!(run.tasks.iter().map(|task| task.attempt).collect::<Vec<_>>(), [3], "a kept word was lost");
    run.end("a", Ending::Unknown { message: "no answer".into() });
    assert!(matches!(run.state.nodes.get("a"), Some(Node::Retrying { .. })), "{:?}", run.state);
}

#[test]
fn a_run_that_stops_takes_back_what_somebody_was_asked_and_waits_for_them_there_too() {
    let steps = json!([{ "id": "a", "use": "do/a", "compensate": { "use": "undo/a" } }]);
    let mut run = Run::of(steps, Json::Null);
    run.end("a", asked("task_1"));
    run.event(&RunEvent::Cancel { by: "ada".into(), reason: "no".into(), undo: true });
    assert_eq!(run.tasks.iter().map(|task| task.action.as_str()).collect::<Vec<_>>(), ["undo/a"]);
    run.end("a", asked("task_2"));
    assert!(matches!(run.state.nodes.get("a"), Some(Node::UndoAsked { .. })) && run.state.phase == Phase::Undoing);
    run.event(&RunEvent::Signalled(Signal { name: "task_2".into(), by: "ada".into(), body: Json::Null }));
    assert_eq!(run.tasks.len(), 1);
    run.done("a");
    assert_eq!(run.state.phase, Phase::Cancelled);
}

#[test]
fn a_look_comes_at_the_latest_when_it_was_promised() {
    let mut run = Run::of(json!([{ "id": "a", "use": "do/a" }]), Json::Null);
    let until = now() + SignedDuration::from_hours(1);
    run.end("a", Ending::Asked { signal: "s".into(), message: "m".into(), until: Some(until) });
    run.event(&RunEvent::Due { node: "a".into() });
    assert!(run.tasks.is_empty(), "it was looked at too early");
    run.event_at(&RunEvent::Due { node: "a".into() }, until);
    assert_eq!(run.tasks.iter().map(|task| task.attempt).collect::<Vec<_>>(), [2]);
}

#[test]
fn a_million_signals_for_one_run_are_bounded() {
    let mut run = Run::of(json!([{ "id": "a", "use": "do/a" }]), Json::Null);
    for _ in 0..2_000 {
        run.event(&RunEvent::Signalled(Signal { name: "noise".into(), by: "ada".into(), body: Json::Null }));
    }
    assert_eq!(run.state.kept.len(), tenure_flow::limits::KEPT_SIGNALS_MAX);
}
