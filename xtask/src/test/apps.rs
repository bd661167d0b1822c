//! The applications that packs are held against: packages of Python, installed beside the build.
//!
//! What is installed is pinned in `crates/testkit/apps`, one file for each application, and each
//! has an environment of its own. It is installed once, and again when its file changes; nothing
//! outside the target folder is touched.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::machine::{self, Workspace};
use crate::metadata::Metadata;
use crate::trouble::{Because, Result};

/// Where the pins are.
const PINS: &str = "crates/testkit/apps";
/// The applications, by the names of their files.
const APPS: [&str; 2] = ["aws-iam", "pocketbase"];
/// Where testkit looks for them, below the target folder.
const FOLDER: &str = "test-tools/apps";

/// Installs the applications unless they are there as pinned.
pub fn provide(workspace: &Workspace) -> Result<()> {
    let folder = PathBuf::from(Metadata::ours(workspace)?.target_directory).join(FOLDER);
    for app in APPS {
        let pins = format!("{PINS}/{app}.txt");
        let (home, wanted) = (folder.join(app), workspace.read(&pins)?);
        let stamp = home.join("installed");
        if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
            continue;
        }
        machine::say(&format!("test: installing {app} into `{}`", home.display()));
        machine::run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&home))?;
        machine::run(
            Command::new(home.join("bin/pip"))
                .args(["install", "--quiet", "--disable-pip-version-check", "--requirement"])
                .arg(workspace.path(&pins)),
        )?;
        fs::write(&stamp, wanted).because(|| format!("cannot write `{}`", stamp.display()))?;
    }
    Ok(())
}
