//! Runs that go on by another version, and steps that are tried again with something else.

use serde_json::{Value as Json, json};
use tenure_flow::{Node, Phase, RunState, misfits};
use tenure_model::{Ending, RefusalClass, RunEvent};

use crate::{Run, graph, no};

/// `a`, then a wait for `go`, then `b`; with further steps.
fn steps(more: &[Json]) -> Json {
    let mut all = vec![
        json!({ "id": "a", "use": "do/a" }),
        json!({ "id": "wait", "use": "core/wait-for", "after": "a", "with": { "signal": "go" } }),
        json!({ "id": "b", "use": "do/b", "after": "wait" }),
    ];
    for step in more {
        all.retain(|known| known.get("id") != step.get("id"));
        all.push(step.clone());
    }
    json!(all)
}

fn waiting() -> Run {
    let mut run = Run::of(steps(&[]), Json::Null);
    run.done("a");
    run
}

fn against(run: &Run, more: &[Json]) -> Vec<String> {
    misfits(&run.graph, &graph(steps(more)), &run.state)
}

#[test]
fn a_run_goes_on_by_another_version_that_its_past_fits() {
    let mut run = waiting();
    let other =
        [json!({ "id": "b", "use": "do/other", "after": "wait" }), json!({ "id": "c", "use": "do/c", "after": "b" })];
    assert_eq!(against(&run, &other), Vec::<String>::new());
    run.graph = graph(steps(&other));
    run.event(&RunEvent::Move { definition: "d".into(), by: "ada".into(), reason: "new".into() });
    assert!(run.asked().is_empty(), "what was done is not done again: {:?}", run.asked());
    run.event(&RunEvent::Signalled(tenure_model::Signal { name: "go".into(), by: "x".into(), body: Json::Null }));
    assert_eq!(run.tasks.first().map(|task| task.action.as_str()), Some("do/other"));
    run.done("b");
    run.done("c");
    assert_eq!(run.state.phase, Phase::Done);
}

#[test]
fn a_past_that_the_other_version_could_not_have_had_is_named() {
    let run = waiting();
    let gone = json!([{ "id": "b", "use": "do/b" }]);
    let without = misfits(&run.graph, &graph(gone), &run.state);
    assert_eq!(without, ["`a` was begun, and is not there any more", "`wait` was begun, and is not there any more"]);
    let changed = against(&run, &[json!({ "id": "a", "use": "do/z" })]);
    assert_eq!(changed, ["`a` was begun as `do/a`, and is `do/z` there"]);
    let before = [json!({ "id": "first", "use": "do/first" }), json!({ "id": "a", "use": "do/a", "after": "first" })];
    let found = against(&run, &before);
    assert!(found.iter().any(|why| why == "`a` was begun, and does not follow there from what happened"), "{found:?}");
    assert!(found.iter().any(|why| why == "`first` was never done, and `a` behind it was begun"), "{found:?}");
    let elsewhere = [json!({ "id": "wait", "use": "core/wait-for", "after": "a.failed", "with": { "signal": "go" } })];
    assert_eq!(against(&run, &elsewhere), ["`wait` was begun, and does not follow there from what happened"]);
}

#[test]
fn a_run_that_has_not_begun_fits_anything_and_one_that_stops_fits_nothing() {
    let any = graph(json!([{ "id": "z", "use": "do/z" }]));
    let mut run = waiting();
    assert_eq!(misfits(&run.graph, &any, &RunState::default()), Vec::<String>::new());
    run.event(&RunEvent::Cancel { by: "ada".into(), reason: "enough".into(), undo: true });
    assert!(!misfits(&run.graph, &run.graph, &run.state).is_empty());
}

#[test]
fn what_is_stuck_is_tried_with_something_else_under_a_key_of_its_own() {
    let step = json!([{ "id": "a", "use": "do/a", "with": { "to": "wrong" } }]);
    let mut run = Run::of(step, Json::Null);
    let edit = |with: Json| RunEvent::Edit { node: "a".into(), with, by: "ada".into(), reason: "a slip".into() };
    run.event(&edit(json!({ "to": "early" })));
    assert_eq!(run.tasks.len(), 1, "what is under way is left alone");
    run.end("a", no(RefusalClass::Permanent));
    assert!(matches!(run.state.nodes.get("a"), Some(Node::Blocked { .. })));
    run.event(&edit(json!({ "to": "right" })));
    let task = run.tasks.first().cloned().unwrap();
    assert_eq!((task.with, task.attempt, task.edition), (json!({ "to": "right" }), 2, 1));
    run.end("a", Ending::Unknown { message: "lost".into() });
    run.event(&RunEvent::Retry { by: "ada".into() });
    let task = run.tasks.first().cloned().unwrap();
    assert_eq!((task.with, task.edition), (json!({ "to": "right" }), 1), "trying again keeps the edition");
}

#[test]
fn a_core_step_has_nothing_that_can_be_changed() {
    let mut run = waiting();
    let before = run.state.clone();
    let edit = RunEvent::Edit { node: "wait".into(), with: json!({}), by: "ada".into(), reason: "impatient".into() };
    run.event(&edit);
    assert_eq!(run.state, before);
}
