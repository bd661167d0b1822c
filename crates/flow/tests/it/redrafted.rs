//! Runs that are over, played again by a draft: what is told to be otherwise, and what is not guessed.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};
use tenure_flow::redraft::{Difference, Recorded};
use tenure_flow::{Graph, RunState, Standing, decide};
use tenure_model::{Ending, RefusalClass, RunEvent, Signal};

use crate::{graph, now};

fn ended(node: &str, outcome: &str, output: Json) -> RunEvent {
    let ending = Ending::Done { outcome: outcome.into(), output };
    RunEvent::Ended { node: node.into(), attempt: 1, undo: false, ending }
}

fn done(node: &str) -> RunEvent {
    ended(node, "done", json!({}))
}

fn refused(node: &str) -> RunEvent {
    let ending =
        Ending::Refused { class: RefusalClass::Permanent, message: "no such mailbox".into(), retry_after_ms: None };
    RunEvent::Ended { node: node.into(), attempt: 1, undo: false, ending }
}

fn after(hours: i64) -> Timestamp {
    now() + SignedDuration::from_hours(hours)
}

/// A run of these steps to which this happened, each so many hours after it began.
struct Past {
    graph: Graph,
    recorded: Recorded,
}

impl Past {
    fn of(steps: Json, events: &[(i64, RunEvent)]) -> Self {
        let graph = graph(steps);
        let (mut state, mut recorded) = (RunState::default(), Recorded::default());
        let input = json!({ "person": "x", "seats": 3 });
        for (hours, event) in [(0, RunEvent::Started { input })].iter().chain(events) {
            let decision = decide(&graph, &state, event, after(*hours));
            decision.records.iter().for_each(|record| recorded.take(&graph, record, after(*hours)));
            state = decision.next;
        }
        Self { graph, recorded }
    }

    fn by(&self, draft: Json) -> Difference {
        self.recorded.redraft(&self.graph, &graph(draft), &json!({ "department": "now" }))
    }
}

fn two() -> Json {
    json!([{ "id": "a", "use": "do/a" }, { "id": "b", "use": "do/b", "after": "a", "with": { "to": "ada", "n": 1 } }])
}

#[test]
fn the_same_workflow_makes_no_difference() {
    let past = Past::of(two(), &[(1, done("a")), (2, done("b"))]);
    assert_eq!(past.by(two()), Difference::default());
    assert!(past.by(two()).is_none());
}

#[test]
fn steps_more_and_less_and_other_parameters_are_named_and_no_value_is() {
    let past = Past::of(two(), &[(1, done("a")), (2, done("b"))]);
    let less = past.by(json!([{ "id": "a", "use": "do/a" }]));
    assert_eq!(less, Difference { less: vec!["b".into()], ..Difference::default() });
    let mut other = two();
    other[1]["with"] = json!({ "to": { "$": "/input/seats" }, "n": 1, "secret": "s3cr3t" });
    let other = past.by(other);
    assert_eq!(other.given, [("b".to_owned(), vec!["secret".to_owned(), "to".to_owned()])].into());
    assert!(!format!("{other:?}").contains("s3cr3t"));
    let mut more = two();
    more.as_array_mut().unwrap().push(json!({ "id": "set", "use": "core/set", "after": "b", "with": { "x": 1 } }));
    assert_eq!(past.by(more), Difference { more: vec!["set".into()], ..Difference::default() });
}

#[test]
fn what_was_never_recorded_is_not_guessed() {
    let past = Past::of(two(), &[(1, done("a")), (2, done("b"))]);
    let draft = json!([
        { "id": "a", "use": "do/a" },
        { "id": "ask", "use": "do/ask", "after": "a" },
        { "id": "b", "use": "do/b", "after": "ask.yes", "with": { "to": "ada", "n": 1 } },
        { "id": "gone", "use": "do/gone", "after": "ask.no" }
    ]);
    let told = past.by(draft);
    assert_eq!(told.untold, [("ask".to_owned(), "do/ask".to_owned())].into());
    assert_eq!((told.more, told.less, told.would_end), (vec!["ask".to_owned()], Vec::<String>::new(), None));
    // A step of the same name that does something else has no outcome of its own.
    let mut other = two();
    other[0]["use"] = json!("do/z");
    assert_eq!(past.by(other).untold, [("a".to_owned(), "do/z".to_owned())].into());
}

#[test]
fn another_way_from_a_recorded_outcome_and_another_end_are_told() {
    let steps = |then: &str| {
        json!([
            { "id": "a", "use": "do/a" },
            { "id": "x", "use": "core/set", "with": { "v": 1 }, "after": "a.odd" },
            { "id": "y", "use": "core/set", "with": { "v": 1 }, "after": then }
        ])
    };
    let past = Past::of(steps("a.even"), &[(1, ended("a", "odd", json!({})))]);
    assert_eq!(past.by(steps("a.odd")), Difference { more: vec!["y".into()], ..Difference::default() });
    let failing = |then: &str| json!([{ "id": "a", "use": "do/a", "onError": { "then": then } }]);
    let past = Past::of(failing("fail"), &[(1, refused("a"))]);
    assert_eq!(past.by(failing("fail")), Difference::default());
    assert_eq!(past.by(failing("skip")).would_end, Some(Standing::Done));
}

#[test]
fn time_passes_as_it_did() {
    let steps = |hours: i64| {
        json!([
            { "id": "wait", "use": "core/wait-for", "with": { "signal": "go", "timeoutMs": hours * 3_600_000 } },
            { "id": "b", "use": "core/set", "with": { "v": 1 }, "after": "wait.received" },
            { "id": "late", "use": "core/set", "with": { "v": 1 }, "after": "wait.timeout" }
        ])
    };
    let go = RunEvent::Signalled(Signal { name: "go".into(), by: "x".into(), body: Json::Null });
    let past = Past::of(steps(48), &[(24, go)]);
    assert_eq!(past.by(steps(48)), Difference::default());
    let sooner = past.by(steps(12));
    assert_eq!(sooner, Difference { more: vec!["late".into()], less: vec!["b".into()], ..Difference::default() });
    let late = Past::of(steps(12), &[(12, RunEvent::Due { node: "wait".into() })]);
    assert_eq!(late.by(steps(12)), Difference::default());
}

#[test]
fn what_was_known_of_the_person_then_counts_and_what_is_known_now_is_told() {
    let steps = |wanted: &str| {
        json!([
            { "id": "look", "use": "person/look", "with": { "person": { "$": "/input/person" } } },
            { "id": "b", "use": "core/set", "with": { "v": 1 }, "after": "look", "facts": "look",
              "when": { "=": format!("person.department == '{wanted}'") } }
        ])
    };
    let past = Past::of(steps("then"), &[(0, ended("look", "done", json!({ "department": "then" })))]);
    assert_eq!(past.by(steps("then")), Difference::default());
    // Another look reads what the recorded one did.
    let mut renamed = steps("then");
    renamed[0]["id"] = json!("look-b");
    renamed[1]["after"] = json!("look-b");
    renamed[1]["facts"] = json!("look-b");
    assert_eq!(past.by(renamed), Difference::default());
    let nothing = Past::of(json!([{ "id": "b", "use": "core/set", "with": { "v": 1 } }]), &[]);
    let told = nothing.by(steps("now"));
    assert_eq!(told, Difference { asks_for_person: true, ..Difference::default() });
}
