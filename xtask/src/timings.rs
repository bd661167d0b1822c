//! What a change costs in build time, held against the budget.

use std::path::PathBuf;

use serde::Deserialize;

use crate::limits::{COLD_RELEASE_S_MAX, REBUILD_S_MAX};
use crate::machine::{self, Workspace};
use crate::metadata::Metadata;
use crate::trouble::{Because, Result, Trouble};

/// Use cases to touch: the first that is there.
const USE_CASES: &[&str] = &["crates/app/src/intake/accept.rs", "crates/app/src/lib.rs"];

/// How many of the dearest crates a cold build lists.
const LISTED_MAX: usize = 20;

/// Measures and is red when over budget.
pub fn run(workspace: &Workspace, cold: bool) -> Result<()> {
    if cold { release_from_nothing(workspace) } else { rebuild_after_touch(workspace) }
}

fn rebuild_after_touch(workspace: &Workspace) -> Result<()> {
    let build = ["build", "--locked", "--package", "tenure-cli"];
    machine::run(&mut workspace.cargo(build))?;
    let touched = USE_CASES.iter().find(|file| workspace.path(file).exists());
    let touched = touched.ok_or_else(|| Trouble::new("timings: there is no use case to touch"))?;
    machine::say(&format!("$ touch {touched}"));
    machine::touch(&workspace.path(touched))?;
    let seconds = measured(|| machine::run(&mut workspace.cargo(build)))?;
    verdict("rebuild after touching a use case", seconds, REBUILD_S_MAX)
}

fn release_from_nothing(workspace: &Workspace) -> Result<()> {
    let target = PathBuf::from(Metadata::ours(workspace)?.target_directory).join("xtask-cold");
    if target.exists() {
        std::fs::remove_dir_all(&target).because(|| format!("cannot empty `{}`", target.display()))?;
    }
    let mut command = workspace.cargo(["build", "--release", "--locked", "--workspace", "--timings", "--target-dir"]);
    let seconds = measured(|| machine::run(command.arg(&target)))?;
    let page = machine::read(&target.join("cargo-timings/cargo-timing.html"))?;
    for unit in dearest(&page) {
        machine::say(&format!("{:>8.1} s  {} {} {}", unit.duration, unit.name, unit.version, unit.target.trim()));
    }
    std::fs::remove_dir_all(&target).because(|| format!("cannot remove `{}`", target.display()))?;
    verdict("release build from nothing", seconds, COLD_RELEASE_S_MAX)
}

/// Wall seconds; CPU seconds are printed besides, because the machine may be busy.
fn measured(build: impl FnOnce() -> Result<()>) -> Result<f64> {
    let (watch, cpu) = (machine::stopwatch(), machine::cpu_s_of_children());
    build()?;
    let seconds = watch.elapsed().as_secs_f64();
    if let (Some(before), Some(after)) = (cpu, machine::cpu_s_of_children()) {
        machine::say(&format!("{seconds:.1} s on the clock, {:.1} CPU seconds", after - before));
    }
    Ok(seconds)
}

fn verdict(what: &str, seconds: f64, budget: f64) -> Result<()> {
    machine::say(&format!("{what}: {seconds:.1} s of {budget:.0} s"));
    if seconds <= budget {
        Ok(())
    } else {
        Err(Trouble::new(format!("timings: {what} took {seconds:.1} s of {budget:.0} s")))
    }
}

/// One row of the page that cargo writes.
#[derive(Debug, Deserialize)]
struct Unit {
    name: String,
    version: String,
    duration: f64,
    #[serde(default)]
    target: String,
}

/// The crates that took longest, dearest first; empty when the page has another shape.
fn dearest(page: &str) -> Vec<Unit> {
    let rows =
        page.split_once("UNIT_DATA = ").and_then(|(_, rest)| rest.split_once(";\n")).map_or("[]", |(rows, _)| rows);
    let mut units: Vec<Unit> = serde_json::from_str(rows).unwrap_or_default();
    units.sort_by(|a, b| b.duration.total_cmp(&a.duration));
    units.truncate(LISTED_MAX);
    units
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dearest_crate_comes_first() {
        let page = "<script>\nconst UNIT_DATA = [\n{\"name\":\"a\",\"version\":\"1.0.0\",\"duration\":1.5},\n\
                    {\"name\":\"b\",\"version\":\"2.0.0\",\"duration\":9.25,\"target\":\" bin\"}];\nconst X = 1;\n";
        let names: Vec<String> = dearest(page).into_iter().map(|unit| unit.name).collect();
        assert_eq!(names, ["b", "a"]);
    }

    #[test]
    fn over_budget_is_red() {
        assert!(verdict("a build", 25.1, 25.0).is_err());
        assert!(verdict("a build", 24.9, 25.0).is_ok());
    }
}
