//! Builds the program and becomes it.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

use crate::machine::{self, Workspace};
use crate::metadata::Metadata;
use crate::trouble::{Because, Result};

/// Where `dev` keeps its data; git does not see it.
const DEV_DATA: &str = ".tenure/dev";

/// `tenure demo` with the arguments given.
pub fn run(workspace: &Workspace, arguments: &[OsString]) -> Result<()> {
    start(workspace, &[], arguments)
}

/// `tenure demo` in the data folder for development.
pub fn run_dev(workspace: &Workspace, arguments: &[OsString]) -> Result<()> {
    start(workspace, &["--data", DEV_DATA], arguments)
}

/// Replaces this process, so that ctrl-c and the exit code are the program's own.
fn start(workspace: &Workspace, ours: &[&str], theirs: &[OsString]) -> Result<()> {
    machine::run(&mut workspace.cargo(["build", "--locked", "--package", "tenure-cli", "--bin", "tenure"]))?;
    let target = PathBuf::from(Metadata::ours(workspace)?.target_directory);
    let program = target.join("debug").join("tenure");
    let mut command = Command::new(&program);
    command.current_dir(&workspace.root).arg("demo").args(ours).args(theirs);
    machine::announce(&command);
    Err(command.exec()).because(|| format!("cannot start `{}`", program.display()))
}
