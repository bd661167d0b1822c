//! `doctor`: each thing that can be wrong is a line with a way out, and nothing is changed.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use serde_json::Value;

use crate::peer::{Peer, json, problem};
use crate::tenure::{Ended, ask};

const READY: &str = r#"{"status":"ok","checks":[{"name":"database","ok":true}]}"#;
const OWNER: &str = r#"{"name":"ada","kind":"caller","roles":["owner"]}"#;

/// A folder with a configuration, an estate and a place for data.
struct Here {
    folder: PathBuf,
}

impl Here {
    fn new(name: &str) -> Self {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("doctor-{name}-{}", std::process::id()));
        for inner in ["estate/roles", "data"] {
            fs::create_dir_all(folder.join(inner)).unwrap();
        }
        fs::set_permissions(folder.join("data"), fs::Permissions::from_mode(0o700)).unwrap();
        let shown = folder.display();
        let config = format!(
            "listen = '127.0.0.1:0'\ndatabase.url = 'sqlite:{shown}/none.db'\nestate.folder = '{shown}/estate'\ndata.folder = '{shown}/data'\n"
        );
        fs::write(folder.join("tenure.toml"), config).unwrap();
        Self { folder }
    }

    fn doctor(&self, peer: &Peer) -> Ended {
        ask(&peer.server, &["doctor", "--json", "--config", self.folder.join("tenure.toml").to_str().unwrap()])
    }
}

fn well() -> Peer {
    Peer::new(vec![json(READY), json(READY), json(OWNER)])
}

/// The states of this check.
fn states(ended: &Ended, check: &str) -> Vec<String> {
    let rows: Vec<Value> = serde_json::from_str(&ended.out).unwrap();
    let of = rows.iter().filter(|row| row["check"] == check);
    of.map(|row| format!("{} {}", row["state"].as_str().unwrap(), row["found"].as_str().unwrap())).collect()
}

#[test]
fn a_healthy_place_has_no_failure() {
    let here = Here::new("well");
    let ended = here.doctor(&well());
    assert_eq!(ended.exit, 0, "{}{}", ended.out, ended.err);
    for (check, start) in [
        ("configuration", "ok "),
        ("data folder", "ok "),
        ("estate", "ok "),
        ("database", "warn there is none yet"),
        ("port", "warn nobody listens"),
        ("server", "ok "),
        ("clock", "warn the server does not say"),
        ("token", "ok you are ada (caller, owner)"),
    ] {
        let found = states(&ended, check);
        assert!(found.len() == 1 && found[0].starts_with(start), "{check}: {found:?}");
    }
    assert!(!here.folder.join("none.db").exists(), "the doctor made a database");
}

#[test]
fn every_problem_of_the_estate_is_told_with_its_place() {
    let here = Here::new("estate");
    fs::write(here.folder.join("estate/roles/a.yaml"), "kind: Role\nnam: x\n").unwrap();
    fs::write(here.folder.join("estate/b.yml"), "- [\n").unwrap();
    fs::write(here.folder.join("estate/notes.txt"), "not a document").unwrap();
    let ended = here.doctor(&well());
    assert_eq!(ended.exit, 1, "{}", ended.out);
    let found = states(&ended, "estate");
    for file in ["estate/roles/a.yaml:", "estate/b.yml:"] {
        assert!(found.iter().any(|found| found.starts_with("fail ") && found.contains(file)), "{file}: {found:?}");
    }
    assert!(found.len() > 2 && ended.err.starts_with("error[TEN-E20"), "{found:?} {}", ended.err);
}

#[test]
fn a_data_folder_that_others_may_write_fails_and_one_they_may_read_warns() {
    let here = Here::new("data");
    for (mode, start, exit) in [(0o777, "fail ", 1), (0o755, "warn ", 0)] {
        fs::set_permissions(here.folder.join("data"), fs::Permissions::from_mode(mode)).unwrap();
        let ended = here.doctor(&well());
        assert_eq!((ended.exit, states(&ended, "data folder")[0].starts_with(start)), (exit, true), "{}", ended.out);
    }
}

#[test]
fn a_wrong_setting_keeps_its_code_and_the_server_is_looked_at_all_the_same() {
    let here = Here::new("config");
    fs::write(here.folder.join("tenure.toml"), "listn = '127.0.0.1:1'\n").unwrap();
    let ended = here.doctor(&well());
    assert_eq!(ended.exit, 1);
    assert!(ended.err.starts_with("error[TEN-E0901]") && ended.err.contains("did you mean `listen`"), "{}", ended.err);
    assert_eq!(states(&ended, "token").len(), 1);
}

#[test]
fn a_clock_that_is_apart_warns() {
    let late = json(READY).replacen("\r\n", "\r\ndate: Mon, 01 Jan 2001 00:00:00 GMT\r\n", 1);
    let ended = ask(&Peer::new(vec![json(READY), late, json(OWNER)]).server, &["doctor", "--json"]);
    assert_eq!(ended.exit, 0, "{}", ended.err);
    assert!(states(&ended, "clock")[0].contains(" s behind this machine"), "{}", ended.out);
}

#[test]
fn a_token_that_has_ended_fails_with_4() {
    let peer = Peer::new(vec![json(READY), json(READY), problem(401, "TEN-E0203", "the token has ended")]);
    let ended = ask(&peer.server, &["doctor", "--json"]);
    assert_eq!(ended.exit, 4);
    assert!(states(&ended, "token")[0].starts_with("fail the token has ended"), "{}", ended.out);
}

#[test]
fn a_server_that_cannot_write_says_so_and_the_token_is_still_looked_at() {
    let ill = r#"{"status":"failing","checks":[{"name":"database","ok":false,"found":"the database cannot write"}]}"#;
    let ill = crate::peer::answer("503 Service Unavailable", "application/json", ill);
    let ended = ask(&Peer::new(vec![ill, json(READY), json(OWNER)]).server, &["doctor", "--json"]);
    assert_eq!(ended.exit, 5);
    assert!(states(&ended, "server")[0].contains("not ready: database: the database cannot write"), "{}", ended.out);
    assert!(states(&ended, "token")[0].starts_with("ok "), "{}", ended.out);
}

#[test]
fn a_server_that_is_not_ready_is_told_and_the_token_is_still_looked_at() {
    let peer = Peer::new(vec![problem(503, "TEN-E0403", "not ready yet"), json(READY), json(OWNER)]);
    let ended = ask(&peer.server, &["doctor", "--json"]);
    assert_eq!(ended.exit, 5);
    assert!(states(&ended, "server")[0].starts_with("fail not ready yet"), "{}", ended.out);
    assert!(states(&ended, "token")[0].starts_with("ok "), "{}", ended.out);
}
