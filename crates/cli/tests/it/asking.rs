//! Asking a server: what is sent, what is shown, and how each refusal ends.

use std::process::{Command, Stdio};

use crate::peer::{Peer, answer, json, problem};
use crate::tenure::{ask, command, run};

const PAGE: &str = r#"{"items":[
    {"id":"person_00000000000000000000000001","displayName":"Ada Lovelace","kind":"employee","standing":"active","since":"2026-01-01T00:00:00Z","new":1},
    {"id":"person_00000000000000000000000002","displayName":"Adam Riese","kind":"contractor","standing":"left","since":"2026-02-01T00:00:00Z"}]}"#;
const RUN: &str = "run_00000000000000000000000001";

#[test]
fn a_list_has_four_forms() {
    let show = |words: &[&str]| ask(&Peer::new(vec![json(PAGE)]).server, words);
    assert_eq!(
        show(&["people", "list"]).out,
        "\
Id                                 Name          Kind        Standing  Since
person_00000000000000000000000001  Ada Lovelace  employee    active    2026-01-01T00:00:00Z
person_00000000000000000000000002  Adam Riese    contractor  left      2026-02-01T00:00:00Z
"
    );
    let plain = show(&["people", "list", "--plain"]).out;
    assert!(plain.starts_with("person_00000000000000000000000001\tAda Lovelace\temployee\t"), "{plain}");
    let array: serde_json::Value = serde_json::from_str(&show(&["people", "list", "--json"]).out).unwrap();
    assert_eq!((array[0]["new"].as_i64(), array.as_array().unwrap().len()), (Some(1), 2));
    let lines = show(&["people", "list", "-o", "jsonl"]).out;
    assert!(lines.lines().count() == 2 && lines.lines().all(|line| line.starts_with("{\"")), "{lines}");
}

#[test]
fn a_request_carries_token_and_query() {
    let peer = Peer::new(vec![json(PAGE)]);
    let ended = ask(&peer.server, &["people", "list", "--search", "ada & co", "--limit", "7", "-v"]);
    let request = peer.request();
    assert_eq!(request.line, "GET /v1/people?search=ada+%26+co&limit=7");
    assert!(request.head.contains("\r\nauthorization: bearer tnr_canary\r\n"), "{}", request.head);
    assert!(ended.err.starts_with("GET /v1/people -> 200 OK in ") && !ended.err.contains("canary"), "{}", ended.err);
}

#[test]
fn a_list_goes_on_to_the_next_page() {
    let first = PAGE.trim_end_matches('}').to_owned() + r#","next":"c/1"}"#;
    let peer = Peer::new(vec![json(&first), json(PAGE)]);
    let ended = ask(&peer.server, &["people", "list", "--all", "-o", "jsonl"]);
    assert_eq!((ended.exit, ended.out.lines().count()), (0, 4));
    assert_eq!(peer.request().line, "GET /v1/people?limit=100");
    assert_eq!(peer.request().line, "GET /v1/people?limit=100&after=c%2F1");
}

#[test]
fn every_refusal_has_its_end() {
    for (status, code, exit) in [
        (401, "TEN-E0202", 4),
        (403, "TEN-E0204", 4),
        (404, "TEN-E0107", 1),
        (409, "TEN-E0302", 4),
        (422, "TEN-E0103", 1),
        (500, "TEN-E0111", 1),
        (503, "TEN-E0401", 5),
    ] {
        let peer = Peer::new(vec![problem(status, code, "it was refused")]);
        let ended = ask(&peer.server, &["runs", "show", RUN]);
        assert_eq!((ended.exit, ended.out.as_str()), (exit, ""), "{status}");
        let wanted = format!("error[{code}]: it was refused\ncause: this very case\n");
        assert!(ended.err.starts_with(&wanted), "{status}: {}", ended.err);
        assert!(!ended.err.contains('\u{1b}'), "{}", ended.err);
    }
}

#[test]
fn nobody_there_ends_with_5() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let server = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let ended = ask(&server, &["people", "list"]);
    assert_eq!((ended.exit, ended.out.as_str()), (5, ""));
    assert!(ended.err.starts_with(&format!("error[TEN-E0801]: cannot reach `{server}`\ncause: ")), "{}", ended.err);
    assert!(ended.err.contains("refused") && ended.err.contains("hint: start it with `tenure serve`"), "{}", ended.err);
}

#[test]
fn silence_ends_with_5_after_the_timeout() {
    let peer = Peer::new(vec![String::new()]);
    let ended = ask(&peer.server, &["people", "list", "--timeout", "300ms"]);
    assert_eq!(ended.exit, 5);
    assert!(ended.err.starts_with("error[TEN-E0808]"), "{}", ended.err);
}

#[test]
fn what_is_not_tenure_is_told_apart() {
    for (answers, exit) in [
        (answer("502 Bad Gateway", "text/html", "<h1>no"), 5),
        (answer("200 OK", "text/html", "<h1>hello"), 1),
        (answer("200 OK", "application/json", "{\"items\":"), 1),
        (answer("200 OK", "application/json", "[]"), 1),
        (answer("404 Not Found", "application/json", "{}"), 1),
    ] {
        let ended = ask(&Peer::new(vec![answers.clone()]).server, &["people", "list"]);
        assert_eq!(ended.exit, exit, "{answers}");
        assert!(ended.err.starts_with("error[TEN-E0802]"), "{answers}: {}", ended.err);
    }
}

#[test]
fn a_token_is_not_carried_to_where_a_redirect_points() {
    let elsewhere = Peer::new(vec![json(PAGE)]);
    let moved = format!("HTTP/1.1 302 Found\r\nlocation: {}/\r\ncontent-length: 0\r\n\r\n", elsewhere.server);
    let ended = ask(&Peer::new(vec![moved]).server, &["people", "list"]);
    assert_eq!(ended.exit, 1);
    assert!(elsewhere.is_quiet());
}

#[test]
fn a_person_is_found_by_letters_or_the_candidates_are_named() {
    let no_key = || problem(404, "TEN-E0107", "not found");
    let peer = Peer::new(vec![no_key(), json(PAGE)]);
    let ended = ask(&peer.server, &["why", "ada"]);
    assert_eq!(ended.exit, 1);
    assert!(ended.err.contains("hint: person_00000000000000000000000002  Adam Riese"), "{}", ended.err);

    let one = r#"{"items":[{"id":"person_00000000000000000000000001","displayName":"Ada Lovelace"}]}"#;
    let why = r#"{"person":"person_00000000000000000000000001","answer":"Ada is in finance","chain":[{"kind":"grant","id":"grant_1","says":"a rule gives it"}]}"#;
    let peer = Peer::new(vec![no_key(), json(one), json(why)]);
    let ended = ask(&peer.server, &["why", "ada", "ldap/group/finance"]);
    assert_eq!(
        ended.out,
        "Ada is in finance\n\nBecause\nWhat   Says             When  Id\ngrant  a rule gives it  -     grant_1\n"
    );
    assert_eq!(peer.request().line, "GET /v1/people/ada");
    drop(peer.request());
    let line = peer.request().line;
    assert_eq!(line, "GET /v1/people/person_00000000000000000000000001/why?access=ldap%2Fgroup%2Ffinance");
}

#[test]
fn events_go_one_by_one_and_some_may_be_refused() {
    let accepted = r#"{"event":"event_1","status":"accepted","runs":["run_1"]}"#;
    let peer = Peer::new(vec![json(accepted), problem(422, "TEN-E0103", "the body is not acceptable")]);
    let ended = ask(&peer.server, &["events", "send", "--connection", "hr", "--data", r#"[{"id":"1"},{"id":"2"}]"#]);
    assert_eq!(ended.exit, 6);
    assert!(ended.out.contains("event_1  accepted"), "{}", ended.out);
    assert!(ended.err.contains("error[TEN-E0813]: 1 of 2 events were accepted"), "{}", ended.err);
    let request = peer.request();
    assert_eq!((request.line.as_str(), request.body.as_str()), ("POST /v1/connections/hr/events", r#"{"id":"1"}"#));
    assert_eq!(peer.request().body, r#"{"id":"2"}"#);
}

#[test]
fn the_secret_of_a_token_alone_goes_to_standard_output() {
    let created =
        r#"{"id":"token_1","name":"ci","roles":["auditor"],"expiresAt":"2027-01-01T00:00:00Z","secret":"tnr_new"}"#;
    let peer = Peer::new(vec![answer("201 Created", "application/json", created)]);
    let ended = ask(&peer.server, &["token", "create", "--name", "ci", "--role", "auditor", "--days", "30"]);
    assert_eq!((ended.exit, ended.out.as_str()), (0, "tnr_new\n"));
    assert!(ended.err.contains("it is not shown again") && !ended.err.contains("tnr_new"), "{}", ended.err);
    let body: serde_json::Value = serde_json::from_str(&peer.request().body).unwrap();
    assert_eq!(body, serde_json::json!({"name": "ci", "roles": ["auditor"], "days": 30}));
}

#[test]
fn watching_ends_as_the_run_does() {
    let at =
        |status: &str, records: &str| json(&format!(r#"{{"id":"{RUN}","status":"{status}","records":[{records}]}}"#));
    let (one, two) = (
        r#"{"sequence":0,"at":"t0","node":"a","summary":"began"}"#,
        r#"{"sequence":1,"at":"t1","node":"a","summary":"did"}"#,
    );
    let both = format!("{one},{two}");
    let no_stream = || problem(404, "TEN-E0107", "not found");
    let peer = Peer::new(vec![no_stream(), at("running", one), at("running", one), at("done", &both)]);
    let ended = ask(&peer.server, &["runs", "watch", RUN, "--every", "1ms"]);
    assert_eq!((ended.exit, ended.out.as_str()), (0, "t0  a  began\nt1  a  did\n"));
    let peer = Peer::new(vec![no_stream(), at("blocked", one)]);
    assert_eq!(ask(&peer.server, &["runs", "watch", RUN, "-q"]).exit, 6);
}

#[test]
fn a_stream_is_followed_and_the_run_itself_tells_how_it_ended() {
    let record = |sequence: u8| format!(r#"{{"sequence":{sequence},"at":"t{sequence}","node":"a","summary":"did"}}"#);
    let all = [record(0), record(1), record(2)];
    let run = |status: &str, count: usize| {
        format!(r#"{{"id":"{RUN}","status":"{status}","records":[{}]}}"#, all[..count].join(","))
    };
    // Broken off in the middle of an event: what was missed comes with the run, and nothing comes twice.
    let change = r#"{"status":"running"}"#;
    let stream =
        format!(": alive\n\nevent: run\ndata: {}\n\nevent: change\ndata: {change}\n\ndata: {{", run("running", 1));
    let stream = answer("200 OK", "text/event-stream", &stream);
    let peer = Peer::new(vec![stream, json(&run("running", 2)), json(&run("done", 3))]);
    let ended = ask(&peer.server, &["runs", "watch", RUN]);
    assert_eq!((ended.exit, ended.out.as_str()), (0, "t0  a  did\nt1  a  did\nt2  a  did\n"), "{}", ended.err);
    let request = peer.request();
    assert_eq!(request.line, format!("GET /v1/runs/{RUN}/watch"));
    assert!(request.head.contains("\r\naccept: text/event-stream\r\n"), "{}", request.head);
    assert_eq!(peer.request().line, format!("GET /v1/runs/{RUN}"));
}

#[test]
fn a_run_that_nobody_has_is_told_as_such() {
    let gone = || problem(404, "TEN-E0107", "not found");
    let ended = ask(&Peer::new(vec![gone(), gone()]).server, &["runs", "watch", RUN]);
    assert_eq!(ended.exit, 1);
    assert!(ended.err.starts_with("error[TEN-E0107]: not found\n"), "{}", ended.err);
}

/// What was sent, as JSON.
fn sent(peer: &Peer) -> (String, serde_json::Value) {
    let request = peer.request();
    (request.line, serde_json::from_str(&request.body).unwrap())
}

#[test]
fn a_run_is_started_and_a_step_skipped() {
    let peer = Peer::new(vec![answer("202 Accepted", "application/json", &format!(r#"{{"run":"{RUN}"}}"#))]);
    let ended = ask(&peer.server, &["runs", "start", "leaver", "--lane", "a", "--input", r#"{"x":1}"#]);
    assert_eq!((ended.exit, ended.out.as_str()), (0, format!("Run  {RUN}\n").as_str()), "{}", ended.err);
    assert!(ended.err.contains(&format!("`tenure runs watch {RUN}` follows it")), "{}", ended.err);
    let body = serde_json::json!({"workflow": "leaver", "lane": "a", "input": {"x": 1}});
    assert_eq!(sent(&peer), ("POST /v1/runs".to_owned(), body));
    let peer = Peer::new(vec![json(r#"{"status":"queued"}"#)]);
    assert_eq!(ask(&peer.server, &["runs", "skip", RUN, "ask", "--reason", "because"]).exit, 0);
    let body = serde_json::json!({"node": "ask", "outcome": "done", "reason": "because"});
    assert_eq!(sent(&peer), (format!("POST /v1/runs/{RUN}/skip"), body));
}

#[test]
fn a_plan_with_changes_ends_with_3() {
    let ada = "person_00000000000000000000000001";
    let plan = |changes: &str| json(&format!(r#"{{"person":"{ada}","presence":"here","changes":[{changes}]}}"#));
    let change = r#"{"connection":"ldap","change":"create-account","why":["she works here"]}"#;
    let ended = ask(&Peer::new(vec![plan(change)]).server, &["people", "plan", ada]);
    assert_eq!(ended.exit, 3);
    assert!(ended.out.contains("create-account  ldap"), "{}", ended.out);
    assert_eq!(ask(&Peer::new(vec![plan("")]).server, &["people", "plan", ada]).exit, 0);
}

#[test]
fn an_event_in_words_is_sent_as_the_source_would() {
    let answered = r#"{"event":"event_1","status":"accepted","runs":[]}"#;
    let peer = Peer::new(vec![answer("202 Accepted", "application/json", answered)]);
    let words = ["--type", "employment.ended", "--employee", "E1042", "--last-day", "2026-11-30"];
    assert_eq!(ask(&peer.server, &[&["events", "send", "--connection", "hr"], &words[..]].concat()).exit, 0);
    let body = serde_json::json!({"id": "employment.ended/E1042/2026-11-30", "type": "employment.ended",
        "person": {"employeeId": "E1042"}, "lastDay": "2026-11-30"});
    assert_eq!(sent(&peer), ("POST /v1/connections/hr/events".to_owned(), body));
}

#[test]
fn what_an_event_started_is_followed_though_it_is_not_there_at_once() {
    let answered = format!(r#"{{"event":"event_1","status":"accepted","runs":["{RUN}"]}}"#);
    let run = format!(
        r#"{{"id":"{RUN}","status":"done","records":[{{"sequence":0,"at":"t0","node":"a","summary":"did"}}]}}"#
    );
    let gone = || problem(404, "TEN-E0107", "not found");
    let peer = Peer::new(vec![json(&answered), gone(), gone(), json(&run), gone(), json(&run)]);
    let words = ["events", "send", "--connection", "hr", "--data", "{}", "--watch"];
    let ended = ask(&peer.server, &words);
    assert!(ended.exit == 0 && ended.out.ends_with("t0  a  did\n"), "{} {}", ended.out, ended.err);
}

#[test]
fn a_case_is_answered_with_a_person_found_by_letters() {
    let case = "case_00000000000000000000000001";
    let ada = r#"{"items":[{"id":"person_00000000000000000000000001","displayName":"Ada Lovelace"}]}"#;
    let no_key = problem(404, "TEN-E0107", "not found");
    let peer = Peer::new(vec![no_key, json(ada), json(r#"{"state":"resolved"}"#)]);
    assert_eq!(ask(&peer.server, &["cases", "resolve", case, "--person", "ada"]).exit, 0);
    drop((peer.request(), peer.request()));
    let (line, body) = sent(&peer);
    assert_eq!(line, format!("POST /v1/cases/{case}/resolve"));
    assert_eq!(
        (body["answer"].as_str(), body["person"].as_str()),
        (Some("person"), Some("person_00000000000000000000000001"))
    );
    for words in [&["--dismiss"][..], &["--person", "ada", "--new-person"], &[]] {
        assert_eq!(ask("http://127.0.0.1:1", &[&["cases", "resolve", case], words].concat()).exit, 2, "{words:?}");
    }
}

#[test]
fn an_interrupt_ends_with_130() {
    let peer = Peer::new(vec![String::new()]);
    let mut child = command(&["runs", "watch", RUN])
        .env("TENURE_SERVER", &peer.server)
        .env("TENURE_TOKEN", "tnr_canary")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    drop(peer.request());
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
}

#[test]
fn a_context_names_server_and_token() {
    let peer = Peer::new(vec![json(PAGE)]);
    let folder = std::path::PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("context-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let (contexts, token) = (folder.join("contexts.toml"), folder.join("token"));
    std::fs::write(&token, "tnr_of_the_file\n").unwrap();
    std::fs::write(&contexts, format!("[prod]\nserver = \"{}\"\ntoken-file = {token:?}\n", peer.server)).unwrap();
    let contexts = contexts.to_str().unwrap();
    // What the environment says of another server and its token does not count then.
    let ended = ask("http://127.0.0.1:1", &["people", "list", "--context", "prod", "--contexts", contexts]);
    assert_eq!(ended.exit, 0, "{}", ended.err);
    assert!(peer.request().head.contains("bearer tnr_of_the_file\r\n"));
    let unknown = run(&mut command(&["people", "list", "--context", "test", "--contexts", contexts]));
    assert_eq!(unknown.exit, 2);
    assert!(unknown.err.contains("there is no context `test`") && unknown.err.contains("`prod`"), "{}", unknown.err);
}

#[test]
fn two_people_are_merged_and_the_way_back_is_told() {
    let (ada, other) = ("person_00000000000000000000000001", "person_00000000000000000000000002");
    let merge = "merge_00000000000000000000000003";
    let peer = Peer::new(vec![json(&format!(r#"{{"id":"{merge}","kind":"merge","moved":3}}"#))]);
    let ended = ask(&peer.server, &["people", "merge", ada, other, "--reason", "one and the same"]);
    assert_eq!(ended.exit, 0);
    assert!(ended.err.contains(&format!("`tenure people unmerge {merge}` takes it back")), "{}", ended.err);
    let body = serde_json::json!({"other": other, "reason": "one and the same"});
    assert_eq!(sent(&peer), (format!("POST /v1/people/{ada}/merge"), body));
    let peer = Peer::new(vec![json("{}")]);
    assert_eq!(ask(&peer.server, &["people", "unmerge", merge]).exit, 0);
    assert_eq!(sent(&peer).0, format!("POST /v1/merges/{merge}/undo"));
    let peer = Peer::new(vec![json("{}")]);
    let words = ["people", "split", ada, "--engagement", "C7", "--engagement", "C8", "--reason", "two"];
    assert_eq!(ask(&peer.server, &words).exit, 0);
    let body = serde_json::json!({"engagements": ["C7", "C8"], "accounts": [], "reason": "two"});
    assert_eq!(sent(&peer), (format!("POST /v1/people/{ada}/split"), body));
    let peer = Peer::new(vec![json("{}")]);
    assert_eq!(ask(&peer.server, &["people", "name", ada, "mail", "--name", "ada"]).exit, 0);
    let body = serde_json::json!({"generator": "mail", "name": "ada"});
    assert_eq!(sent(&peer), (format!("POST /v1/people/{ada}/name"), body));
}

const SET: &str = r#"{"id":"set_00000000000000000000000001","state":"ready","workflow":"survey","goodUntil":"2026-11-29T09:00:00Z",
    "lookedAt":3,"unclear":0,"progress":{"named":0,"ready":2,"cannot":1,"begun":0,"runs":{}}}"#;

/// What is asked, one after the other, to look at a set.
fn looking() -> Vec<String> {
    let ready = r#"{"items":[{"place":1,"named":"E1","name":"Ada","state":"ready"},{"place":3,"named":"E3","name":"Bo","state":"ready"}]}"#;
    let cannot =
        r#"{"items":[{"place":2,"named":"E9","state":"cannot","why":"there is no such person, or more than one"}]}"#;
    let made = SET.replace("ready", "looking");
    [&made, SET, ready, r#"{"items":[]}"#, cannot].map(json).to_vec()
}

#[test]
fn a_workflow_for_many_is_looked_at_and_starts_nothing_without_a_reason() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("people.csv");
    std::fs::write(&file, "name,employeeId\nAda,E1\nNobody,E9\nBo,E3\n").unwrap();
    let file = file.display().to_string();
    for words in [&["--dry-run", "--reason", "spring"][..], &[]] {
        let peer = Peer::new(looking());
        let ended =
            ask(&peer.server, &[&["runs", "start", "survey", "--file", &file, "--input", "days=30"], words].concat());
        assert_eq!(ended.exit, 0, "{}", ended.err);
        let made = peer.request();
        assert_eq!(made.line, "POST /v1/sets");
        let body: serde_json::Value = serde_json::from_str(&made.body).unwrap();
        let wanted = serde_json::json!({ "workflow": "survey", "people": ["E1", "E9", "E3"], "input": { "days": 30 } });
        assert_eq!(body, wanted);
        assert!(ended.out.contains("E3") && ended.out.contains("there is no such person"), "{}", ended.out);
        let hint = "nothing was started; `tenure sets start set_00000000000000000000000001 --people 2 --reason";
        assert!(ended.err.contains(hint), "{}", ended.err);
    }
}

#[test]
fn a_workflow_for_many_is_started_as_it_was_seen() {
    let mut answers = looking();
    answers.push(json(&SET.replace("ready\",\"work", "starting\",\"work")));
    let peer = Peer::new(answers);
    let words = ["runs", "start", "survey", "--where", "person.department == 'x'", "--reason", "spring", "--yes"];
    let ended = ask(&peer.server, &words);
    assert_eq!(ended.exit, 0, "{}", ended.err);
    let requests: Vec<_> = (0..6).map(|_| peer.request()).collect();
    assert!(requests[0].body.contains(r#""where":"person.department == 'x'""#), "{}", requests[0].body);
    assert_eq!(requests[5].line, "POST /v1/sets/set_00000000000000000000000001/start");
    assert_eq!(requests[5].body, r#"{"people":2,"reason":"spring"}"#);
    // Without a yes nobody is asked to confirm, and nothing is started.
    let peer = Peer::new(looking());
    let ended = ask(&peer.server, &words[..words.len() - 1]);
    assert_eq!(ended.exit, 2, "{}", ended.err);
    assert!(ended.err.contains("start `survey` for 2 people?"), "{}", ended.err);
}

#[test]
fn a_file_that_names_nobody_asks_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("people.csv");
    std::fs::write(&file, "employeeId\n").unwrap();
    let ended = ask("http://127.0.0.1:1", &["runs", "start", "survey", "--file", &file.display().to_string()]);
    assert_eq!(ended.exit, 2, "{}", ended.err);
    assert!(ended.err.contains("names nobody"), "{}", ended.err);
}

#[test]
fn an_event_that_begins_nothing_is_not_waited_for_and_it_is_said_why() {
    for (answer, why) in [
        (
            r#"{"event":"event_1","status":"accepted","runs":[],"unbegun":"no workflow waits for `custom.x`"}"#,
            "it started nothing: no workflow waits for `custom.x`",
        ),
        (
            r#"{"event":"event_1","status":"held","runs":[],"case":"case_1"}"#,
            "it started nothing: a human must say first whom it is about; see `tenure cases show case_1`",
        ),
    ] {
        let peer = Peer::new(vec![json(answer)]);
        let ended = ask(&peer.server, &["events", "send", "--connection", "hr", "--data", "{}", "--watch"]);
        assert!(ended.exit == 0 && ended.err.contains(why), "{}: {}", ended.exit, ended.err);
    }
}

#[test]
fn a_campaign_is_shown_with_those_who_were_asked() {
    let counts = r#""asked":2,"decided":1,"open":OPEN,"overdue":0,"reminded":0,"unanswered":0"#;
    let of = |open: &str| counts.replace("OPEN", open);
    let body = format!(
        r#"{{"workflow":"access-review","people":2,"more":false,"runs":{{"waiting":2}},"questions":{{{}}},
            "things":{{"shown":5,"undecided":2,"kept":1,"going":0,"gone":2,"objected":0,"withheld":0}},
            "reviewers":[{{"reviewer":"person:E1",{},"kept":1,"chosen":2}},{{"reviewer":"person:E2",{},"kept":0,"chosen":0}}]}}"#,
        of("1"),
        of("0"),
        of("1")
    );
    let peer = Peer::new(vec![json(&body)]);
    let ended = ask(&peer.server, &["reviews", "show", "access-review", "--since", "2026-01-01T00:00:00Z"]);
    assert_eq!(peer.request().line, "GET /v1/reviews/access-review?since=2026-01-01T00%3A00%3A00Z");
    assert_eq!(ended.exit, 0, "{}", ended.err);
    assert!(ended.out.contains("Gone, read back"), "{}", ended.out);
    let (open, done) = (ended.out.find("person:E2").unwrap(), ended.out.find("person:E1").unwrap());
    assert!(open < done, "{}", ended.out);
}
