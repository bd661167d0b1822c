//! Measures durable three-step runs of Tenure and of its peers, side by side and by one method.
//!
//! `setup` installs the peers, `run` compares, `steps` is the outside world they all call. This
//! program ships with nothing and knows nothing of Tenure but an HTTP address. The method and its
//! traps are in the README one folder up; start reading at [`compare`].

mod compare;
mod cpu;
mod figures;
mod http;
mod limits;
mod load;
mod machine;
mod postgres;
mod process;
mod report;
mod settings;
mod setup;
mod steps;
mod systems;
mod trouble;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

use compare::Comparison;
use http::Target;
use settings::Settings;
use systems::System;
use trouble::{Because, Result, Trouble};

/// Durable three-step runs of Tenure and its peers, side by side.
#[derive(Debug, Parser)]
#[command(name = "peers-driver")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Installs peers from their registries, pinned by their lock files.
    Setup(Setup),
    /// Compares systems and prints the figures.
    Run(Run),
    /// The step server: answers each step at once and remembers it.
    Steps {
        /// Where to listen.
        #[arg(long)]
        listen: SocketAddr,
    },
}

#[derive(Debug, Args)]
struct Setup {
    /// Which peers.
    #[arg(long, value_delimiter = ',', default_value = "dbos,restate,duroxide,graphile-worker")]
    peer: Vec<String>,
    /// The folder `bench/peers` of the project.
    #[arg(long, default_value = "bench/peers")]
    sources: PathBuf,
    /// Where to install [default: `tenure-peers` in the folder for temporary files].
    #[arg(long)]
    into: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct Run {
    /// Which peers.
    #[arg(long, value_delimiter = ',')]
    peer: Vec<String>,
    /// A Tenure that runs already: an address that answers `POST {"n": N}` when the run is done.
    #[arg(long)]
    tenure: Option<Target>,
    /// A Tenure to start afresh each time: `NAME=PROGRAM ARGUMENTS`, where `{listen}`, `{steps}`,
    /// `{folder}` and `{postgres}` are filled in. May be given several times.
    #[arg(long)]
    tenure_program: Vec<String>,
    /// The path that starts a run of a `--tenure-program`.
    #[arg(long, default_value = "/run")]
    tenure_path: String,
    /// Runs in flight, one series for each number.
    #[arg(long, value_delimiter = ',', default_value = "1,64,256")]
    in_flight: Vec<usize>,
    /// How often everything is measured.
    #[arg(long, default_value_t = 3)]
    repetitions: usize,
    /// Seconds that are not counted, before each series.
    #[arg(long, default_value_t = 5)]
    warm_up_s: u64,
    /// Seconds that are.
    #[arg(long, default_value_t = 10)]
    measure_s: u64,
    /// Where `setup` has installed [default: `tenure-peers` in the folder for temporary files].
    #[arg(long)]
    installed: Option<PathBuf>,
    /// Changes a setting of a peer: `NAME=VALUE`; a wrong name lists them all.
    #[arg(long)]
    set: Vec<String>,
    /// Also writes the rows to this file as JSON.
    #[arg(long)]
    json: Option<PathBuf>,
}

// One thread starts all processes and lives as long as they do: they are bound to it.
fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let done = runtime.because(|| "cannot start".to_owned()).and_then(|runtime| runtime.block_on(perform(arguments)));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(trouble) => {
            machine::tell(&format!("peers-driver: {}", trouble.chain()));
            ExitCode::FAILURE
        }
    }
}

async fn perform(arguments: Arguments) -> Result<()> {
    match arguments.task {
        Task::Setup(setup) => install(&setup),
        Task::Run(run) => compare_and_print(run).await,
        Task::Steps { listen } => steps::serve(listen).await,
    }
}

fn install(setup: &Setup) -> Result<()> {
    let into = setup.into.clone().unwrap_or_else(usual_folder);
    for name in &setup.peer {
        setup::install(&System::peer(name)?, &setup.sources, &into)?;
    }
    Ok(())
}

async fn compare_and_print(run: Run) -> Result<()> {
    let json = run.json.clone();
    let comparison = comparison(run)?;
    for line in head(&comparison) {
        machine::say(&line);
    }
    let rows = report::rows(&comparison.run().await?);
    for line in report::table(&rows) {
        machine::say(&line);
    }
    if let Some(path) = json {
        let text = serde_json::to_string_pretty(&rows).because(|| "cannot write the rows as JSON".to_owned())?;
        std::fs::write(&path, text).because(|| format!("cannot write `{}`", path.display()))?;
    }
    Ok(())
}

fn comparison(run: Run) -> Result<Comparison> {
    let mut systems: Vec<System> = run.tenure.into_iter().map(System::Address).collect();
    for program in &run.tenure_program {
        systems.push(our_program(program, &run.tenure_path)?);
    }
    for name in &run.peer {
        systems.push(System::peer(name)?);
    }
    within("--in-flight", run.in_flight.iter().copied().max(), limits::IN_FLIGHT_MAX)?;
    within("--in-flight", run.in_flight.iter().copied().min(), limits::IN_FLIGHT_MAX)?;
    within("--repetitions", Some(run.repetitions), limits::REPETITIONS_MAX)?;
    within("--measure-s", Some(run.measure_s), limits::PHASE_S_MAX)?;
    within("--warm-up-s", Some(run.warm_up_s), limits::PHASE_S_MAX)?;
    if systems.is_empty() {
        return Err(Trouble::new("there is nothing to measure; name `--peer` or `--tenure`"));
    }
    Ok(Comparison {
        systems,
        in_flight: run.in_flight,
        repetitions: run.repetitions,
        warm_up: Duration::from_secs(run.warm_up_s),
        measure: Duration::from_secs(run.measure_s),
        installed: run.installed.unwrap_or_else(usual_folder),
        settings: Settings::with(&run.set)?,
    })
}

fn our_program(given: &str, path: &str) -> Result<System> {
    let wrong = || Trouble::new(format!("`{given}` is not of the form `NAME=PROGRAM ARGUMENTS`"));
    let (name, words) = given.split_once('=').ok_or_else(wrong)?;
    let words: Vec<String> = words.split_whitespace().map(str::to_owned).collect();
    let plain = name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-');
    if name.is_empty() || !plain || words.is_empty() {
        return Err(wrong());
    }
    Ok(System::Program { name: name.to_owned(), words, path: path.to_owned() })
}

fn within<T: PartialOrd + Default + std::fmt::Display>(option: &str, value: Option<T>, most: T) -> Result<()> {
    match value {
        Some(value) if value > T::default() && value <= most => Ok(()),
        Some(value) => Err(Trouble::new(format!("`{option} {value}` is not between 1 and {most}"))),
        None => Err(Trouble::new(format!("`{option}` names no number"))),
    }
}

/// What a reader must know to repeat the figures.
fn head(comparison: &Comparison) -> Vec<String> {
    let mut lines = vec![
        format!("command: {}", std::env::args().collect::<Vec<_>>().join(" ")),
        format!("machine: {}", machine::description()),
    ];
    for system in &comparison.systems {
        let settings = comparison.settings.of(system.name());
        if !settings.is_empty() {
            lines.push(format!("{}: {settings}", system.name()));
        }
    }
    lines
}

fn usual_folder() -> PathBuf {
    std::env::temp_dir().join("tenure-peers")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(words: &[&str]) -> Result<Comparison> {
        match Arguments::try_parse_from([&["peers-driver", "run"], words].concat()).unwrap().task {
            Task::Run(run) => comparison(run),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn ours_takes_the_first_turn() {
        let words = ["--peer", "dbos,restate", "--tenure-program", "tenure-sqlite=bench --serve {listen}"];
        let names: Vec<_> = parsed(&words).unwrap().systems.iter().map(|one| one.name().to_owned()).collect();
        assert_eq!(names, ["tenure-sqlite", "dbos", "restate"]);
    }

    #[test]
    fn what_cannot_be_measured_is_refused() {
        for words in [
            &["--peer", "dbas"][..],
            &[],
            &["--peer", "dbos", "--in-flight", "0,4"],
            &["--peer", "dbos", "--in-flight", "9999"],
            &["--peer", "dbos", "--repetitions", "0"],
            &["--tenure-program", "no-equals-sign"],
            &["--tenure-program", "../x=program"],
            &["--peer", "dbos", "--set", "dbos.threads=1"],
        ] {
            assert!(parsed(words).is_err(), "{words:?}");
        }
    }
}
