//! Records what the suites of the contract find of every connector, and makes the catalogue anew.
//!
//! The tests write the records, into a folder of their own; only when every suite was green do
//! they take the place of those that are committed. What is no longer held loses its record.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::generated::{self, names};
use crate::machine::{self, Workspace};
use crate::test;
use crate::trouble::{Because, Result, Trouble};

/// Where records are committed.
const HOME: &str = "docs/reference/connectors/held";
/// What the name of every test of a whole suite has in it, and of no other test.
pub const SUITES: &str = "passes_the_suite";

/// Runs the suites, takes over what they found, and writes the catalogue.
pub fn run(workspace: &Workspace) -> Result<()> {
    let fresh = workspace.path("target/held");
    if fresh.exists() {
        fs::remove_dir_all(&fresh).because(|| format!("cannot empty `{}`", fresh.display()))?;
    }
    fs::create_dir_all(&fresh).because(|| format!("cannot make `{}`", fresh.display()))?;
    test::record(workspace, SUITES, &fresh)?;
    take_over(&fresh, &workspace.path(HOME))?;
    generated::run(workspace, false)
}

/// Makes `home` hold what `fresh` holds, and says what that changes.
fn take_over(fresh: &Path, home: &Path) -> Result<()> {
    fs::create_dir_all(home).because(|| format!("cannot make `{}`", home.display()))?;
    let (now, before) = (names(fresh)?, names(home)?);
    if now.is_empty() {
        return Err(Trouble::new(format!("held: no test named `…{SUITES}…` recorded anything")));
    }
    for file in before.difference(&now) {
        fs::remove_file(home.join(file)).because(|| format!("cannot remove `{file}`"))?;
        machine::say(&format!("held: removed {file}, which no suite holds any more"));
    }
    let differs = |file: &&String| fs::read(fresh.join(file)).ok() != fs::read(home.join(file)).ok();
    let changed: BTreeSet<&String> = now.iter().filter(differs).collect();
    for file in &changed {
        fs::copy(fresh.join(file), home.join(file)).because(|| format!("cannot write `{file}`"))?;
        machine::say(&format!("held: wrote {file}"));
    }
    machine::say(&format!("held: {} suites, {} records changed", now.len(), changed.len()));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_taken_over_removed_and_left_alone() {
        let root = std::env::temp_dir().join(format!("tenure-xtask-held-{}", std::process::id()));
        let (fresh, home) = (root.join("fresh"), root.join("home"));
        for folder in [&fresh, &home] {
            fs::create_dir_all(folder).unwrap();
        }
        let empty = take_over(&fresh, &home).is_err();
        fs::write(fresh.join("new.json"), "1").unwrap();
        fs::write(home.join("old.json"), "1").unwrap();
        take_over(&fresh, &home).unwrap();
        let left = names(&home).unwrap();
        fs::remove_dir_all(root).unwrap();
        assert!(empty, "a run without a record emptied the catalogue");
        assert_eq!(left, ["new.json".to_owned()].into());
    }
}
