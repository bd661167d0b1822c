//! `tenure bench`: how fast this machine is, in figures beside their goals.
//!
//! It needs no server: `bench whatif` is all in this process, and `bench engine` starts
//! the engine in a process of its own on a database of its own. With the hidden `--serve` it is that
//! process.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use tenure_bench::limits::{
    PARKED_USUAL, ROUNDS_USUAL, RUNS_USUAL, SOAK_USUAL, TIMERS_USUAL, WHATIF_EDITS_USUAL, WHATIF_ENTITLEMENTS_USUAL,
    WHATIF_PEOPLE_USUAL, WHATIF_RULES_USUAL, WHATIF_SAMPLES_USUAL,
};
use tenure_bench::{Figure, LISTENING, News, Options, POSTGRES_VARIABLE, Serving, Trouble, WhatIf, Workload};
use tenure_server::listen::asked_to_stop;

use crate::args::duration;
use crate::context::Cx;
use crate::error::{CliError, code};
use crate::exit::Exit;
use crate::output::{self, Format};
use crate::table::{Column, column};

const COLUMNS: &[Column] = &[
    column("On", "/on"),
    column("What", "/workload"),
    column("Figure", "/what"),
    column("Value", "/text"),
    column("Goal", "/goalText"),
    column("Reached", "/reached"),
];

/// What to measure.
#[derive(Debug, Subcommand)]
pub enum Bench {
    Engine(Box<Engine>),
    Whatif(Whatif),
}

/// Measure durable runs on this machine
///
/// Starts the engine in a process of its own on an empty database and measures it beside what the same disk gives
/// without an engine: syncs and commits of one row. Each figure stands beside the goal that it is held to. PostgreSQL
/// is measured too where one is named, and compared with SQLite. Nothing else should be busy on the machine meanwhile.
/// With 1,000,000 parked runs it takes some minutes and some gigabytes of disk for each database.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  tenure bench engine
  tenure bench engine --only http-1,http-256 --runs 20000
  tenure bench engine --soak 10m --only soak
  tenure bench engine --postgres postgres://bench@127.0.0.1/empty -o json")]
pub struct Engine {
    /// Runs of each round of short runs
    #[arg(long, value_name = "NUMBER", default_value_t = RUNS_USUAL, value_parser = at_least_one)]
    runs: usize,
    /// Rounds of short runs, on each database in turn; the middle one counts
    #[arg(long, value_name = "NUMBER", default_value_t = ROUNDS_USUAL, value_parser = at_least_one)]
    rounds: usize,
    /// Timers that are all due within one minute
    #[arg(long, value_name = "NUMBER", default_value_t = TIMERS_USUAL, value_parser = at_least_one)]
    timers: usize,
    /// Runs that wait, half of them for a signal and half for a moment a year away
    #[arg(long, value_name = "NUMBER", default_value_t = PARKED_USUAL, value_parser = at_least_one)]
    parked: usize,
    /// An empty database of PostgreSQL, to be measured beside SQLite; what is written stays there
    #[arg(long, env = POSTGRES_VARIABLE, hide_env_values = true, value_name = "URL")]
    postgres: Option<String>,
    /// Only these: http-1, http-256, inner-12, inner-3, timers, signals, soak, parked [default: all but soak]
    #[arg(long, value_name = "NAME,...", value_delimiter = ',', value_parser = workload)]
    only: Vec<Workload>,
    /// Also a long time at 70 % of the largest rate [without a time: 10m]
    #[arg(long, value_name = "TIME", value_parser = duration, num_args = 0..=1, default_missing_value = "10m")]
    soak: Option<Duration>,
    /// Where to put the files of the measurement, which are removed at the end [default: this folder]
    #[arg(long, value_name = "FOLDER", default_value = ".", hide_default_value = true)]
    folder: PathBuf,
    /// Be the process of the engine and listen here. `bench/peers` starts it so beside its peers.
    #[arg(long, value_name = "ADDRESS", hide = true, requires = "steps")]
    serve: Option<SocketAddr>,
    /// What the steps of that process call: `URL/step/1` and so on
    #[arg(long, value_name = "URL", hide = true, requires = "serve")]
    steps: Option<String>,
    /// That process ends when its standard input is closed, and not only when it is told to
    #[arg(long, hide = true, requires = "serve")]
    until_closed: bool,
}

/// Measure what-if over everybody
///
/// Makes up a company from a seed, builds the columns of everybody and every rule, and measures what one edit of a
/// rule, one person's move, a reorganisation and pairs that nobody may have both of cost. At the end a sample of the
/// answers is held against Cedar and against the plan for one person. Nothing is stored and nobody is asked. It takes
/// some minutes, needs about a gigabyte of memory, and ends with 1 if a goal is missed.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  tenure bench whatif
  tenure bench whatif --people 100000 --rules 200 --entitlements 600 --samples 100000
  tenure bench whatif -o json")]
pub struct Whatif {
    /// People
    #[arg(long, value_name = "NUMBER", default_value_t = WHATIF_PEOPLE_USUAL, value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    people: u64,
    /// Rules
    #[arg(long, value_name = "NUMBER", default_value_t = WHATIF_RULES_USUAL, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    rules: u64,
    /// Entitlements
    #[arg(long, value_name = "NUMBER", default_value_t = WHATIF_ENTITLEMENTS_USUAL, value_parser = at_least_one)]
    entitlements: usize,
    /// Edits of rules
    #[arg(long, value_name = "NUMBER", default_value_t = WHATIF_EDITS_USUAL, value_parser = at_least_one)]
    edits: usize,
    /// Decisions that are held against Cedar
    #[arg(long, value_name = "NUMBER", default_value_t = WHATIF_SAMPLES_USUAL, value_parser = at_least_one)]
    samples: usize,
    /// What everything is made from
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    seed: u64,
}

impl Whatif {
    fn measure(&self, cx: &Cx) -> Result<Exit, CliError> {
        let options = WhatIf {
            people: self.people,
            rules: self.rules,
            entitlements: self.entitlements,
            edits: self.edits,
            samples: self.samples,
            seed: self.seed,
        };
        let mut tell = |news: News<'_>| match news {
            News::Doing(what) => cx.output.say(what),
            News::Figure(figure) => cx.output.say(&line(figure)),
        };
        let figures = tenure_bench::what_if(&options, &mut tell).map_err(failed)?;
        let rows: Vec<Value> = figures.iter().map(|figure| row(figure, cx.output.format)).collect();
        cx.output.list(COLUMNS, &rows)?;
        let missed = figures.iter().any(|figure| figure.reached == Some(false));
        Ok(if missed { Exit::Failed } else { Exit::Done })
    }
}

impl Bench {
    /// Does it.
    pub async fn run(self, cx: &Cx) -> Result<Exit, CliError> {
        let engine = match self {
            Self::Engine(engine) => engine,
            Self::Whatif(whatif) => return whatif.measure(cx),
        };
        // Another call would find a provider set already, which is as good.
        drop(rustls::crypto::ring::default_provider().install_default());
        match (engine.serve, engine.steps.clone()) {
            (Some(listen), Some(steps)) => engine.serve(listen, steps).await,
            _ => engine.measure(cx).await,
        }
    }

    /// Whether it is the process that ends itself in order when it is interrupted.
    pub fn stops_itself(&self) -> bool {
        match self {
            Self::Engine(engine) => engine.serve.is_some(),
            Self::Whatif(_) => false,
        }
    }
}

impl Engine {
    /// A variable that is set to nothing names no database.
    fn postgres(&self) -> Option<String> {
        self.postgres.clone().filter(|url| !url.is_empty())
    }

    async fn serve(&self, listen: SocketAddr, steps: String) -> Result<Exit, CliError> {
        let database = self.postgres().unwrap_or_else(|| tenure_bench::sqlite_in(&self.folder));
        let serving = Serving { listen, steps, database };
        // Whoever started it may have closed the pipe, and need not know.
        let ready = |address| drop(output::write(&format!("{LISTENING}{address}\n")));
        let until_closed = self.until_closed;
        let stop = async move {
            tokio::select! {
                () = asked_to_stop() => {}
                () = closed(), if until_closed => {}
            }
        };
        tenure_bench::serve(serving, ready, stop).await.map_err(failed)?;
        Ok(Exit::Done)
    }

    async fn measure(self, cx: &Cx) -> Result<Exit, CliError> {
        let folder = Folder::make(&self.folder)?;
        let program = std::env::current_exe().map_err(|error| cannot("cannot find the own program", &error))?;
        let options = Options {
            engine: [program.into(), OsString::from("bench"), OsString::from("engine")].into(),
            folder: folder.0.clone(),
            workloads: self.workloads(),
            postgres: self.postgres(),
            runs: self.runs,
            rounds: self.rounds,
            timers: self.timers,
            parked: self.parked,
            soak: self.soak.unwrap_or(SOAK_USUAL),
        };
        let mut tell = |news: News<'_>| match news {
            News::Doing(what) => cx.output.say(what),
            News::Figure(figure) => cx.output.say(&line(figure)),
        };
        let figures = tenure_bench::measure(&options, &mut tell).await.map_err(failed)?;
        let rows: Vec<Value> = figures.iter().map(|figure| row(figure, cx.output.format)).collect();
        cx.output.list(COLUMNS, &rows)?;
        Ok(Exit::Done)
    }

    fn workloads(&self) -> Vec<Workload> {
        let all = || Workload::ALL.into_iter().filter(|work| *work != Workload::Soak);
        let mut wanted = if self.only.is_empty() { all().collect() } else { self.only.clone() };
        if self.soak.is_some() && !wanted.contains(&Workload::Soak) {
            wanted.push(Workload::Soak);
        }
        wanted
    }
}

/// Waits until the standard input is closed.
async fn closed() {
    let (closed, close) = tokio::sync::oneshot::channel::<()>();
    std::thread::spawn(move || {
        std::io::stdin().lines().for_each(drop);
        drop(closed);
    });
    drop(close.await);
}

fn row(figure: &Figure, format: Format) -> Value {
    let mut row = serde_json::to_value(figure).unwrap_or_default();
    if format == Format::Table
        && let Some(row) = row.as_object_mut()
    {
        row.insert("text".to_owned(), json!(figure.text()));
        row.insert("goalText".to_owned(), json!(figure.goal_text()));
    }
    row
}

fn line(figure: &Figure) -> String {
    let reached = match figure.reached {
        None => "",
        Some(true) => ", reached",
        Some(false) => ", NOT reached",
    };
    let goal = figure.goal_text().map_or(String::new(), |goal| format!("   (goal {goal}{reached})"));
    format!("{:<20} {:<52} {:<42} {:>16}{goal}", figure.on, figure.workload, figure.what, figure.text())
}

fn workload(word: &str) -> Result<Workload, String> {
    Workload::ALL.into_iter().find(|work| work.word() == word).ok_or_else(|| {
        let words: Vec<&str> = Workload::ALL.map(Workload::word).into();
        format!("there are {}", words.join(", "))
    })
}

fn at_least_one(text: &str) -> Result<usize, String> {
    let number: u32 = text.parse().map_err(|_| "it is not a whole number that can be counted to".to_owned())?;
    if number == 0 { Err("at least 1".to_owned()) } else { Ok(number as usize) }
}

fn failed(trouble: Trouble) -> CliError {
    let told = CliError::new(Exit::Failed, code::NOT_MEASURED, trouble.to_string());
    match std::error::Error::source(&trouble) {
        Some(source) => told.caused_by(source),
        None => told,
    }
}

fn cannot(what: &str, error: &dyn std::error::Error) -> CliError {
    CliError::new(Exit::Failed, code::NOT_MEASURED, what).caused_by(error)
}

/// A folder of this measurement, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn make(within: &Path) -> Result<Self, CliError> {
        let path = within.join(format!("tenure-bench-{}", std::process::id()));
        match std::fs::create_dir(&path) {
            Ok(()) => Ok(Self(path)),
            Err(error) => Err(output::cannot_write(&path, &error).hint("name another place with --folder")),
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            output::talk(&format!("`{}` could not be removed: {error}\n", self.0.display()));
        }
    }
}
