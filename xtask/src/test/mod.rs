//! Runs the tests with the servers they ask for, and leaves nothing behind.
//!
//! One convention works with both runners: a test that takes seconds lives in a module named
//! `slow`, and `--fast` leaves those out by name. A test that takes minutes is `#[ignore]`d with
//! a reason, and only `--all` runs it. Doc examples are not run: what must work is a test.

mod apps;
mod keystone;
mod packages;
pub mod postgres;
mod python;
mod roundup;
mod samba;
mod scim;
mod summary;

use std::path::{Path, PathBuf};
use std::process::Command;

use clap::Args;

use crate::machine::{self, Workspace};
use crate::metadata::Metadata;
use crate::trouble::{Result, Trouble};
pub use packages::Need;
use summary::Summary;

/// What tests read the name of a folder from, into which they record what suites find.
const RECORDS: &str = "TENURE_HELD";

/// What to test.
#[derive(Debug, Default, Args)]
pub struct Options {
    /// One crate, by its folder (`store`) or its package (`tenure-store`); without it, all.
    package: Option<String>,
    /// Leaves out the tests in modules named `slow`.
    #[arg(long, conflicts_with = "all")]
    fast: bool,
    /// Also runs the tests that are ignored because they take minutes.
    #[arg(long)]
    all: bool,
    /// Runs only tests whose name contains this.
    #[arg(long)]
    name: Option<String>,
    /// Where suites record what they find, instead of holding it against what is recorded.
    #[arg(skip)]
    records: Option<PathBuf>,
}

/// Runs every suite of this name and has what it finds recorded in a folder.
pub fn record(workspace: &Workspace, name: &str, folder: &Path) -> Result<()> {
    let records = Some(folder.to_owned());
    run(workspace, &Options { name: Some(name.to_owned()), records, ..Options::default() })
}

/// Installs what is missing of what these need, or names it.
pub fn provide(workspace: &Workspace, needs: &[Need]) -> Result<()> {
    packages::provide(needs)?;
    if needs.contains(&Need::Scim) {
        scim::provide(workspace)?;
    }
    if needs.contains(&Need::Apps) {
        apps::provide(workspace)?;
    }
    if needs.contains(&Need::Notices) {
        apps::provide_notices(workspace)?;
    }
    if needs.contains(&Need::Samba) {
        samba::provide(workspace)?;
    }
    Ok(())
}

/// Installs or names what is missing, starts PostgreSQL, runs the tests, stops PostgreSQL.
pub fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    let package = options.package.as_deref().map(|name| find(workspace, name)).transpose()?;
    let needs = packages::needs_of(package.as_deref());
    provide(workspace, needs)?;
    let server = needs.contains(&Need::Postgres).then(postgres::Server::start).transpose()?;
    let result = tests(workspace, options, package.as_deref(), server.as_ref());
    if let Some(server) = server {
        server.stop()?;
    }
    result
}

fn tests(
    workspace: &Workspace,
    options: &Options,
    package: Option<&str>,
    server: Option<&postgres::Server>,
) -> Result<()> {
    let nextest = machine::answers("cargo", &["nextest", "--version"]);
    let mut command = workspace.cargo(arguments(options, package, nextest));
    if let Some(server) = server {
        command.env("TEST_PG", server.url());
    }
    if let Some(folder) = &options.records {
        command.env(RECORDS, folder);
    }
    if nextest { machine::run(&mut command) } else { cargo_test(&mut command) }
}

/// Plain `cargo test` closes each binary with a line of its own; we add them up.
fn cargo_test(command: &mut Command) -> Result<()> {
    let mut summary = Summary::default();
    let result = machine::run_watching(command, |line| summary.read(line));
    machine::say(&summary.to_string());
    result
}

/// The same choice of tests in the words of either runner.
fn arguments(options: &Options, package: Option<&str>, nextest: bool) -> Vec<String> {
    // Suites need a peer, and so are no unit tests.
    let what: &[&str] = if options.records.is_some() { &["--test", "it"] } else { &["--lib", "--bins", "--tests"] };
    let mut words: Vec<String> = if nextest { vec!["nextest", "run"] } else { vec!["test", "--no-fail-fast"] }
        .into_iter()
        .chain(["--locked"])
        .chain(what.iter().copied())
        .map(str::to_owned)
        .collect();
    match package {
        Some(package) => words.extend(["--package".to_owned(), package.to_owned()]),
        None => words.push("--workspace".to_owned()),
    }
    let own: &[&str] = match (nextest, options.fast, options.all) {
        (true, true, _) => &["--filterset", "not test(/(^|::)slow::/)"],
        (true, _, true) => &["--profile", "long", "--run-ignored", "all"],
        (false, true, _) => &["--skip", "slow::"],
        (false, _, true) => &["--include-ignored"],
        _ => &[],
    };
    let own = own.iter().map(|word| (*word).to_owned());
    if nextest {
        words.extend(options.package.is_some().then(|| "--no-tests=pass".to_owned()));
        words.extend(own.chain(options.name.clone()));
    } else {
        words.push("--".to_owned());
        words.extend(options.name.clone().into_iter().chain(own));
    }
    words
}

/// The package that somebody means by a folder or a full name.
fn find(workspace: &Workspace, name: &str) -> Result<String> {
    let ours = Metadata::ours(workspace)?.packages;
    let long = format!("tenure-{name}");
    let found = ours.iter().find(|package| package.name == name || package.name == long);
    found.map(|package| package.name.clone()).ok_or_else(|| {
        let names: Vec<&str> = ours.iter().map(|package| package.name.trim_start_matches("tenure-")).collect();
        Trouble::new(format!("test: there is no crate `{name}`; there are {}", names.join(", ")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(fast: bool, all: bool, name: Option<&str>) -> Options {
        Options { fast, all, name: name.map(str::to_owned), ..Options::default() }
    }

    fn line(options: &Options, package: Option<&str>, nextest: bool) -> String {
        arguments(options, package, nextest).join(" ")
    }

    #[test]
    fn both_runners_get_the_same_choice_in_their_own_words() {
        let fast = options(true, false, Some("walk"));
        assert_eq!(
            line(&fast, Some("tenure-app"), true),
            "nextest run --locked --lib --bins --tests --package tenure-app --filterset not test(/(^|::)slow::/) walk"
        );
        assert_eq!(
            line(&fast, Some("tenure-app"), false),
            "test --no-fail-fast --locked --lib --bins --tests --package tenure-app -- walk --skip slow::"
        );
    }

    #[test]
    fn records_are_made_by_tests_that_have_a_peer() {
        let records = Options { name: Some("suite".into()), records: Some("/x".into()), ..Options::default() };
        assert_eq!(line(&records, None, true), "nextest run --locked --test it --workspace suite");
    }

    #[test]
    fn all_includes_what_is_ignored() {
        let all = options(false, true, None);
        assert!(line(&all, None, true).ends_with("--workspace --profile long --run-ignored all"));
        assert!(line(&all, None, false).ends_with("--workspace -- --include-ignored"));
    }
}
