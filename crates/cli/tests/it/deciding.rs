//! Ending several tasks that are named: what is shown, who is asked, and how each comes out.

use serde_json::{Value, json};

use crate::peer::{Peer, json as answer, problem};
use crate::tenure::ask;

const ONE: &str = "task_00000000000000000000000001";
const TWO: &str = "task_00000000000000000000000002";

fn task(id: &str, kind: &str, end: &str) -> String {
    let body = json!({
        "id": id, "kind": kind, "for": "person:bob", "person": "person_00000000000000000000000007",
        "title": "may she in?", "outcomes": ["approved", "rejected"],
        "end": { "outcome": end, "by": "carol", "insteadOf": "bob" },
    });
    answer(&body.to_string())
}

fn open(id: &str, kind: &str) -> String {
    task(id, kind, "")
}

/// The requests that came, with what was sent.
fn sent(peer: &Peer, count: usize) -> Vec<(String, Value)> {
    (0..count)
        .map(|_| {
            let request = peer.request();
            (request.line, serde_json::from_str(&request.body).unwrap_or_default())
        })
        .collect()
}

#[test]
fn of_several_each_is_shown_and_ends_by_itself() {
    let taken = || problem(409, "TEN-E0114", "it was closed meanwhile");
    let answers = vec![open(ONE, "approval"), open(TWO, "approval"), taken(), task(TWO, "approval", "approved")];
    let peer = Peer::new(answers);
    let ended = ask(&peer.server, &["tasks", "approve", ONE, TWO, ONE, "--yes", "--plain", "--comment", "as agreed"]);
    assert_eq!(ended.exit, 1, "{}", ended.err);
    for id in [ONE, TWO] {
        let line = format!("{id}  approval for person:bob about person_00000000000000000000000007: may she in?\n");
        assert!(ended.err.contains(&line), "{}", ended.err);
    }
    let lines: Vec<&str> = ended.out.lines().collect();
    assert_eq!(
        lines,
        [
            format!("{ONE}\tmay she in?\tperson:bob\t-\tit was closed meanwhile"),
            format!("{TWO}\tmay she in?\tperson:bob\tapproved\t-"),
        ]
    );
    sent(&peer, 2);
    let body = json!({ "comment": "as agreed", "outcome": null });
    assert_eq!(sent(&peer, 2), [ONE, TWO].map(|id| (format!("POST /v1/tasks/{id}/close"), body.clone())));
    assert!(peer.is_quiet(), "one that was named twice was ended twice");
}

#[test]
fn without_a_terminal_and_a_yes_none_of_several_ends() {
    let peer = Peer::new(vec![open(ONE, "work"), open(TWO, "work")]);
    let ended = ask(&peer.server, &["tasks", "done", ONE, TWO]);
    assert_eq!((ended.exit, ended.out.as_str()), (2, ""));
    assert!(ended.err.contains("end these 2 tasks as done?") && ended.err.contains("--yes"), "{}", ended.err);
    sent(&peer, 2);
    assert!(peer.is_quiet(), "something was ended that nobody said yes to");
}

#[test]
fn what_is_no_approval_is_not_approved_with_the_others() {
    let peer = Peer::new(vec![open(ONE, "work"), open(TWO, "approval"), task(TWO, "approval", "approved")]);
    let ended = ask(&peer.server, &["tasks", "approve", ONE, TWO, "-y", "--plain"]);
    assert_eq!(ended.exit, 1);
    assert!(ended.out.contains(&format!("{ONE}\t-\t-\t-\t{ONE} is no approval but work\n")), "{}", ended.out);
    assert!(ended.out.contains(&format!("{TWO}\tmay she in?\tperson:bob\tapproved\t-\n")), "{}", ended.out);
    let alone = ask(&Peer::new(vec![open(ONE, "work")]).server, &["tasks", "approve", ONE]);
    assert_eq!(alone.exit, 2);
    assert!(alone.err.contains("is no approval but work"), "{}", alone.err);
}

#[test]
fn several_are_refused_with_one_reason_and_end_well() {
    let no = |id| task(id, "approval", "rejected");
    let peer = Peer::new(vec![open(ONE, "approval"), open(TWO, "approval"), no(ONE), no(TWO)]);
    let ended = ask(&peer.server, &["tasks", "refuse", ONE, TWO, "--reason", "the project is off", "--yes"]);
    assert_eq!(ended.exit, 0, "{}", ended.err);
    sent(&peer, 2);
    let body = json!({ "comment": "the project is off", "outcome": "rejected" });
    assert_eq!(sent(&peer, 2), [ONE, TWO].map(|id| (format!("POST /v1/tasks/{id}/close"), body.clone())));
}

#[test]
fn never_all_and_never_too_many() {
    for words in [&["tasks", "done", "--yes"][..], &["tasks", "approve", "-y"], &["tasks", "refuse", "--reason", "x"]] {
        assert_eq!(ask("http://127.0.0.1:1", words).exit, 2, "{words:?}");
    }
    let ids: Vec<String> =
        (0..51).map(|number| format!("task_000000000000000000000001{}{}", number / 10, number % 10)).collect();
    let words: Vec<&str> = ["tasks", "done", "--yes"].into_iter().chain(ids.iter().map(String::as_str)).collect();
    let ended = ask("http://127.0.0.1:1", &words);
    assert_eq!(ended.exit, 2);
    assert!(ended.err.contains("these are 51 tasks, and 50 end at once at most"), "{}", ended.err);
}

#[test]
fn one_ends_without_a_question_and_says_in_whose_place() {
    let peer = Peer::new(vec![open(ONE, "work"), task(ONE, "work", "approved")]);
    let ended = ask(&peer.server, &["tasks", "done", ONE, "--plain"]);
    assert_eq!(ended.exit, 0, "{}", ended.err);
    assert!(ended.out.contains("Ended by\tcarol\n") && ended.out.contains("In the place of\tbob\n"), "{}", ended.out);
    assert!(ended.err.contains("it ended as approved"), "{}", ended.err);
}

#[test]
fn a_deputy_is_added_for_oneself_or_for_another() {
    let added = || answer(r#"{"id":"deputy_1","for":"bob","deputy":"carol","state":"planned"}"#);
    let until = "2026-12-11T18:00:00Z";
    let peer = Peer::new(vec![added(), added()]);
    let words = ["deputies", "add", "--deputy", "carol", "--until", until, "--reason", "on leave"];
    assert_eq!(ask(&peer.server, &words).exit, 0);
    let more = ["--for", "bob", "--from", "2026-12-01T08:00:00Z"];
    let words: Vec<&str> = words.into_iter().chain(more).collect();
    assert_eq!(ask(&peer.server, &words).exit, 0);
    let own = json!({ "deputy": "carol", "until": until, "reason": "on leave" });
    let body = |peer: &Peer| serde_json::from_str::<Value>(&peer.request().body).unwrap();
    assert_eq!(body(&peer), own);
    let mut other = own;
    (other["for"], other["from"]) = ("bob".into(), "2026-12-01T08:00:00Z".into());
    assert_eq!(body(&peer), other);
    let ended = ask("http://127.0.0.1:1", &["deputies", "add", "--deputy", "carol", "--reason", "x"]);
    assert_eq!(ended.exit, 2, "a deputy without an end");
}
