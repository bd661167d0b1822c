//! Workflows as people write them, compiled and run: time-outs, lists, answers, taking back.

use jiff::{Timestamp, ToSpan as _};
use serde_json::{Value as Json, json};
use tenure_flow::language::Known;
use tenure_flow::{Graph, Node, Phase, RunState, compile};
use tenure_model::{Effect, Ending, RefusalClass, RunEvent, Signal};

use super::{Run, now};

fn run_of(steps: Json, input: Json) -> Run {
    let compiled = compile("test", &json!({ "steps": steps }), &Known::default()).unwrap();
    let mut run = Run { graph: Graph::compile(compiled.graph).unwrap(), state: RunState::default(), tasks: Vec::new() };
    run.event(&RunEvent::Started { input });
    run
}

fn done(output: Json) -> Ending {
    Ending::Done { outcome: "done".into(), output }
}

fn at(minutes: i64) -> Timestamp {
    now() + minutes.minutes()
}

fn stands(run: &Run, id: &str) -> String {
    match run.state.nodes.get(id) {
        Some(Node::Done { outcome, .. }) => outcome.clone(),
        other => format!("{other:?}"),
    }
}

#[test]
fn a_step_that_takes_too_long_goes_its_own_way_and_its_late_end_changes_nothing() {
    let mut run = run_of(
        json!([
            { "id": "call", "use": "http/call", "with": { "url": "https://a.example" }, "timeout": "10m" },
            { "id": "late", "use": "core/set", "with": { "x": 1 }, "after": "call.timeout" },
            { "id": "well", "use": "core/set", "with": { "x": 2 }, "after": "call.done" },
        ]),
        json!({}),
    );
    let task = run.tasks.pop().unwrap();
    run.event_at(&RunEvent::Due { node: "call!".into() }, at(9));
    assert!(matches!(run.state.nodes.get("call"), Some(Node::Acting { .. })), "a timer that fires early is set again");
    run.event_at(&RunEvent::Due { node: "call!".into() }, at(10));
    assert_eq!((stands(&run, "call"), stands(&run, "late")), ("timeout".into(), "done".into()));
    let before = run.state.clone();
    let ended = RunEvent::Ended { node: task.node, attempt: task.attempt, undo: false, ending: done(json!({})) };
    run.event_at(&ended, at(11));
    assert_eq!((&run.state, run.state.phase), (&before, Phase::Done));
    assert!(run.state.deadlines.is_empty());
}

#[test]
fn a_time_out_may_end_the_run_on_purpose_and_one_in_time_is_forgotten() {
    let steps = json!([{ "id": "look", "use": "person/look", "timeout": "10m", "ends": ["timeout", "done"] }]);
    let mut run = run_of(steps.clone(), json!({ "person": "p" }));
    run.event_at(&RunEvent::Due { node: "look!".into() }, at(10));
    assert_eq!((stands(&run, "look"), run.state.phase), ("timeout".into(), Phase::Done));
    let mut run = run_of(steps, json!({ "person": "p" }));
    let task = run.tasks.pop().unwrap();
    let ended = RunEvent::Ended { node: task.node, attempt: 1, undo: false, ending: done(json!({})) };
    let effects = run.event(&ended);
    assert!(effects.contains(&Effect::ClearTimer { node: "look!".into() }), "{effects:?}");
    assert_eq!(run.state.phase, Phase::Done);
}

#[test]
fn every_item_of_a_list_has_a_run_with_its_item_and_what_all_share() {
    let run = run_of(
        json!([{ "id": "each", "use": "http/call", "with": { "url": { "=": "item" } }, "forEach": { "over": "input.urls", "atOnce": 2 } }]),
        json!({ "urls": ["a", "b", "c"], "why": "x" }),
    );
    let Some(Node::Parent { total: 3, asked: 2, .. }) = run.state.nodes.get("each") else {
        panic!("{:?}", run.state.nodes)
    };
}

#[test]
fn two_of_three_decide_an_approval_whatever_the_third_says() {
    let steps = json!([
        { "id": "ask", "use": "approval/ask", "with": { "by": ["a", "b", "c"], "title": "May they?", "quorum": 2 }, "ends": ["denied"] },
        { "id": "go", "use": "core/set", "with": { "x": 1 }, "after": "ask.approved" },
    ]);
    for (words, expected) in
        [(["approved", "denied", "approved"], "approved"), (["denied", "approved", "denied"], "denied")]
    {
        let mut run = run_of(steps.clone(), json!({ "person": "p" }));
        run.end("look-ask", done(json!({ "employeeId": "E1" })));
        for (place, word) in words.iter().enumerate() {
            assert_eq!(run.tasks.len(), 3 - place);
            let answer = Ending::Done { outcome: (*word).to_owned(), output: Json::Null };
            run.end(&format!("ask-ask-1-{}", place + 1), answer);
        }
        assert_eq!(stands(&run, "ask"), expected);
        for after in ["told-ask", "away-ask-1"] {
            run.end(after, done(json!({})));
        }
        assert_eq!(run.state.phase, Phase::Done);
    }
}

#[test]
fn a_signal_that_is_none_of_the_answers_is_not_taken() {
    let mut run =
        run_of(json!([{ "id": "call", "use": "http/call", "with": { "url": "https://a.example" } }]), json!({}));
    let graph = json!({ "name": "t", "steps": [
        { "id": "w", "use": "core/wait-for", "with": { "signal": "s", "outcomes": ["yes", "no"] } } ] });
    run.graph = Graph::parse(&graph.to_string()).unwrap();
    (run.state, run.tasks) = (RunState::default(), Vec::new());
    run.event(&RunEvent::Started { input: Json::Null });
    for (word, phase) in [("perhaps", Phase::Open), ("no", Phase::Done)] {
        let body = json!({ "outcome": word });
        run.event(&RunEvent::Signalled(Signal { name: "s".into(), by: "ada".into(), body }));
        assert_eq!(run.state.phase, phase, "{word}");
    }
    assert_eq!(stands(&run, "w"), "no");
}

#[test]
fn what_was_changed_is_put_back_when_a_later_step_fails_for_good() {
    let mut run = run_of(
        json!([
            { "id": "lock", "use": "accounts/disable" },
            { "id": "call", "use": "http/call", "with": { "url": "https://a.example" }, "after": "lock", "onError": "compensate" },
        ]),
        json!({ "person": "p" }),
    );
    run.end("wish-lock", done(json!({ "wishes": [{ "w": 1 }], "undo": [{ "u": 1 }] })));
    child(&mut run, 0, true);
    run.end("call", refused(RefusalClass::Permanent));
    let back = run.tasks.pop().unwrap();
    assert_eq!((back.action.as_str(), &back.with), ("access/restore", &json!({ "wishes": [{ "u": 1 }] })));
    run.event(&RunEvent::Ended { node: back.node, attempt: back.attempt, undo: true, ending: done(json!({})) });
    assert_eq!(run.state.phase, Phase::Failed);
    assert!(matches!(run.state.nodes.get("lock"), Some(Node::Undone)));
}

/// The run of one account of the step `lock` is over.
fn child(run: &mut Run, place: u32, well: bool) {
    let child = tenure_model::new_id(&tenure_model::SeededIds::new(place.into()));
    run.event(&RunEvent::ChildClosed { node: format!("lock#{place}"), child, well, output: Json::Null });
}

#[test]
fn what_was_changed_in_part_is_put_back_whatever_became_of_the_step() {
    for on_error in ["compensate", "skip"] {
        let mut run = run_of(
            json!([
                { "id": "lock", "use": "accounts/disable", "onError": on_error },
                { "id": "call", "use": "http/call", "with": { "url": "https://a.example" }, "after": "lock", "onError": "compensate" },
            ]),
            json!({ "person": "p" }),
        );
        run.end("wish-lock", done(json!({ "wishes": [{ "w": 1 }, { "w": 2 }], "undo": [{ "u": 1 }, { "u": 2 }] })));
        child(&mut run, 0, true);
        child(&mut run, 1, false);
        if on_error == "skip" {
            assert_eq!(stands(&run, "lock"), "skipped");
            run.end("call", refused(RefusalClass::Permanent));
        }
        let back = run.tasks.pop().unwrap();
        assert_eq!((back.action.as_str(), back.undo), ("access/restore", true), "{on_error}");
        assert_eq!(back.with, json!({ "wishes": [{ "u": 1 }, { "u": 2 }] }));
    }
}

fn refused(class: RefusalClass) -> Ending {
    Ending::Refused { class, message: "no".into(), retry_after_ms: None }
}

/// A step that reads something of the person and ends badly so, one that comes if it does not end
/// badly, and one that comes if it does.
fn looking(on_error: &str, and_if_bad: bool) -> Run {
    let mut steps = vec![
        json!({ "id": "say", "use": "http/call", "with": { "url": { "=": "person.url" } }, "onError": on_error }),
        json!({ "id": "next", "use": "core/set", "with": { "x": { "=": "person.url" } }, "after": "say" }),
    ];
    if and_if_bad {
        steps.push(json!({ "id": "bad", "use": "core/set", "with": { "x": 1 }, "after": "say.failed" }));
    }
    run_of(json!(steps), json!({ "person": "p" }))
}

#[test]
fn a_look_that_goes_wrong_ends_as_the_author_says_of_its_step() {
    let mut run = looking("ask team-identity", false);
    run.end("look-say", refused(RefusalClass::Permanent));
    let Some(Node::Blocked { reason, .. }) = run.state.nodes.get("look-say") else { panic!("{:?}", run.state.nodes) };
    assert_eq!(reason, "team-identity must decide: no");

    let mut run = looking("fail", false);
    run.end("look-say", refused(RefusalClass::Permanent));
    assert_eq!(run.state.phase, Phase::Failed);

    let mut run = looking("ask team-identity", true);
    run.end("look-say", refused(RefusalClass::Permanent));
    assert_eq!((stands(&run, "bad"), run.state.phase), ("done".to_owned(), Phase::Done));
}

#[test]
fn where_a_look_is_passed_over_so_is_its_step_and_nobody_else_rests_on_it() {
    let mut run = looking("skip", false);
    run.end("look-say", refused(RefusalClass::Permanent));
    assert_eq!(stands(&run, "say"), "skipped");
    run.end("look-next", done(json!({ "url": "u" })));
    assert_eq!((stands(&run, "next"), run.state.phase), ("done".to_owned(), Phase::Done));
}

#[test]
fn what_is_passed_over_at_its_first_part_is_passed_over_and_the_run_goes_on() {
    for kind in ["accounts/disable", "access/ensure"] {
        let steps = json!([
            { "id": "lock", "use": kind, "onError": "skip" },
            { "id": "next", "use": "core/set", "with": { "x": 1 }, "after": "lock" },
        ]);
        let mut run = run_of(steps, json!({ "person": "p" }));
        let first = run.tasks.first().map(|task| task.node.clone()).unwrap();
        run.end(&first, refused(RefusalClass::Permanent));
        let ends = (stands(&run, "lock"), stands(&run, "next"), run.state.phase);
        assert_eq!(ends, ("skipped".to_owned(), "done".to_owned(), Phase::Done), "{kind}");
    }
}

#[test]
fn what_cannot_be_taken_back_names_who_must_decide() {
    let mut run = run_of(
        json!([
            { "id": "give", "use": "access/grant", "with": { "system": "shop", "entitlement": "group/floor" },
              "onError": { "then": "compensate", "ask": "team-identity" } },
            { "id": "call", "use": "http/call", "with": { "url": "https://a.example" }, "after": "give", "onError": "compensate" },
        ]),
        json!({ "person": "p" }),
    );
    run.end("give", done(json!({ "undo": {} })));
    run.end("call", refused(RefusalClass::Permanent));
    let undo = run.tasks.pop().unwrap();
    let ended = RunEvent::Ended {
        node: undo.node,
        attempt: undo.attempt,
        undo: true,
        ending: refused(RefusalClass::Permanent),
    };
    run.event(&ended);
    let Some(Node::UndoBlocked { reason, .. }) = run.state.nodes.get("give") else { panic!("{:?}", run.state.nodes) };
    assert_eq!(reason, "team-identity must decide: no");
}
