//! A great many runs that wait, half of them for a signal and half for a moment a year away: what
//! they cost in memory, how long the engine takes to come back with them there, and whether lists
//! and signals are still fast among them.

use std::time::Duration;

use jiff::Timestamp;
use tenure_engine::journal::RunStatus;
use tenure_model::{Clock, RunId, SystemClock};
use tenure_store::StoreError;
use tenure_store::runs::{self, RunFilter};

use super::{Workload, signals, timers};
use crate::figure::{Goal, Unit};
use crate::measure::{Bed, Report};
use crate::served::crowd::Waits;
use crate::times::{Times, count};
use crate::trouble::{Because, Trouble};
use crate::{limits, process};

const BYTES_IN_MIB: f64 = 1_048_576.0;

/// Measures them.
pub(super) async fn measure(bed: &mut Bed<'_>, report: &mut Report<'_>) -> Result<(), Trouble> {
    let (clock, wanted) = (SystemClock::new(), bed.options.parked);
    let title = format!("{wanted} {}", Workload::Parked.title());
    let empty = process::resident_mib(bed.child.id());
    let (begun, from) = (clock.elapsed(), clock.now());
    timers::park(bed, wanted / 2, Waits::ForSignal).await?;
    let to = clock.now();
    report.doing(&format!("{} wait for a signal, {:.0} s", wanted / 2, seconds(&clock, begun)));
    timers::park(bed, wanted - wanted / 2, timers::a_year_away(clock.now())).await?;
    bed.figure(report, &title, "time to park them", seconds(&clock, begun), Unit::Seconds, None);
    let parked = process::resident_mib(bed.child.id());
    let goal = Some(Goal::Below(limits::GOAL_PARKED_MIB));
    bed.figure(report, &title, "resident memory before", empty, Unit::Mebibytes, None);
    bed.figure(report, &title, "resident memory", parked, Unit::Mebibytes, goal);
    let each = (parked - empty).max(0.0) * BYTES_IN_MIB / count(wanted.max(1));
    bed.figure(report, &title, "memory for each", each, Unit::Bytes, None);
    bed.restart().await?;
    let ready = bed.child.ready_after.as_secs_f64();
    bed.figure(report, &title, "from start to the first run over", ready, Unit::Seconds, None);
    let restarted = process::resident_mib(bed.child.id());
    bed.figure(report, &title, "resident memory after a restart", restarted, Unit::Mebibytes, goal);
    pages(bed, report, &title, (from, to)).await?;
    signals::among(bed, report, &format!("signals among {wanted} parked"), (from, to)).await?;
    let signalled = process::resident_mib(bed.child.id());
    bed.figure(report, &title, "resident memory after signals", signalled, Unit::Mebibytes, goal);
    Ok(())
}

fn seconds(clock: &SystemClock, since: Duration) -> f64 {
    clock.elapsed().saturating_sub(since).as_secs_f64()
}

/// Reads pages of the list of runs, as whoever looks at it does.
async fn pages(
    bed: &Bed<'_>,
    report: &mut Report<'_>,
    title: &str,
    (from, to): (Timestamp, Timestamp),
) -> Result<(), Trouble> {
    let middle = from.checked_add(to.duration_since(from) / 2).unwrap_or(to);
    let waiting = RunFilter { status: Some(RunStatus::Waiting), ..RunFilter::default() };
    let places: [(&str, RunFilter, Option<RunId>); 3] = [
        ("the newest page", RunFilter::default(), None),
        ("a page in the middle", RunFilter::default(), Some(signals::first_of(middle))),
        ("a page in the middle of those that wait", waiting, Some(signals::first_of(middle))),
    ];
    for (what, filter, before) in places {
        let times = page(bed, filter, before).await?;
        bed.figure(report, title, &format!("{what}, p50"), times.p50_ms, Unit::Milliseconds, None);
        bed.figure(report, title, &format!("{what}, p99"), times.p99_ms, Unit::Milliseconds, None);
    }
    Ok(())
}

async fn page(bed: &Bed<'_>, filter: RunFilter, before: Option<RunId>) -> Result<crate::Summary, Trouble> {
    let clock = SystemClock::new();
    let mut times = Vec::with_capacity(limits::PAGES_READ);
    for _ in 0..limits::PAGES_READ {
        let (filter, begun) = (filter.clone(), clock.elapsed());
        let found: Result<Vec<_>, StoreError> = bed
            .store
            .read(move |tx| Box::pin(async move { runs::list(tx, &filter, before, limits::PAGE_RUNS).await }))
            .await;
        if found.because(|| "cannot list runs".to_owned())?.is_empty() {
            return Err(Trouble::new("a page of runs is empty that should not be"));
        }
        times.push(clock.elapsed().saturating_sub(begun));
    }
    Ok(Times::new(times, clock.elapsed()).summary())
}
