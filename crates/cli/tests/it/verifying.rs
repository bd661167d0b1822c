//! `ledger verify` with files, as an auditor runs it who has no server.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};
use tenure_ledger::{Checkpoint, Entry, Frontier, Origin, SigningKey};
use tenure_model::{Actor, Clock as _, SteppedClock};

use crate::tenure::{Ended, tenure};

/// The files that an auditor holds.
struct Files {
    folder: PathBuf,
}

impl Files {
    fn new(name: &str, change: impl FnOnce(&mut Vec<Value>)) -> Self {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("verify-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let origin = Origin::first("id.example/ledger").unwrap();
        let key = SigningKey::from_seed(&origin.to_string(), &[7; 32].into()).unwrap();
        let clock = SteppedClock::at("2026-11-30T00:00:00Z".parse().unwrap());
        let mut frontier = Frontier::default();
        let mut views = Vec::new();
        for index in 0..9_u32 {
            let entry =
                Entry::new("run.started".parse().unwrap(), clock.now(), &Actor::system(&format!("part-{index}")));
            let leaf = entry.leaf().unwrap();
            frontier.append(leaf);
            views.push(json!({"index": index, "body": entry, "leafHash": leaf}));
        }
        change(&mut views);
        let lines: String = views.iter().rev().fold(String::new(), |text, view| text + &view.to_string() + "\n");
        fs::write(folder.join("entries.jsonl"), lines).unwrap();
        fs::write(folder.join("checkpoint"), Checkpoint { origin, head: frontier.head() }.sign(&key).unwrap()).unwrap();
        fs::write(folder.join("key"), format!("{}\n", key.public())).unwrap();
        Self { folder }
    }

    fn verify(&self) -> Ended {
        let file = |name: &str| self.folder.join(name).to_str().unwrap().to_owned();
        let (key, entries, checkpoint) = (file("key"), file("entries.jsonl"), file("checkpoint"));
        tenure(&["ledger", "verify", "--key-file", &key, "--entries", &entries, "--checkpoint", &checkpoint, "--json"])
    }
}

#[test]
fn an_honest_ledger_is_sound() {
    let ended = Files::new("honest", |_| ()).verify();
    assert_eq!((ended.exit, ended.err.as_str()), (0, ""));
    let found: Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!((found["verdict"].as_str(), found["entries"].as_u64()), (Some("sound"), Some(9)));
}

#[test]
fn a_changed_entry_is_named() {
    let ended = Files::new("changed", |views| views[4]["body"]["actor"]["part"] = json!("nobody")).verify();
    assert_eq!((ended.exit, ended.out.as_str()), (1, ""));
    assert!(ended.err.starts_with("error[TEN-E0806]: entry 4 was changed\n"), "{}", ended.err);
}

#[test]
fn an_entry_left_out_is_named() {
    let middle = Files::new("gap", |views| drop(views.remove(4))).verify();
    assert!(middle.err.starts_with("error[TEN-E0806]: entry 5 stands where 4 belongs\n"), "{}", middle.err);
    let end = Files::new("end", |views| drop(views.pop())).verify();
    assert!(end.err.starts_with("error[TEN-E0806]: entries from 8 on are missing; 9 were signed\n"), "{}", end.err);
}

#[test]
fn another_key_does_not_do() {
    let files = Files::new("key", |_| ());
    let thief = SigningKey::from_seed("id.example/ledger/e1", &[8; 32].into()).unwrap();
    fs::write(files.folder.join("key"), thief.public().to_string()).unwrap();
    let ended = files.verify();
    assert_eq!(ended.exit, 1);
    assert!(ended.err.contains("is not signed by the pinned key"), "{}", ended.err);
}
