//! `tenure connect test`, against a directory in memory.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::tenure::{Ended, tenure};

/// A configuration with one connection, in a folder of this name.
fn here(name: &str, connection: &str) -> String {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("conforming-{name}"));
    let shown = folder.display();
    fs::create_dir_all(folder.join("estate/connections")).unwrap();
    let config = folder.join("tenure.toml");
    fs::write(
        &config,
        format!(
            "listen = '127.0.0.1:0'\ndatabase.url = 'sqlite:{shown}/none.db'\nestate.folder = '{shown}/estate'\ndata.folder = '{shown}/data'\n"
        ),
    )
    .unwrap();
    let text = format!("apiVersion: tenure/v1\nkind: Connection\nmetadata: {{ name: memory }}\nspec:\n{connection}");
    fs::write(folder.join("estate/connections/memory.yaml"), text).unwrap();
    config.display().to_string()
}

const MEMORY: &str = "  connector: memory\n  direction: target\n  account:\n    match: employeeNumber\n    set:\n      employeeNumber: person.employeeId\n      uid: person.familyName\n  entitlements: { group/staff: staff, group/finance: finance }\n";

fn test(name: &str, connection: &str, words: &[&str]) -> Ended {
    let config = here(name, connection);
    tenure(&[&["connect", "test", "memory", "--config", &config], words].concat())
}

#[test]
fn it_says_what_it_writes_and_what_each_case_found() {
    let ended = test("all", MEMORY, &["--json"]);
    assert_eq!(ended.exit, 0, "{}\n{}", ended.err, ended.out);
    assert!(ended.err.contains("- makes accounts whose `employeeNumber` and `uid` begin with `tt"), "{}", ended.err);
    assert!(ended.err.contains("gives these accounts `finance` and `staff`"), "{}", ended.err);
    let cases: Vec<Value> = serde_json::from_str(&ended.out).unwrap();
    assert!(cases.len() >= 60, "{}", cases.len());
    let ended_so = |word: &str| cases.iter().filter(|case| case["ending"] == word).count();
    assert!(ended_so("passed") > 90 && ended_so("failed") == 0, "{}", ended.out);
    for case in cases.iter().filter(|case| case["ending"] != "passed") {
        assert!(!case["why"].as_str().unwrap().is_empty(), "{case}");
    }
}

#[test]
fn it_runs_only_the_cases_that_are_asked_for() {
    let ended = test("only", MEMORY, &["--only", "grant", "--json"]);
    let cases: Vec<Value> = serde_json::from_str(&ended.out).unwrap();
    assert!(!cases.is_empty() && cases.iter().all(|case| case["case"].as_str().unwrap().contains("grant")));
}

#[test]
fn a_wrong_fixture_is_named_and_nothing_is_written() {
    let ended = test("wrong", MEMORY, &["--entitlement", "staff", "--entitlement", "stafff"]);
    assert_ne!(ended.exit, 0);
    assert!(ended.err.contains("there is no entitlement `stafff`"), "{}", ended.err);
    let ended = test("events", "  connector: events\n  direction: source\n  authority: [employee]\n", &[]);
    assert!(ended.err.contains("only sends events"), "{}", ended.err);
}

#[test]
fn a_case_that_fails_ends_with_1_and_says_what_came() {
    // The fixture makes everybody the same name, which the system rightly refuses.
    let ended = test("fails", MEMORY, &["--only", "two_names_are_two_accounts", "--set", "uid=always-the-same"]);
    assert_eq!(ended.exit, 1, "{}", ended.err);
    assert!(ended.out.contains("failed") && ended.out.contains("choose another name"), "{}", ended.out);
}

/// What a newcomer begins with is green before anything is changed, and is never written over.
#[test]
fn a_new_connector_of_ones_own_passes_at_once() {
    let config = here("new", MEMORY);
    let estate = Path::new(&config).parent().unwrap().join("estate");
    drop(fs::remove_dir_all(estate.join("connectors")));
    drop(fs::remove_file(estate.join("connections/badges.yaml")));
    let new = ["connect", "new", "badges", "--lang", "python", "--config", &config];
    let begun = tenure(&new);
    assert_eq!(begun.exit, 0, "{}", begun.err);
    assert!(begun.err.contains("tenure connect test badges --write"), "{}", begun.err);
    let tested = tenure(&["connect", "test", "badges", "--write", "--config", &config]);
    assert_eq!(tested.exit, 0, "{}\n{}", tested.err, tested.out);
    fs::write(estate.join("connectors/badges/connector.py"), "mine").unwrap();
    let again = tenure(&new);
    assert_eq!(again.exit, 4, "{}", again.err);
    assert!(again.err.contains("is there already"), "{}", again.err);
    assert_eq!(fs::read_to_string(estate.join("connectors/badges/connector.py")).unwrap(), "mine");
    let nowhere = tenure(&["connect", "new", "badges", "--lang", "rust", "--into", "/dev/null/estate"]);
    assert!(nowhere.err.contains("cannot write `/dev/null/estate/connectors/badges/README.md`"), "{}", nowhere.err);
}
