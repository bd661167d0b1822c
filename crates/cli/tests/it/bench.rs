//! Measuring, small: what comes out has every figure, and the process of the engine does what
//! `bench/peers` asks of each system.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Stdio};
use std::sync::mpsc;

use serde_json::{Value as Json, json};

use crate::tenure::{command, run, tenure};

#[test]
fn figures_come_with_goals_and_nothing_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let only = "http-1,http-256,inner-3,parked";
    let place = folder.path().display().to_string();
    let small = ["--runs", "100", "--rounds", "3", "--parked", "2000", "--folder", &place, "--json"];
    let ended = tenure(&[&["bench", "engine", "--only", only], &small[..]].concat());
    assert_eq!(ended.exit, 0, "{}", ended.err);
    let figures: Vec<Json> = serde_json::from_str(&ended.out).unwrap();
    let find = |workload: &str, what: &str| {
        let found = figures.iter().find(|figure| figure["workload"] == workload && figure["what"] == what);
        found.unwrap_or_else(|| panic!("no {what} of {workload} in {}", ended.out))
    };
    for workload in ["3 steps over HTTP, 1 in flight", "3 steps over HTTP, 256 in flight"] {
        for what in ["rate", "p50", "p99", "for each CPU second", "runs for each bare commit"] {
            assert!(find(workload, what)["value"].as_f64().unwrap() > 0.0);
        }
    }
    let of_rounds = ["rate of the worst round", "rate", "rate of the best round"];
    let rates = of_rounds.map(|what| find("3 steps, all in process, 256 in flight", what)["value"].as_f64().unwrap());
    assert!(rates.is_sorted(), "{rates:?}");
    let rate = find("3 steps over HTTP, 256 in flight", "rate");
    assert_eq!(
        (&rate["on"], &rate["unit"], &rate["goal"]),
        (&json!("sqlite"), &json!("/s"), &json!({ "atLeast": 3000.0 }))
    );
    assert!(rate["reached"].is_boolean(), "{rate}");
    assert_eq!(find("append 4 KiB and sync", "rate")["on"], "disk");
    assert!(find("2000 parked runs", "resident memory")["value"].as_f64().unwrap() > 1.0);
    // Half of the crowd waits for a signal, and each of these is signalled once.
    assert_eq!(find("signals among 2000 parked, 1 at a time", "signals")["value"], 1000.0);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "the folder is cleared away");
}

#[test]
fn what_if_finds_the_same_as_cedar_and_as_the_plans() {
    let small = ["--people", "600", "--rules", "12", "--entitlements", "30", "--edits", "10", "--samples", "400"];
    let ended = tenure(&[&["bench", "whatif", "--json"], &small[..]].concat());
    let figures: Vec<Json> = serde_json::from_str(&ended.out).unwrap();
    let find = |what: &str| {
        let found = figures.iter().filter(|figure| figure["what"] == what);
        found.map(|figure| figure["value"].as_f64().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(find("other than the columns say"), [0.0, 0.0], "{}", ended.out);
    assert!(find("given").iter().all(|given| *given > 10.0), "{}", ended.out);
    assert!(find("changes found for each edit")[0] > 0.0, "{}", ended.out);
    let missed = figures.iter().any(|figure| figure["reached"] == false);
    assert_eq!(ended.exit, i32::from(missed), "{}", ended.out);
    assert_eq!(tenure(&["bench", "whatif", "--people", "0"]).exit, 2);
}

#[test]
fn wrong_words_are_named() {
    let ended = tenure(&["bench", "engine", "--only", "everything"]);
    assert_eq!(ended.exit, 2);
    assert!(ended.err.contains("there are http-1, http-256"), "{}", ended.err);
    let ended = tenure(&["bench", "engine", "--folder", "/nowhere"]);
    assert_eq!(ended.exit, 1);
    assert!(ended.err.contains("error[TEN-E0807]: cannot write `/nowhere/tenure-bench-"), "{}", ended.err);
    let folder = tempfile::tempdir().unwrap();
    let mut bad = command(&["bench", "engine", "--runs", "10", "--only", "http-1", "--folder"]);
    let ended = run(bad.arg(folder.path()).env("TENURE_BENCH_POSTGRES", "postgres://u:hush@127.0.0.1:1/x"));
    assert_eq!(ended.exit, 1);
    assert!(ended.err.contains("error[TEN-E0815]: cannot use `postgres://u@127.0.0.1:1/x`"), "{}", ended.err);
    assert!(!ended.err.contains("hush"), "{}", ended.err);
}

#[test]
fn the_process_of_the_engine_answers_when_the_run_is_over() {
    let (steps, seen) = step_server();
    let folder = tempfile::tempdir().unwrap();
    let (mut child, address) = serve(folder.path(), &steps);
    let answer = post(&address, "/run", r#"{"n": 7}"#);
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with(r#"{"n":7}"#), "{answer}");
    let calls: Vec<String> = seen.try_iter().collect();
    assert_eq!(calls, [r#"/step/1 {"n":7}"#, r#"/step/2 {"n":7}"#, r#"/step/3 {"n":7}"#]);
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
    // And it starts again on what is there.
    let (mut child, _) = serve(folder.path(), &steps);
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
}

fn serve(folder: &std::path::Path, steps: &str) -> (Child, String) {
    let mut serve = command(&["bench", "engine", "--serve", "127.0.0.1:0", "--until-closed", "--steps", steps]);
    // Set to nothing, it names no database.
    serve.arg("--folder").arg(folder).env("TENURE_BENCH_POSTGRES", "").stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = serve.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    (child, line.trim().trim_start_matches("listening on ").to_owned())
}

/// Answers each step at once, and tells which came with what.
fn step_server() -> (String, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (tell, seen) = mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let tell = tell.clone();
            std::thread::spawn(move || answer_steps(stream, &tell));
        }
    });
    (address, seen)
}

fn answer_steps(mut stream: TcpStream, tell: &mpsc::Sender<String>) -> Option<()> {
    let mut lines = BufReader::new(stream.try_clone().ok()?);
    loop {
        let (mut first, mut length) = (String::new(), 0);
        lines.read_line(&mut first).ok().filter(|count| *count > 0)?;
        loop {
            let mut line = String::new();
            lines.read_line(&mut line).ok()?;
            match line.trim().to_ascii_lowercase().strip_prefix("content-length:") {
                Some(count) => length = count.trim().parse().ok()?,
                None if line.trim().is_empty() => break,
                None => {}
            }
        }
        let mut body = vec![0; length];
        lines.read_exact(&mut body).ok()?;
        let path = first.split_whitespace().nth(1)?;
        tell.send(format!("{path} {}", String::from_utf8_lossy(&body))).ok()?;
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}").ok()?;
    }
}

fn post(address: &str, path: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    let length = body.len();
    let head = format!("POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\n");
    write!(stream, "{head}content-length: {length}\r\n\r\n{body}").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}
