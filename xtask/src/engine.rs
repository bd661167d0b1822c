//! The engine under fire and under its simulator, programs of testkit, and under load, a command of
//! `tenure`: each built in release mode and run with what it needs.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::machine::{self, Workspace};
use crate::test::postgres::Server;
use crate::test::{self, Need};
use crate::trouble::{Because, Result};

/// Where `tenure bench` looks for its PostgreSQL: everybody on the machine can read arguments.
const BENCH_POSTGRES: &str = "TENURE_BENCH_POSTGRES";

/// What is to be measured.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Subject {
    /// Durable runs.
    Engine,
    /// What an edit of a rule would change, for everybody.
    Whatif,
    /// Taking in a feed until everybody has their accounts in real systems.
    Lifecycle,
}

/// How a trial is to go.
#[derive(Debug, Args)]
pub struct Chaos {
    /// How often the engine is killed.
    #[arg(long, default_value_t = 0)]
    kills: usize,
    /// How often one of two engines on one database is paused for longer than its lease.
    #[arg(long, default_value_t = 0)]
    pauses: usize,
    /// At least this many runs.
    #[arg(long, default_value_t = 10_000)]
    runs: usize,
    /// On a throw-away PostgreSQL instead of a file.
    #[arg(long)]
    postgres: bool,
    /// Where chance begins.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Green if this defect is caught: effect-then-record, record-then-effect, lease-check-only.
    #[arg(long, default_value = "none")]
    plant: String,
}

/// What a measurement needs.
#[derive(Debug, Args)]
pub struct Bench {
    /// What is measured.
    subject: Subject,
    /// Also on a throw-away PostgreSQL.
    #[arg(long)]
    postgres: bool,
    /// Handed on to `tenure bench`.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

/// A trial of a whole house with real targets.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Trial {
    /// A joiner of twelve steps for everybody, while every kind of step goes wrong by chance.
    Joiners,
    /// Thousands who come in one feed, and go on one day.
    Season,
}

/// Holds it; red when something is not as it should be.
pub fn trial(workspace: &Workspace, trial: Trial, people: Option<usize>) -> Result<()> {
    let name = match trial {
        Trial::Joiners => "joiners",
        Trial::Season => "season",
    };
    // What is missing is told before a build of many minutes, and not after it.
    test::provide(workspace, &[Need::Postgres, Need::Slapd, Need::Notices])?;
    let words: Vec<String> = people.iter().map(ToString::to_string).collect();
    program(workspace, name, &words, None)
}

/// Plays one trial; red when the referee says so.
pub fn chaos(workspace: &Workspace, options: &Chaos) -> Result<()> {
    let folder = Folder::make("chaos")?;
    let mut words = vec!["--folder".to_owned(), folder.0.display().to_string()];
    for (name, count) in [("--kills", options.kills), ("--pauses", options.pauses), ("--runs", options.runs)] {
        words.extend([name.to_owned(), count.to_string()]);
    }
    words.extend(["--seed".to_owned(), options.seed.to_string(), "--plant".to_owned(), options.plant.clone()]);
    with_postgres(workspace, options.postgres, |server| program(workspace, "chaos", &words, server))
}

/// Runs seeds of the simulator.
pub fn sim(workspace: &Workspace, seed: u64, count: u64) -> Result<()> {
    program(workspace, "sim", &[seed.to_string(), count.to_string()], None)
}

/// Builds `tenure` and lets it measure.
pub fn bench(workspace: &Workspace, options: &Bench) -> Result<()> {
    let subject = match options.subject {
        Subject::Engine => "engine",
        Subject::Whatif => "whatif",
        Subject::Lifecycle => return lifecycle(workspace, options),
    };
    with_postgres(workspace, options.postgres, |server| {
        let fixed = ["run", "--locked", "--release", "--quiet", "--package", "tenure-cli", "--bin", "tenure", "--"];
        let mut command = workspace.cargo(fixed);
        command.args(["bench", subject]).args(&options.arguments).env_remove(BENCH_POSTGRES);
        if let Some(server) = server {
            command.env(BENCH_POSTGRES, server.url());
        }
        machine::run(&mut command)
    })
}

/// It starts the systems that it fills, so it is a program of testkit.
fn lifecycle(workspace: &Workspace, options: &Bench) -> Result<()> {
    let words: Vec<String> = options.arguments.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    test::provide(workspace, &[Need::Postgres, Need::Slapd])?;
    with_postgres(workspace, options.postgres, |server| program(workspace, "lifecycle", &words, server))
}

fn program(workspace: &Workspace, name: &str, words: &[String], server: Option<&Server>) -> Result<()> {
    let fixed = ["run", "--locked", "--release", "--quiet", "--package", "tenure-testkit", "--bin", name, "--"];
    let mut command = workspace.cargo(fixed);
    command.args(words).env_remove("TEST_PG");
    if let Some(server) = server {
        command.env("TEST_PG", server.url());
    }
    machine::run(&mut command)
}

fn with_postgres(workspace: &Workspace, wanted: bool, work: impl FnOnce(Option<&Server>) -> Result<()>) -> Result<()> {
    if !wanted {
        return work(None);
    }
    test::provide(workspace, &[Need::Postgres])?;
    let server = Server::start()?;
    let ended = work(Some(&server));
    server.stop()?;
    ended
}

/// A folder of our own, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn make(name: &str) -> Result<Self> {
        let path = std::env::temp_dir().join(format!("tenure-{name}-{}", std::process::id()));
        std::fs::create_dir(&path).because(|| format!("cannot make `{}`", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            machine::complain(&format!("`{}` could not be removed: {error}", self.0.display()));
        }
    }
}
