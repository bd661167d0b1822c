//! Every limit and every goal of the measurements, by name.

use std::time::Duration;

/// Runs of each round unless asked otherwise.
pub const RUNS_USUAL: usize = 10_000;
/// Rounds of each workload of short runs unless asked otherwise.
pub const ROUNDS_USUAL: usize = 5;
/// Timers unless asked otherwise.
pub const TIMERS_USUAL: usize = 100_000;
/// Parked runs unless asked otherwise.
pub const PARKED_USUAL: usize = 1_000_000;
/// How long a soak takes unless asked otherwise.
pub const SOAK_USUAL: Duration = Duration::from_mins(10);
/// Runs that are open at the same time in the main measurement.
pub const IN_FLIGHT: usize = 256;
/// Of the runs of a workload, so many in a hundred one after the other.
pub const ALONE_PERCENT: usize = 5;
/// How long the disk is measured.
pub const DISK_TIME: Duration = Duration::from_secs(2);
/// Bytes of one write to the bare disk.
pub const DISK_BYTES: usize = 4_096;
/// How long the engine's process may take to be ready.
pub const READY_TIME_MAX: Duration = Duration::from_mins(1);
/// How long the engine's process may take to end when it is asked to.
pub const END_TIME_MAX: Duration = Duration::from_secs(30);
/// Bytes that a message may have.
pub const MESSAGE_BYTES_MAX: usize = 1 << 20;
/// How long one run may take before it counts as lost.
pub const RUN_TIME_MAX: Duration = Duration::from_mins(1);

/// Runs started in one transaction when a crowd of them is made.
pub const CROWD_BATCH: usize = 512;
/// Such transactions under way at the same time.
pub const CROWD_AT_ONCE: usize = 4;
/// How often it is looked whether a crowd is complete.
pub const CROWD_LOOK: Duration = Duration::from_millis(100);
/// How long a crowd may make no progress.
pub const CROWD_STILL_MAX: Duration = Duration::from_mins(1);

/// All timers of that workload are due within this.
pub const TIMERS_WITHIN: Duration = Duration::from_mins(1);
/// Timers set beforehand, to learn how long setting them all will take.
pub const TIMERS_TRIED: usize = 2_000;
/// How much longer than that the first one is away, in percent.
pub const TIMERS_SPARE_PERCENT: u32 = 200;
/// How long the last timer may still take after it was due.
pub const TIMERS_LATE_MAX: Duration = Duration::from_mins(10);

/// Signals that are sent one after the other.
pub const SIGNALS_ALONE: usize = 1_000;
/// Signals that are sent many at a time.
pub const SIGNALS_TOGETHER: usize = 5_000;
/// So many at a time.
pub const SIGNALS_AT_ONCE: usize = 64;
/// How often each page of the list of runs is read.
pub const PAGES_READ: usize = 200;
/// Runs on a page.
pub const PAGE_RUNS: usize = 100;

/// The largest rate is what is held for this share of a soak: for a few seconds a machine gives more
/// than it goes on giving.
pub const SOAK_MOST_SHARE: u32 = 10;
/// The share of the largest rate at which the soak goes, in percent.
pub const SOAK_PERCENT: u32 = 70;
/// Windows of a soak are at most this long.
pub const SOAK_WINDOW_MAX: Duration = Duration::from_secs(30);
/// A soak has at least this many windows.
pub const SOAK_WINDOWS_MIN: u32 = 6;
/// How often the bare disk is asked during a soak.
pub const BESIDE_EVERY: Duration = Duration::from_millis(20);
/// How often a fixed piece of work is done during a soak, and how many rounds it has.
pub const YARDSTICK_EVERY: Duration = Duration::from_millis(100);
/// See there; about a millisecond.
pub const YARDSTICK_ROUNDS: u64 = 1_000_000;
/// A soak goes for this many windows before its first counts.
pub const SOAK_WARM_WINDOWS: u32 = 1;

/// Goal: three steps over HTTP, one run after the other, half of them faster than this, in ms.
pub const GOAL_ALONE_P50_MS: f64 = 10.0;
/// Goal: three steps over HTTP, 256 in flight, runs in a second on SQLite.
pub const GOAL_RATE: f64 = 3_000.0;
/// Goal: the same, 99 of 100 faster than this, in ms.
pub const GOAL_P99_MS: f64 = 100.0;
/// Goal: three steps in process, runs in a second on SQLite.
pub const GOAL_INNER_RATE: f64 = 15_000.0;
/// Goal: what PostgreSQL reaches of SQLite.
pub const GOAL_POSTGRES_SHARE: f64 = 0.6;
/// Goal: the latest timer, in ms.
pub const GOAL_LATE_MS: f64 = 5_000.0;
/// Goal: resident memory with a million parked runs, in MiB.
pub const GOAL_PARKED_MIB: f64 = 500.0;
/// Goal: the last third of a soak against the first.
pub const GOAL_FLAT: f64 = 1.2;

/// People of the large company unless asked otherwise.
pub const WHATIF_PEOPLE_USUAL: u64 = 1_000_000;
/// Its rules unless asked otherwise.
pub const WHATIF_RULES_USUAL: u64 = 1_000;
/// Its entitlements unless asked otherwise.
pub const WHATIF_ENTITLEMENTS_USUAL: usize = 3_000;
/// Edits of its rules unless asked otherwise.
pub const WHATIF_EDITS_USUAL: usize = 500;
/// Decisions that are held against Cedar unless asked otherwise.
pub const WHATIF_SAMPLES_USUAL: usize = 1_000_000;
/// How many people are taken in at a time, as the product reads them.
pub const WHATIF_PAGE: usize = 4_000;
/// People who move one after the other.
pub const WHATIF_MOVES: usize = 2_000;
/// Pairs of entitlements that nobody may have both of.
pub const WHATIF_PAIRS: usize = 500;
/// Decisions that are asked about one person before the next.
pub const WHATIF_ASKED_OF_EACH: usize = 20;
/// People for whom a plan is made alone.
pub const WHATIF_PLANS: usize = 200;
/// Goal: from people and rules to everything asked of everybody, in s.
pub const GOAL_WHATIF_BUILD_S: f64 = 10.0;
/// Goal: 99 of 100 edits of a rule are answered within this, in ms.
pub const GOAL_WHATIF_EDIT_MS: f64 = 100.0;
/// Goal: a tenth of everybody changes department, in s.
pub const GOAL_WHATIF_REORGANISATION_S: f64 = 2.0;
/// Goal: every pair that nobody may have both of, in ms.
pub const GOAL_WHATIF_PAIRS_MS: f64 = 100.0;
/// Goal: the most memory, in MiB.
pub const GOAL_WHATIF_MIB: f64 = 1_024.0;
