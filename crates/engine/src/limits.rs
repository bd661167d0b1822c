//! Every limit of the engine, by name.

use std::time::Duration;

/// Arrivals taken into one commit.
pub const BATCH_MAX: usize = 512;
/// Effects under way at the same time on one node, other than urgent ones.
pub const UNDER_WAY_MAX: usize = 512;
/// Urgent effects under way at the same time on one node: their own share.
pub const URGENT_UNDER_WAY_MAX: usize = 128;
/// Runs whose state is kept in memory although nothing happens in them.
pub const CACHED_RUNS_MAX: usize = 8_192;
/// Graphs kept parsed.
pub const CACHED_GRAPHS_MAX: usize = 1_024;
/// Records after which a snapshot is written.
pub const SNAPSHOT_EVERY: i64 = 64;
/// How long a partition is held without a sign of life.
pub const LEASE: Duration = Duration::from_secs(15);
/// How often the lease is renewed and other nodes' partitions are looked at.
pub const LEASE_RENEWAL: Duration = Duration::from_secs(4);
/// How often at least a lease is renewed within its time.
pub const RENEWALS_PER_LEASE: u32 = 4;
/// How often the inbox and the timers are looked at without being told to.
pub const POLL: Duration = Duration::from_millis(250);
/// The pause before a journal that did not answer is asked again; doubles up to the longest.
pub const JOURNAL_PAUSE: Duration = Duration::from_millis(50);
/// The longest such pause.
pub const JOURNAL_PAUSE_MAX: Duration = Duration::from_secs(5);
/// How long an effect may take before it counts as unknown.
pub const EFFECT_TIME_MAX: Duration = Duration::from_mins(2);
/// Runs that may wait for their turn in one lane.
pub const LANE_QUEUE_MAX: usize = 256;
/// Open runs loaded at once during recovery.
pub const RECOVERY_PAGE: usize = 512;
/// Bytes of one record.
pub const RECORD_BYTES_MAX: usize = 4 << 20;
/// Bytes that a run may hold: what is large belongs beside it, with a reference in it.
pub const RUN_BYTES_MAX: usize = 32 << 20;
/// A record of so few bytes is always taken, so that a run that is full can still be ended.
pub const RECORD_BYTES_ALWAYS: usize = 16 << 10;
/// Changes that a slow watcher may fall behind.
pub const WATCH_BACKLOG: usize = 4_096;
/// Runs that may wait to be begun by hand before whoever brings another has to wait.
pub const BEGIN_BACKLOG: usize = 1_024;
/// Loops that share the partitions of one node.
pub const LOOPS_MAX: usize = 4;
/// One in so many letters taken in is not urgent, even while urgent ones alone would fill the turn.
pub const SHARE_OF_THE_REST: usize = 8;
