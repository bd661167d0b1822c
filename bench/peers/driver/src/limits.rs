//! Every number the driver waits for or stops at.

use std::time::Duration;

/// How long a system may take from its start to its first finished run.
pub const READY_WAIT_MAX: Duration = Duration::from_secs(90);
/// How long to wait between two looks at a system that is starting.
pub const READY_PAUSE: Duration = Duration::from_millis(100);
/// How long one run may take before it counts as failed.
pub const RUN_WAIT_MAX: Duration = Duration::from_mins(2);
/// Failed runs after which a series is given up.
pub const FAILURES_MAX: u64 = 50;
/// Runs in flight at once: the most.
pub const IN_FLIGHT_MAX: usize = 4_096;
/// Seconds of warm-up or measuring: the most.
pub const PHASE_S_MAX: u64 = 3_600;
/// Repetitions: the most.
pub const REPETITIONS_MAX: usize = 50;
/// Bytes of a request or answer we read: the most.
pub const BODY_BYTES_MAX: usize = 64 * 1_024;
/// How long the disk is asked for its rate of durable appends.
pub const DISK_PROBE: Duration = Duration::from_millis(700);
/// How long a process may take to end after SIGTERM before it gets SIGKILL.
pub const STOP_WAIT_MAX: Duration = Duration::from_secs(15);
/// Connections the throw-away PostgreSQL accepts.
pub const POSTGRES_CONNECTIONS_MAX: u32 = 200;
/// Ticks of a CPU second in /proc; Linux shows every program this value.
pub const TICKS_PER_S: f64 = 100.0;
