//! Many timers that are due within a minute: how late each is. A timer counts as fired when what
//! follows it in its run begins, after the commit.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use tenure_model::{Clock, SystemClock};

use super::Workload;
use crate::figure::{Goal, Unit};
use crate::limits;
use crate::measure::{Bed, Report};
use crate::process;
use crate::served::crowd::{Crowd, Waits};
use crate::times::{Summary, count};
use crate::trouble::{Because, Trouble};

/// Far enough away that nothing of it happens while we look.
const A_YEAR: SignedDuration = SignedDuration::from_hours(24 * 365);

/// Measures them.
pub(super) async fn measure(bed: &mut Bed<'_>, report: &mut Report<'_>) -> Result<(), Trouble> {
    let (clock, wanted) = (SystemClock::new(), bed.options.timers);
    let tried = park(bed, limits::TIMERS_TRIED, a_year_away(clock.now())).await?;
    let setting = Duration::from_secs_f64(count(wanted) / tried.rate().max(1.0));
    let ahead = setting * limits::TIMERS_SPARE_PERCENT / 100 + limits::TIMERS_WITHIN / 6;
    let first = later(clock.now(), ahead);
    report.doing(&format!("{wanted} timers, the first due in {:.0} s", ahead.as_secs_f64()));
    let within_ms = u64::try_from(limits::TIMERS_WITHIN.as_millis()).unwrap_or(u64::MAX);
    let set = park(bed, wanted, Waits::Until { first, within_ms }).await?;
    if clock.now() >= first {
        return Err(Trouble::new("the timers were not set before the first was due; ask for fewer"));
    }
    let title = format!("{wanted} {}", Workload::Timers.title());
    bed.figure(report, &title, "timers set", set.rate(), Unit::PerSecond, None);
    until(&clock, first).await;
    let before = process::cpu_time(bed.child.id());
    let late = until_all_fired(bed, wanted, &clock).await?;
    let cpu = process::cpu_time(bed.child.id()).saturating_sub(before);
    bed.figure(report, &title, "late, p50", late.p50_ms, Unit::Milliseconds, None);
    bed.figure(report, &title, "late, p99", late.p99_ms, Unit::Milliseconds, None);
    let goal = Some(Goal::Below(limits::GOAL_LATE_MS));
    bed.figure(report, &title, "late, the latest", late.most_ms, Unit::Milliseconds, goal);
    let each = count(wanted) / cpu.as_secs_f64().max(0.01);
    bed.figure(report, &title, "for each CPU second", each, Unit::PerCpuSecond, None);
    Ok(())
}

/// Moments about a year away.
pub(super) fn a_year_away(now: Timestamp) -> Waits {
    Waits::Until { first: now.checked_add(A_YEAR).unwrap_or(now), within_ms: 1_000 }
}

/// Starts runs that wait and comes back when all of them do.
pub(super) async fn park(bed: &Bed<'_>, count: usize, waits: Waits) -> Result<Summary, Trouble> {
    let crowd = serde_json::to_value(Crowd { waits, count }).because(|| "cannot ask for a crowd".to_owned())?;
    bed.child.call("/crowd", &crowd).await
}

async fn until_all_fired(bed: &Bed<'_>, wanted: usize, clock: &SystemClock) -> Result<Summary, Trouble> {
    let begun = clock.elapsed();
    loop {
        let late: Summary = bed.child.call("/late", &json!({})).await?;
        if late.count >= wanted {
            return Ok(late);
        }
        if clock.elapsed().saturating_sub(begun) > limits::TIMERS_WITHIN + limits::TIMERS_LATE_MAX {
            return Err(Trouble::new(format!("{} of {wanted} timers fired", late.count)));
        }
        tokio::time::sleep(limits::CROWD_LOOK * 10).await;
    }
}

async fn until(clock: &SystemClock, moment: Timestamp) {
    let left = Duration::try_from(moment.duration_since(clock.now())).unwrap_or(Duration::ZERO);
    tokio::time::sleep(left).await;
}

fn later(now: Timestamp, by: Duration) -> Timestamp {
    now.checked_add(by).unwrap_or(now)
}
