//! Every limit of a trial, by name.

use std::time::Duration;

/// Runs that are open at the same time.
pub const OPEN_MAX: usize = 256;
/// With a planted defect, after this long an open run no longer keeps new ones from being started.
pub const OPEN_TIME: Duration = Duration::from_secs(2);
/// How long a child may live before it is killed, counted from its readiness.
pub const LIFE_MS_MAX: usize = 120;
/// Of a hundred children this many are killed before they are ready.
pub const STILLBORN_PERCENT: usize = 5;
/// The lease of a child that is only killed: nobody waits for it longer than this.
pub const LEASE_KILLS: Duration = Duration::from_millis(120);
/// The lease of children that are paused.
pub const LEASE_PAUSES: Duration = Duration::from_millis(300);
/// A pause is at least this many hundredths of the lease.
pub const PAUSE_PERCENT_MIN: usize = 150;
/// And at most this much more.
pub const PAUSE_PERCENT_SPAN: usize = 250;
/// Between two pauses, at most.
pub const BETWEEN_PAUSES_MS_MAX: usize = 80;
/// Lanes that runs of a trial with pauses share.
pub const LANES: usize = 48;
/// Runs of a lane, on average, before nothing more is put into it.
pub const LANE_RUNS: usize = 8;
/// How long a child may take to own its first partition.
pub const READY_TIME_MAX: Duration = Duration::from_mins(1);
/// How long nothing may close in the end before what is open counts as stuck.
pub const CLOSE_TIME_MAX: Duration = Duration::from_secs(30);
/// How long an acknowledgement may take before the start is asked for again.
pub const ASK_AGAIN: Duration = Duration::from_millis(200);
/// How long after its result a planted defect has its effect: after the commit, as a rule.
pub const AFTER_RECORD: Duration = Duration::from_millis(30);
/// How often a level is looked at.
pub const LOOK: Duration = Duration::from_millis(5);
/// Of a hundred requests the target answers this many with `later`.
pub const LATER_PERCENT: usize = 2;
/// And of so many it breaks off after it did what it was asked.
pub const BROKEN_PERCENT: usize = 2;
/// Runs read back at once.
pub const PAGE: usize = 500;
/// Breaches that are printed.
pub const SHOWN_MAX: usize = 12;
