//! The SCIM servers of the tests: packages of Python and JavaScript, installed beside the build.
//!
//! What is installed is pinned in `crates/testkit/scim`. It is installed once and again when a
//! file there changes; nothing outside the target folder is touched.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::machine::{self, Workspace};
use crate::metadata::Metadata;
use crate::trouble::{Because, Result};

/// Where the pins are.
const PINS: &str = "crates/testkit/scim";
/// The files there.
const FILES: [&str; 4] = ["requirements.txt", "package.json", "package-lock.json", "server.mjs"];
/// Where testkit looks for the servers, below the target folder.
const FOLDER: &str = "test-tools/scim";

/// Installs the servers unless they are there as pinned.
pub fn provide(workspace: &Workspace) -> Result<()> {
    let folder = PathBuf::from(Metadata::ours(workspace)?.target_directory).join(FOLDER);
    let pins = pins(workspace)?;
    let stamp = folder.join("installed");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == pins) {
        return Ok(());
    }
    machine::say(&format!("test: installing two SCIM servers into `{}`", folder.display()));
    python(workspace, &folder)?;
    node(workspace, &folder)?;
    fs::write(&stamp, pins).because(|| format!("cannot write `{}`", stamp.display()))
}

/// Everything that decides what is installed.
fn pins(workspace: &Workspace) -> Result<String> {
    let texts: Result<Vec<String>> = FILES.iter().map(|file| workspace.read(&format!("{PINS}/{file}"))).collect();
    Ok(texts?.concat())
}

fn python(workspace: &Workspace, folder: &Path) -> Result<()> {
    super::python::install(&folder.join("python"), &workspace.path(PINS).join("requirements.txt"))
}

fn node(workspace: &Workspace, folder: &Path) -> Result<()> {
    let home = folder.join("node");
    fs::create_dir_all(&home).because(|| format!("cannot make `{}`", home.display()))?;
    for file in FILES.iter().filter(|file| **file != "requirements.txt") {
        let from = workspace.path(PINS).join(file);
        fs::copy(&from, home.join(file)).because(|| format!("cannot copy `{}`", from.display()))?;
    }
    machine::run(Command::new("npm").args(["ci", "--no-audit", "--no-fund", "--loglevel=error"]).current_dir(&home))
}
