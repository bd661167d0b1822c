//! Every limit of the measurements, by name.

use std::time::Duration;

/// Runs that are open at the same time in the main measurement.
pub const IN_FLIGHT: usize = 256;
/// What Linux counts CPU time in.
pub const MS_PER_TICK: u64 = 10;
/// How long the disk is measured.
pub const DISK_TIME: Duration = Duration::from_secs(1);
/// Bytes of one write to the bare disk.
pub const DISK_BYTES: usize = 4_096;
/// How long a child may take to be ready.
pub const READY_TIME_MAX: Duration = Duration::from_secs(30);
/// Bytes that the head of a message may have.
pub const HEAD_BYTES_MAX: usize = 16 << 10;
/// How long one run may take before it counts as lost.
pub const RUN_TIME_MAX: Duration = Duration::from_mins(1);
