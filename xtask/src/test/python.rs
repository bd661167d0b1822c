//! Environments of Python with the packages that some tests need, and nothing else.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::machine::{self, Workspace};
use crate::metadata::Metadata;
use crate::trouble::{Because, Result};

/// Where testkit looks for them, below the target folder.
const FOLDER: &str = "test-tools";

/// Makes the environment of this name unless it is there as pinned; it is made anew when its file
/// of pins changes. Nothing outside the target folder is touched.
pub fn provide(workspace: &Workspace, name: &str, pins: &str) -> Result<()> {
    provide_and(workspace, name, pins, |_| Ok(()))
}

/// The same, and then what else has to be made once in its folder.
pub fn provide_and(workspace: &Workspace, name: &str, pins: &str, make: impl Fn(&Path) -> Result<()>) -> Result<()> {
    let home = PathBuf::from(Metadata::ours(workspace)?.target_directory).join(FOLDER).join(name);
    let (stamp, wanted) = (home.join("installed"), workspace.read(pins)?);
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    machine::say(&format!("test: installing {name} into `{}`", home.display()));
    install(&home, &workspace.path(pins))?;
    make(&home)?;
    fs::write(&stamp, wanted).because(|| format!("cannot write `{}`", stamp.display()))
}

/// Makes one anew in this folder.
pub fn install(home: &Path, requirements: &Path) -> Result<()> {
    machine::run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(home))?;
    let pip = ["install", "--quiet", "--disable-pip-version-check", "--requirement"];
    machine::run(Command::new(home.join("bin/pip")).args(pip).arg(requirements))
}
