//! How long it takes from sending a signal until its run has taken it in, durably.

use jiff::Timestamp;
use tenure_engine::journal::RunStatus;
use tenure_model::{Clock, Id, RunId, SystemClock};
use tenure_store::StoreError;
use tenure_store::runs::{self, RunFilter};
use uuid::Uuid;

use super::{Workload, timers};
use crate::figure::Unit;
use crate::limits;
use crate::measure::{Bed, Report};
use crate::served::crowd::{Signals, Waits};
use crate::served::graphs;
use crate::times::Summary;
use crate::trouble::{Because, Trouble};

/// Measures them with nobody else waiting.
pub(super) async fn measure(bed: &mut Bed<'_>, report: &mut Report<'_>) -> Result<(), Trouble> {
    let clock = SystemClock::new();
    let from = clock.now();
    timers::park(bed, limits::SIGNALS_ALONE + limits::SIGNALS_TOGETHER, Waits::ForSignal).await?;
    among(bed, report, Workload::Signals.title(), (from, clock.now())).await
}

/// Signals runs that began to wait between these moments.
pub(super) async fn among(
    bed: &Bed<'_>,
    report: &mut Report<'_>,
    title: &str,
    parked: (Timestamp, Timestamp),
) -> Result<(), Trouble> {
    let mut runs = spread(bed, parked).await?;
    let together = runs.split_off(runs.len().min(limits::SIGNALS_ALONE));
    for (how, runs, at_once) in [("1 at a time", runs, 1), ("64 at a time", together, limits::SIGNALS_AT_ONCE)] {
        let body = serde_json::to_value(Signals { runs, at_once }).because(|| "cannot ask for signals".to_owned())?;
        let times: Summary = bed.child.call("/signals", &body).await?;
        let workload = format!("{title}, {how}");
        bed.rate(report, &workload, &times, None);
        bed.figure(report, &workload, "signals", crate::times::count(times.count), Unit::Count, None);
    }
    Ok(())
}

/// Runs that wait for a signal, from all over that time: those that wait longest lie farthest
/// from everything that is in memory.
async fn spread(bed: &Bed<'_>, (from, to): (Timestamp, Timestamp)) -> Result<Vec<RunId>, Trouble> {
    let wanted = limits::SIGNALS_ALONE + limits::SIGNALS_TOGETHER;
    let length = to.duration_since(from);
    let mut runs: Vec<RunId> = Vec::with_capacity(wanted);
    for number in (1..=wanted).rev() {
        let part = crate::times::count(number) / crate::times::count(wanted);
        let moment = from.checked_add(length.mul_f64(part)).unwrap_or(to);
        // Never the same one twice, however close together they were started.
        let before = runs.last().map_or(first_of(moment), |last| first_of(moment).min(*last));
        let filter = RunFilter {
            name: Some(graphs::LISTEN.to_owned()),
            status: Some(RunStatus::Waiting),
            since: Some(from),
            ..RunFilter::default()
        };
        let found: Result<Vec<_>, StoreError> =
            bed.store.read(move |tx| Box::pin(async move { runs::list(tx, &filter, Some(before), 1).await })).await;
        runs.extend(found.because(|| "cannot list the runs that wait".to_owned())?.into_iter().map(|row| row.id));
    }
    // The order of asking is not the order in which they lie.
    let half = runs.split_off(runs.len() / 2);
    Ok(half.into_iter().zip(runs).flat_map(|(old, young)| [old, young]).collect())
}

/// The smallest id of this millisecond.
pub(super) fn first_of(moment: Timestamp) -> RunId {
    let millisecond = u128::try_from(moment.as_millisecond()).unwrap_or(0);
    RunId::from_uuid(Uuid::from_u128(millisecond << 80))
}
