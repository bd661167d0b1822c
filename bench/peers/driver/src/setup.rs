//! Installs the peers from their registries, pinned by the lock files beside this program.
//!
//! Nothing goes into the source tree and nothing of a peer is shipped. No installation script of
//! a package is run.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::machine::tell;
use crate::process::finish;
use crate::systems::System;
use crate::trouble::{Because, Result};

/// Installs one peer; doing it again brings it to what the lock file says.
pub fn install(system: &System, sources: &Path, installed: &Path) -> Result<()> {
    let name = system.name();
    let (from, to) = (sources.join(name), installed.join(name));
    tell(&format!("installing {name} into {}", to.display()));
    copy_files(&from, &to)?;
    match system {
        System::Dbos => python(&to),
        System::Restate => node(&to).and_then(|()| rust(&from, installed)),
        System::Duroxide => rust(&from, installed),
        System::GraphileWorker => node(&to),
        System::Program { .. } | System::Address(_) => Ok(()),
    }
}

/// The files of a peer's folder; programs find their packages beside themselves.
fn copy_files(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to).because(|| format!("cannot make `{}`", to.display()))?;
    let cannot = || format!("cannot copy `{}`", from.display());
    for entry in fs::read_dir(from).because(cannot)? {
        let path = entry.because(cannot)?.path();
        if let (true, Some(name)) = (path.is_file(), path.file_name()) {
            fs::copy(&path, to.join(name)).because(cannot)?;
        }
    }
    Ok(())
}

fn python(folder: &Path) -> Result<()> {
    finish(Command::new("python3").args(["-m", "venv"]).arg(folder.join("venv")))?;
    let mut pip = Command::new(folder.join("venv/bin/pip"));
    pip.args(["install", "--quiet", "--disable-pip-version-check", "-r"]).arg(folder.join("requirements.txt"));
    finish(&mut pip).map(drop)
}

fn node(folder: &Path) -> Result<()> {
    let mut npm = Command::new("npm");
    npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(folder);
    finish(&mut npm).map(drop)
}

fn rust(package: &Path, installed: &Path) -> Result<()> {
    let mut cargo = Command::new("cargo");
    cargo.args(["build", "--release", "--locked", "--target-dir"]).arg(installed.join("target"));
    finish(cargo.current_dir(package)).map(drop)
}
