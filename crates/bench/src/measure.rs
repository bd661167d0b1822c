//! From the wanted workloads to figures: each on SQLite and on PostgreSQL, then side by side.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use crate::child::{Child, Database};
use crate::figure::{Figure, Goal, Unit};
use crate::times::{Summary, count};
use crate::trouble::{Because, Trouble};
use crate::work::Workload;
use crate::{disk, limits, plain, process, served};

/// What is to be measured, and how much of it.
#[derive(Debug, Clone)]
pub struct Options {
    /// The words that start the process of the engine, see [`served`].
    pub engine: Vec<OsString>,
    /// An empty folder on the disk that is meant.
    pub folder: PathBuf,
    /// An empty database of PostgreSQL, if that is to be measured too.
    pub postgres: Option<String>,
    /// Which workloads.
    pub workloads: Vec<Workload>,
    /// Runs of each round of a workload of short runs.
    pub runs: usize,
    /// Rounds of each of them, on the databases in turn.
    pub rounds: usize,
    /// Timers that are due within a minute.
    pub timers: usize,
    /// Parked runs.
    pub parked: usize,
    /// How long a soak takes.
    pub soak: Duration,
}

/// What is told while it happens.
#[derive(Debug)]
pub enum News<'a> {
    /// What is done now.
    Doing(&'a str),
    /// A figure that is there.
    Figure(&'a Figure),
}

/// Whoever is told.
pub(crate) type Tell<'a> = &'a mut (dyn FnMut(News<'_>) + Send);

/// Measures everything that is wanted.
pub async fn measure(options: &Options, tell: Tell<'_>) -> Result<Vec<Figure>, Trouble> {
    let mut report = Report { figures: Vec::new(), tell };
    let (load, cores) = process::load();
    report.doing(&format!("{cores} cores, load {load} before the first workload"));
    let bare = disk::syncs(&options.folder)?;
    report.figure(Figure::new("disk", "append 4 KiB and sync", "rate", bare.rate(), Unit::PerSecond, None));
    report.figure(Figure::new("disk", "append 4 KiB and sync", "p50", bare.p50_ms, Unit::Milliseconds, None));
    report.figure(Figure::new("disk", "append 4 KiB and sync", "p99", bare.p99_ms, Unit::Milliseconds, None));
    let postgres = options.postgres.clone().map(Database::Postgres);
    let databases = [Database::Sqlite(options.folder.clone())].into_iter().chain(postgres);
    // What cannot be measured is said before anything is: a measurement takes its time.
    let mut ready = Vec::new();
    for database in databases {
        let store = served::open(&database.address()).await?;
        must_be_empty(&store, &database).await?;
        ready.push((database, store));
    }
    let mut beds = Vec::new();
    for (database, store) in ready {
        beds.push(Bed::make(options, database, store, &mut report).await?);
    }
    for workload in Workload::ALL.into_iter().filter(|workload| options.workloads.contains(workload)) {
        workload.measure(&mut beds, &mut report).await?;
    }
    for mut bed in beds {
        let resident = process::resident_mib(bed.child.id());
        bed.figure(&mut report, "after everything", "resident memory", resident, Unit::Mebibytes, None);
        bed.child.stop().await?;
    }
    side_by_side(&mut report);
    Ok(report.figures)
}

/// Nobody may lose or slow down what is theirs by measuring.
async fn must_be_empty(store: &tenure_store::Store, database: &Database) -> Result<(), Trouble> {
    let filter = tenure_store::runs::RunFilter::default();
    let found: Result<Vec<_>, tenure_store::StoreError> =
        store.read(move |tx| Box::pin(async move { tenure_store::runs::list(tx, &filter, None, 1).await })).await;
    if found.because(|| format!("cannot read from {}", database.word()))?.is_empty() {
        return Ok(());
    }
    let word = database.word();
    Err(Trouble::new(format!("the {word} database holds runs already; measure on an empty one of its own")))
}

/// What PostgreSQL reaches of SQLite, workload by workload.
fn side_by_side(report: &mut Report<'_>) {
    let rates = |on: &str| {
        let of = |figure: &&Figure| figure.on == on && figure.what == "rate";
        report.figures.iter().filter(of).map(|figure| (figure.workload.clone(), figure.value)).collect::<Vec<_>>()
    };
    let (here, there) = (rates("sqlite"), rates("postgresql"));
    for (workload, rate) in there {
        let Some((_, first)) = here.iter().find(|(name, _)| *name == workload) else { continue };
        let goal = Workload::ALL.iter().any(|known| known.is_of_runs() && known.title() == workload);
        let goal = goal.then_some(Goal::AtLeast(limits::GOAL_POSTGRES_SHARE));
        let share = rate / first.max(1e-9);
        report.figure(Figure::new("postgresql : sqlite", &workload, "rate", share, Unit::Times, goal));
    }
}

/// What came out so far, and whoever is told of it.
pub(crate) struct Report<'a> {
    figures: Vec<Figure>,
    tell: Tell<'a>,
}

impl Report<'_> {
    /// Says what is done now.
    pub fn doing(&mut self, what: &str) {
        (self.tell)(News::Doing(what));
    }

    /// Takes a figure in.
    pub fn figure(&mut self, figure: Figure) {
        (self.tell)(News::Figure(&figure));
        self.figures.push(figure);
    }
}

/// What every workload needs.
pub(crate) struct Bed<'a> {
    pub options: &'a Options,
    pub database: Database,
    pub store: tenure_store::Store,
    pub child: Child,
    target: std::net::SocketAddr,
    /// Calls of steps so far.
    pub calls: std::sync::Arc<std::sync::atomic::AtomicUsize>,
    /// Commits of one row that the same database gave, in a second.
    commits: f64,
}

impl<'a> Bed<'a> {
    /// Measures bare commits, starts the process of the engine and lets it warm up.
    async fn make(
        options: &'a Options,
        database: Database,
        store: tenure_store::Store,
        report: &mut Report<'_>,
    ) -> Result<Self, Trouble> {
        let commits = disk::commits(&store).await?;
        let (target, calls) = plain::target().await?;
        let child = Child::start(&options.engine, target, &database).await?;
        let bed = Self { options, database, store, child, target, calls, commits: commits.rate() };
        bed.rate(report, "commits of one row, one by one", &commits, None);
        plain::ask(bed.child.address, "/run", options.runs / 20 + 1, limits::IN_FLIGHT).await?;
        Ok(bed)
    }

    /// Stops the process of the engine and starts another on the same database.
    pub async fn restart(&mut self) -> Result<(), Trouble> {
        self.child.stop().await?;
        self.child = Child::start(&self.options.engine, self.target, &self.database).await?;
        Ok(())
    }

    /// Whether this is SQLite, for which some goals are.
    pub fn is_sqlite(&self) -> bool {
        matches!(self.database, Database::Sqlite(_))
    }

    /// One figure.
    pub fn figure(&self, to: &mut Report<'_>, workload: &str, what: &str, value: f64, unit: Unit, goal: Option<Goal>) {
        to.figure(Figure::new(self.database.word(), workload, what, value, unit, goal));
    }

    /// The rate with its goal, and the times.
    pub fn rate(&self, report: &mut Report<'_>, workload: &str, times: &Summary, goal: Option<Goal>) {
        self.figure(report, workload, "rate", times.rate(), Unit::PerSecond, goal);
        self.figure(report, workload, "p50", times.p50_ms, Unit::Milliseconds, None);
        self.figure(report, workload, "p99", times.p99_ms, Unit::Milliseconds, None);
    }

    /// What it cost: for each CPU second of the engine, and beside the bare commits.
    pub fn cost(&self, report: &mut Report<'_>, workload: &str, times: &Summary, cpu: Duration) {
        let each = count(times.count) / cpu.as_secs_f64().max(0.01);
        self.figure(report, workload, "for each CPU second", each, Unit::PerCpuSecond, None);
        let share = times.rate() / self.commits.max(1e-9);
        self.figure(report, workload, "runs for each bare commit", share, Unit::Times, None);
    }
}
