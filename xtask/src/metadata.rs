//! What cargo knows about the workspace, as far as the chores ask for it.

use serde::Deserialize;

use crate::machine::{self, Workspace};
use crate::trouble::{Because, Result};

/// The packages cargo told us about.
#[derive(Debug, Deserialize)]
pub struct Metadata {
    /// Ours, or ours and all they depend on.
    pub packages: Vec<Package>,
    /// Where builds go.
    pub target_directory: String,
}

/// One package.
#[derive(Debug, Clone, Deserialize)]
pub struct Package {
    /// The name in its Cargo.toml.
    pub name: String,
    /// The version in its Cargo.toml.
    #[serde(default)]
    pub version: String,
    /// The licence expression, where it has one.
    #[serde(default)]
    pub license: Option<String>,
    /// What it asks for.
    #[serde(default)]
    pub dependencies: Vec<Dependency>,
    /// What it builds.
    #[serde(default)]
    pub targets: Vec<Target>,
}

/// One line of a dependency table.
#[derive(Debug, Clone, Deserialize)]
pub struct Dependency {
    /// The package asked for.
    pub name: String,
    /// `None` for the plain table, `dev` or `build` for the others.
    #[serde(default)]
    pub kind: Option<String>,
}

/// One thing a package builds.
#[derive(Debug, Clone, Deserialize)]
pub struct Target {
    /// Its name.
    pub name: String,
    /// `bin`, `lib`, `test`, …
    pub kind: Vec<String>,
}

impl Metadata {
    /// Our own packages only. Needs neither a lock file nor the network.
    pub fn ours(workspace: &Workspace) -> Result<Self> {
        Self::ask(workspace, &["--no-deps"])
    }

    /// Ours and all they depend on when built for this machine.
    pub fn all(workspace: &Workspace) -> Result<Self> {
        let host = machine::output_quietly(&mut workspace.cargo(["--version", "--verbose"]))?;
        let host = host.lines().find_map(|line| line.strip_prefix("host: ")).unwrap_or("x86_64-unknown-linux-gnu");
        Self::ask(workspace, &["--locked", "--filter-platform", host])
    }

    fn ask(workspace: &Workspace, options: &[&str]) -> Result<Self> {
        let text = machine::output(workspace.cargo(["metadata", "--format-version", "1"]).args(options))?;
        serde_json::from_str(&text).because(|| "cannot read what cargo metadata printed".to_owned())
    }
}

impl Package {
    /// Does it build a program of this name?
    pub fn has_program(&self, name: &str) -> bool {
        self.targets.iter().any(|target| target.name == name && target.kind.iter().any(|kind| kind == "bin"))
    }
}
