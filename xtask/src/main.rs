//! Every chore of the project: `cargo xtask --help`.
//!
//! There is no make, no just and no second way: a chore is a module here. Each prints the
//! commands it runs and ends with one line that says green or red. Nothing in this package
//! ships, and no crate of the product may import it. Start at [`check`], which is what CI runs.

mod check;
mod decision;
mod demo;
mod deny;
mod engine;
mod generated;
mod held;
mod limits;
mod machine;
mod metadata;
mod spdx;
mod test;
mod tidy;
mod timings;
mod trouble;
mod walls;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use machine::Workspace;
use trouble::Result;

/// Every chore of the project, each printing what it runs.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Debug, Subcommand)]
enum Chore {
    /// Format, lints, walls, tidy, dependencies and generated files: what CI asks first.
    Check,
    /// Does every crate import only what xtask/walls.toml allows?
    Walls {
        /// Also plants one forbidden import of each kind and fails unless each is caught.
        #[arg(long)]
        plant: bool,
    },
    /// File headers, sizes, TODOs, `#[allow]`, direct clocks, the index of decisions.
    Tidy,
    /// Licences, banned crates, duplicates and the number of locked packages.
    Deny,
    /// Writes the generated files into docs/reference.
    Gen {
        /// Writes nothing; red when a file differs.
        #[arg(long)]
        check: bool,
    },
    /// Records what the suites find of every connector, and writes the catalogue from it.
    Held,
    /// Runs the tests with a throw-away PostgreSQL and, where asked for, a real slapd.
    Test(test::Options),
    /// Builds `tenure` and starts it with the sample company.
    Demo {
        /// Handed on to `tenure demo`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
    /// As `demo`, in a data folder of its own (.tenure/dev) that survives restarts.
    Dev {
        /// Handed on to `tenure demo`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
    /// Measures the rebuild after touching a use case, against the budget.
    Timings {
        /// Builds everything in release mode from nothing instead, and lists the dearest crates.
        #[arg(long)]
        cold: bool,
    },
    /// Kills and pauses a real engine, with a referee outside that judges what came of it.
    Chaos(engine::Chaos),
    /// Tries the engine's simulator: one seed, or so many from there on.
    Sim {
        /// Where to begin.
        seed: u64,
        /// How many.
        #[arg(default_value_t = 1)]
        count: u64,
    },
    /// Measures the engine on this machine, beside its disk.
    Bench(engine::Bench),
    /// Lets a whole house work with real targets while things go wrong, and counts at the end.
    Trial {
        /// Which trial.
        trial: engine::Trial,
        /// For how many people.
        people: Option<usize>,
    },
    /// Starts a decision record and puts it into the index.
    Decision {
        /// What is decided, in a few words: `sql written once`.
        #[arg(required = true)]
        title: Vec<String>,
    },
    /// Waits until its standard input closes, then stops PostgreSQL and removes the folder.
    #[command(hide = true)]
    KeepPostgres {
        /// The folder that `test` made.
        folder: PathBuf,
        /// Where `pg_ctl` is.
        programs: PathBuf,
    },
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(arguments.chore) {
        Ok(()) => ExitCode::SUCCESS,
        Err(trouble) => {
            machine::complain(&format!("xtask: red: {}", trouble.chain()));
            ExitCode::FAILURE
        }
    }
}

fn run(chore: Chore) -> Result<()> {
    if let Chore::KeepPostgres { folder, programs } = chore {
        return test::postgres::keep(&folder, &programs);
    }
    let workspace = Workspace::find()?;
    let name = match chore {
        Chore::Check => check::run(&workspace).map(|()| "check"),
        Chore::Walls { plant } => walls::run(&workspace, plant).map(|()| "walls"),
        Chore::Tidy => tidy::run(&workspace).map(|()| "tidy"),
        Chore::Deny => deny::run(&workspace).map(|()| "deny"),
        Chore::Gen { check } => generated::run(&workspace, check).map(|()| "gen"),
        Chore::Held => held::run(&workspace).map(|()| "held"),
        Chore::Test(options) => test::run(&workspace, &options).map(|()| "test"),
        Chore::Demo { arguments } => demo::run(&workspace, &arguments).map(|()| "demo"),
        Chore::Dev { arguments } => demo::run_dev(&workspace, &arguments).map(|()| "dev"),
        Chore::Timings { cold } => timings::run(&workspace, cold).map(|()| "timings"),
        Chore::Chaos(options) => engine::chaos(&workspace, &options).map(|()| "chaos"),
        Chore::Trial { trial, people } => engine::trial(&workspace, trial, people).map(|()| "trial"),
        Chore::Sim { seed, count } => engine::sim(&workspace, seed, count).map(|()| "sim"),
        Chore::Bench(options) => engine::bench(&workspace, &options).map(|()| "bench"),
        Chore::Decision { title } => decision::run(&workspace, &title.join(" ")).map(|()| "decision"),
        Chore::KeepPostgres { .. } => return Ok(()),
    }?;
    machine::say(&format!("xtask {name}: green"));
    Ok(())
}
