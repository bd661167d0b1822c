//! Workflows that are refused, each with its place and its way out, and what good ones become.

use serde_json::{Value as Json, json};

use super::*;
use crate::graph::Graph;

fn known() -> Known {
    let calendar = json!({ "hours": { "mon": "09:00-17:00" } });
    let two = json!({ "steps": [
        { "ask": "person.manager", "within": "2bd", "else": "person.manager" },
        { "ask": ["team-identity", "team-risk"], "need": "all", "when": "input.risk == \"high\"" },
    ]});
    Known {
        calendars: [("office".to_owned(), serde_json::from_value(calendar).unwrap())].into(),
        approvals: [("two-step".to_owned(), serde_json::from_value(two).unwrap())].into(),
        ..Known::default()
    }
}

fn compiled(spec: Json) -> Compiled {
    compile("test", &spec, &known()).unwrap_or_else(|faults| panic!("{faults:#?}"))
}

/// Every fault as `place: reason`.
fn refused(spec: Json) -> Vec<String> {
    let faults = compile("test", &spec, &known()).unwrap_err();
    faults.iter().map(|fault| format!("{}: {}; {}", fault.at, fault.reason, fault.hint)).collect()
}

fn steps(steps: Json) -> Json {
    json!({ "trigger": { "event": "employment.ended" }, "steps": steps })
}

#[test]
fn the_leaver_of_the_handbook_compiles() {
    let compiled = compiled(steps(json!([
        { "id": "how-urgent", "use": "core/decide", "with": { "planned": "person.lastDay >= today()", "else": "immediate" } },
        { "id": "wait", "use": "core/wait-until", "after": "how-urgent.planned", "with": { "until": "person.lastDay 18:00 person.tz" } },
        { "id": "sessions", "use": "signin/end-sessions", "after": ["how-urgent.immediate", "wait"] },
        { "id": "disable", "use": "accounts/disable", "after": "sessions", "with": { "systems": "all" },
          "onError": { "retry": 8, "backoff": "2m..1h", "then": "ask team-identity" } },
        { "id": "handover", "use": "human/task", "after": "sessions",
          "with": { "title": "Hand over the work of {{ person.displayName }}", "for": "person.manager", "due": "5d", "escalate": "team-identity" } },
        { "id": "prove", "use": "evidence/seal", "after": ["disable", "handover"] },
    ])));
    let graph = Graph::compile(compiled.graph).unwrap();
    let ids: Vec<&str> = graph.text().steps.iter().map(|step| step.id.as_str()).collect();
    assert!(ids.starts_with(&["look-how-urgent", "how-urgent", "wait"]), "{ids:?}");
    let disable = graph.step("disable").unwrap();
    assert_eq!((disable.on_error.pause_ms, disable.on_error.pause_ms_max), (120_000, 3_600_000));
    assert_eq!(disable.on_error.ask.as_deref(), Some("team-identity"));
    assert_eq!(graph.step("wait").unwrap().facts.as_deref(), Some("look-how-urgent"));
    assert_eq!(graph.step("ask-handover").unwrap().facts.as_deref(), Some("look-handover"), "it may be months later");
    assert_eq!(compiled.lane, Lane::Person);
}

#[test]
fn every_slip_is_told_with_its_place_and_a_way_out() {
    let cases = [
        (
            json!([{ "id": "a", "use": "acounts/disable" }]),
            "/steps/0/use: there is no step `acounts/disable`; did you mean `accounts/disable`?",
        ),
        (
            json!([{ "id": "a", "use": "accounts/disable", "with": { "sistems": "all" } }]),
            "/steps/0/with/sistems: `accounts/disable` takes no `sistems`; did you mean `systems`?",
        ),
        (
            json!([{ "id": "a", "use": "groups/add" }]),
            "/steps/0: `groups/add` needs `groups`; add `groups: …`: a name, or a list of names",
        ),
        (
            json!([{ "id": "a", "use": "accounts/disable", "affter": "b" }]),
            "/steps/0/affter: `affter` is not known here; did you mean `after`?",
        ),
        (
            json!([{ "id": "a", "use": "accounts/disable", "after": "nowhere" }]),
            "/steps/0/after: there is no step `nowhere`; name a step of this workflow",
        ),
        (
            json!([{ "id": "wait", "use": "core/wait-until", "with": { "for": "3d" } }, { "id": "b", "use": "evidence/seal", "after": "wait.dued" }]),
            "/steps/1/after: step `wait` never ends with `dued`; did you mean `wait.due`?",
        ),
        (json!([{ "id": "a", "use": "core/wait-until", "with": { "for": "3 days" } }]), "is no length of time"),
        (
            json!([{ "id": "a", "use": "core/wait-until", "with": { "for": "3bd" } }]),
            "/steps/0/with: working time needs a calendar",
        ),
        (
            json!([{ "id": "a", "use": "core/wait-until", "with": { "for": "3bd", "calendar": "ofice" } }]),
            "there is no calendar `ofice`; did you mean `office`?",
        ),
        (
            json!([{ "id": "a", "use": "evidence/seal", "when": "persn.x == 1" }]),
            "/steps/0/when: `persn` is not known here; did you mean `person`?",
        ),
        (
            json!([{ "id": "a", "use": "human/task", "with": { "title": "{{ secret.x }}", "for": "t" } }]),
            "a text cannot name `secret.x`",
        ),
        (
            json!([{ "id": "a", "use": "evidence/seal", "onError": { "backoff": "1h..2m" } }]),
            "/steps/0/onError/backoff",
        ),
        (json!([{ "id": "a b", "use": "evidence/seal" }]), "/steps/0/id: `a b` cannot name a step"),
        (
            json!([{ "id": "a", "use": "evidence/seal" }, { "id": "a", "use": "evidence/seal" }]),
            "/steps/1/id: two steps are called `a`",
        ),
    ];
    for (written, expected) in cases {
        let told = refused(steps(written.clone()));
        assert!(told.iter().any(|line| line.contains(expected)), "{written}\n{told:#?}\nwanted {expected}");
    }
}

#[test]
fn an_outcome_that_leads_nowhere_is_refused_unless_it_ends_on_purpose() {
    let ask = |ends: Json| {
        steps(json!([
            { "id": "ask", "use": "approval/ask", "with": { "by": "person.manager" }, "ends": ends },
            { "id": "go", "use": "accounts/enable", "after": "ask.approved" },
        ]))
    };
    let told = refused(ask(json!([])));
    assert!(told[0].contains("nothing follows when step `ask` ends with `denied`"), "{told:#?}");
    compiled(ask(json!(["denied"])));
}

#[test]
fn what_destroys_waits_or_asks_on_every_way() {
    let told = refused(steps(json!([{ "id": "gone", "use": "accounts/delete" }])));
    assert!(told[0].contains("step `gone` destroys what cannot be made again"), "{told:#?}");
    let around = steps(json!([
        { "id": "late", "use": "core/decide", "with": { "late": "person.lastDay < today()", "else": "soon" } },
        { "id": "wait", "use": "core/wait-until", "after": "late.soon", "with": { "for": "30d" } },
        { "id": "gone", "use": "accounts/delete", "after": ["wait", "late.late"] },
    ]));
    assert!(refused(around)[0].contains("destroys"), "one of the two ways has nothing before it");
    let refused_word = steps(json!([
        { "id": "ask", "use": "approval/ask", "with": { "by": "t" }, "ends": ["approved"] },
        { "id": "gone", "use": "accounts/delete", "after": "ask.denied" },
    ]));
    assert!(refused(refused_word)[0].contains("destroys"), "a no is not a yes");
    compiled(steps(json!([
        { "id": "wait", "use": "core/wait-until", "with": { "for": "30d" } },
        { "id": "gone", "use": "accounts/delete", "after": "wait" },
    ])));
}

#[test]
fn a_secret_goes_only_where_secrets_go() {
    let spec = |use_: &str, with: Json| json!({ "inputs": { "pass": "secret" }, "steps": [{ "id": "a", "use": use_, "with": with }] });
    compiled(spec("signin/reset-password", json!({ "secret": { "$": "/input/pass" } })));
    for (use_, with) in [
        ("human/task", json!({ "title": "{{ input.pass }}", "for": "t" })),
        ("http/call", json!({ "url": { "=": "input.pass" } })),
        ("core/set", json!({ "kept": { "$": "/input/pass" } })),
    ] {
        let told = refused(spec(use_, with));
        assert!(told.iter().any(|line| line.contains("would show a secret")), "{use_}: {told:#?}");
    }
}

#[test]
fn what_a_step_reads_is_over_by_then() {
    let told = refused(steps(json!([
        { "id": "a", "use": "core/set", "with": { "x": 1 } },
        { "id": "b", "use": "evidence/seal", "when": "steps.a.output.x == 1" },
    ])));
    assert!(told[0].contains("step `b` reads `a`, which need not be over by then"), "{told:#?}");
    let told = refused(
        json!({ "inputs": { "seats": "number" }, "steps": [{ "id": "b", "use": "evidence/seal", "when": "input.seat == 1" }] }),
    );
    assert!(told[0].contains("there is no input `seat`; did you mean `input.seats`?"), "{told:#?}");
}

#[test]
fn steps_that_wait_for_each_other_are_named_in_their_order() {
    let told = refused(steps(json!([
        { "id": "a", "use": "evidence/seal", "after": "c" },
        { "id": "b", "use": "evidence/seal", "after": "a" },
        { "id": "c", "use": "evidence/seal", "after": "b" },
    ])));
    assert!(told[0].starts_with("/steps/") && told[0].contains("wait for each other"), "{told:#?}");
}

#[test]
fn an_approval_of_two_stages_is_asked_handed_on_and_answered() {
    let graph = compiled(json!({ "calendar": "office", "steps": [
        { "id": "ask", "use": "approval/ask", "with": { "approval": "two-step", "title": "May they?", "calendar": "office" }, "ends": ["denied", "timeout"] },
        { "id": "go", "use": "accounts/enable", "after": "ask.approved" },
    ]}))
    .graph;
    let ids: Vec<&str> = graph.steps.iter().map(|step| step.id.as_str()).collect();
    for part in ["ask-ask-1", "late-ask-1", "ask-ask-2-1", "ask-ask-2-2", "yes-ask-ask-2", "no-ask-ask-2", "ask"] {
        assert!(ids.contains(&part), "{part}: {ids:?}");
    }
}

#[test]
fn access_that_must_be_approved_is_shown_asked_for_and_asked_for_again() {
    let give = |with: Json, ends: Json| {
        steps(json!([
            { "id": "give", "use": "access/ensure", "with": with, "ends": ends },
            { "id": "so", "use": "evidence/seal", "after": "give.done" },
        ]))
    };
    let told = refused(give(json!({ "by": "person.manager" }), json!([])));
    assert!(told[0].contains("nothing follows when step `give` ends with `denied`"), "{told:#?}");
    let told = refused(give(json!({ "approval": "two-step", "calendar": "office" }), json!(["denied"])));
    assert!(told[0].contains("ends with `timeout`"), "{told:#?}");
    let told = refused(give(json!({ "title": "May they?" }), json!([])));
    assert!(told[0].contains("`title` says how somebody is asked, and nobody is"), "{told:#?}");
    let compiled = compiled(give(json!({ "by": "person.manager" }), json!(["denied"])));
    let graph = Graph::compile(compiled.graph).unwrap();
    for part in ["foresee-give", "ask-agree-give-1", "align-give", "foresee3-give", "ask-agree3-give-1", "give"] {
        assert!(graph.step(part).is_some(), "{part}");
    }
    let facts = |id: &str| graph.step(id).and_then(|step| step.facts.clone());
    assert_eq!(facts("ask-agree-give-1").as_deref(), Some("look-give"));
    assert_eq!(facts("ask-agree2-give-1").as_deref(), Some("look2-give"), "the manager may be another by then");
    compiled_alone(give(json!({}), json!([])));
}

/// That a step takes no approval where nobody is to be asked.
fn compiled_alone(spec: Json) {
    let graph = compiled(spec).graph;
    assert!(graph.steps.iter().all(|step| step.action != "human/task"));
}

#[test]
fn two_thousand_steps_compile_and_one_more_does_not() {
    let chain = |count: usize| {
        let step = |place: usize| match place {
            0 => json!({ "id": "s0", "use": "person/look" }),
            _ => json!({ "id": format!("s{place}"), "use": "accounts/update", "after": format!("s{}", place - 1),
                         "with": { "set": { "title": { "=": "person.title" } } } }),
        };
        steps((0..count).rev().map(step).collect())
    };
    assert!(compiled(chain(2_000)).graph.steps.len() >= 3_999);
    assert!(refused(chain(2_001))[0].contains("at most 2000 are allowed"));
}

#[test]
fn a_review_says_what_becomes_of_what_nobody_answers() {
    let look =
        |with: Json, ends: Json| steps(json!([{ "id": "look", "use": "review/start", "with": with, "ends": ends }]));
    let both = json!(["kept", "changed"]);
    let told = refused(look(json!({ "by": "person.manager" }), json!(["kept"])));
    assert!(told[0].contains("nothing follows when step `look` ends with `changed`"), "{told:#?}");
    let bad = |with: Json| refused(look(with, both.clone())).remove(0);
    assert!(bad(json!({ "by": "t", "within": "7d" })).contains("does not say what comes then"));
    assert!(bad(json!({ "by": "t", "within": "7d", "noAnswer": "ask" })).contains("`noAnswer` says"));
    assert!(bad(json!({ "by": "t", "noAnswer": "keep" })).contains("has no end"));
    assert!(bad(json!({})).contains("`review/start` needs `by`"));
    assert!(bad(json!({ "by": ["a", "b"] })).contains("names several"));
    assert!(
        bad(json!({ "by": "t", "within": { "$": "/input/days" }, "noAnswer": "keep" })).contains("not known before")
    );
    assert!(bad(json!({ "by": "t", "person": "input.other" })).contains("takes no `person`"));
    let mut other = look(json!({ "by": "t" }), both.clone());
    other["lane"] = "person".into();
    assert!(refused(other)[0].contains("in the lane of the person"));
    let graph = |with: Json| Graph::compile(compiled(look(with, both.clone())).graph).unwrap();
    let with = json!({ "by": "person.manager", "within": "7d", "escalate": "board", "noAnswer": "remove" });
    let full = graph(with);
    let after = |graph: &Graph, id: &str| -> Vec<String> {
        let step = graph.step(id).unwrap();
        step.after.iter().map(|edge| format!("{}.{}", edge.step, edge.outcome.clone().unwrap_or_default())).collect()
    };
    assert_eq!(after(&full, "take-look"), ["ask-look.change", "late-look.change", "late-look.timeout"]);
    assert_eq!(full.step("late-look").unwrap().with["instead"], json!(["ask-look"]));
    let open = graph(json!({ "by": "person.manager", "within": "7d", "escalate": "board" }));
    assert!(open.step("ask-look").unwrap().timeout.is_some() && open.step("late-look").unwrap().timeout.is_none());
    assert_eq!(after(&open, "take-look"), ["ask-look.change", "late-look.change"]);
    let plain = graph(json!({ "by": "person.manager" }));
    assert!(plain.step("late-look").is_none() && plain.step("ask-look").unwrap().timeout.is_none());
    assert!(plain.step("take-look").unwrap().compensate.is_some());
    let mut kept = look(json!({ "by": "t" }), both.clone());
    kept["steps"][0]["compensate"] = "none".into();
    let kept = compiled(kept);
    assert_eq!(kept.lane, Lane::Own);
    assert!(kept.graph.steps.iter().all(|step| step.compensate.is_none()), "what is not to be put back is");
    let emits = json!([{ "id": "e", "use": "lifecycle/emit", "with": { "event": "request.approved" } }]);
    assert!(refused(steps(emits))[0].contains("only an approval can"));
}
