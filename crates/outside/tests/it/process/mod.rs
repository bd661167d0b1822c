//! Connectors outside this program: the examples, and some that misbehave.

mod conformance;
mod falls;
mod manners;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Value as Json, json};
use tempfile::TempDir;
use tenure_connect::{FileSecrets, Locator};
use tenure_model::{Attributes, SystemClock, Value};
use tenure_outside::{ProcessConfig, ProcessConnector};

/// The folder of an example of this repository.
pub fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(name).canonicalize().unwrap()
}

pub fn connector(settings: Json) -> ProcessConnector {
    let config: ProcessConfig = serde_json::from_value(settings).unwrap();
    ProcessConnector::new(config, Arc::new(FileSecrets), Arc::new(SystemClock::new())).unwrap()
}

/// The settings of the example in Python, with its accounts in this folder.
fn python(folder: &TempDir) -> Json {
    json!({
        "folder": example("connector-python"), "program": "connector.py",
        "settings": { "database": folder.path().join("accounts.db") },
    })
}

/// A connector that begins as it should and then does this when it is asked, in Python.
/// `request`, `answer` and `folder` are at hand.
fn bad(folder: &TempDir, does: &str) -> Json {
    let description = example("connector-python").join("description.json");
    let does: String = format!("    {}\n", does.replace('\n', "\n    "));
    let text = format!(
        "#!/usr/bin/env python3\n\
         import json, os, pathlib, sys, time\n\
         folder = pathlib.Path({folder:?})\n\
         def answer(**fields):\n    print(json.dumps({{'jsonrpc': '2.0', **fields}}), flush=True)\n\
         for line in sys.stdin:\n    \
             request = json.loads(line)\n    \
             with (folder / 'heard').open('a') as heard: heard.write(line)\n    \
             if request['method'] == 'initialize':\n        \
                 described = json.loads(pathlib.Path({description:?}).read_text())\n        \
                 answer(id=request['id'], result={{'protocol': 1, 'description': described}})\n        \
                 continue\n{does}",
        folder = folder.path(),
    );
    let program = folder.path().join("bad.py");
    fs::write(&program, text).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    json!({ "folder": folder.path(), "program": "bad.py", "description": description })
}

/// What a bad connector heard, by the method.
fn heard(folder: &TempDir) -> Vec<Json> {
    let text = fs::read_to_string(folder.path().join("heard")).unwrap_or_default();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

pub fn attributes(name: &str) -> Attributes {
    [("login", name), ("displayName", "Ada Lovelace")].map(|(key, value)| (key.to_owned(), Value::from(value))).into()
}

fn ada() -> Locator {
    Locator::attribute("employeeNumber", "E1042")
}
