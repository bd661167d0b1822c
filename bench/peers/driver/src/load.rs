//! The load: N slots, each with one connection, each starting its next run when the last is done.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use hyper::Method;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::cpu;
use crate::figures::percentile;
use crate::http::{Connection, Target};
use crate::limits::{FAILURES_MAX, RUN_WAIT_MAX};
use crate::machine::now;
use crate::trouble::{Because, Result, Trouble};

/// What to do.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Where a run is started: it answers when the run is durably done.
    pub target: Target,
    /// How many runs at once.
    pub in_flight: usize,
    /// How long nothing is counted.
    pub warm_up: Duration,
    /// How long it is.
    pub measure: Duration,
}

/// What the CPUs did while it was measured, in seconds.
#[derive(Debug, Default, Clone, Copy)]
pub struct Work {
    /// The system under test and everything it started.
    pub system_s: f64,
    /// The driver and the step server.
    pub bench_s: f64,
    /// Everybody else on this machine: over a few hundredths, the figures are disturbed.
    pub others_s: f64,
}

/// What was seen.
#[derive(Debug, Default, Clone)]
pub struct Series {
    /// Runs that ended inside the measured time, in a second.
    pub runs_per_s: f64,
    /// Latency of the middle run.
    pub p50_ms: f64,
    /// Latency that 99 of 100 runs keep.
    pub p99_ms: f64,
    /// Runs inside the measured time for each CPU second of the system.
    pub runs_per_cpu_s: f64,
    /// Cores' worth of work.
    pub work: Work,
    /// How long was measured.
    pub wall_s: f64,
    /// Runs that were acknowledged, warm-up and drain included.
    pub acknowledged: u64,
    /// Runs that failed.
    pub failed: u64,
    /// What the first failure said.
    pub first_failure: Option<String>,
}

/// What all slots share.
#[derive(Debug)]
struct Shared {
    plan: Plan,
    numbers: Arc<AtomicU64>,
    stop: AtomicBool,
    failures: AtomicU64,
}

/// What one slot saw: the end and the latency of each run.
#[derive(Debug, Default)]
struct Seen {
    ended: Vec<(Instant, Duration)>,
    first_failure: Option<String>,
}

/// Processes to watch.
#[derive(Debug)]
pub struct Watched<'a> {
    /// Roots of the system under test.
    pub system: &'a [u32],
    /// The step server.
    pub steps: u32,
}

/// Runs the load and counts. `numbers` hands out the numbers of runs, each once.
pub async fn drive(plan: Plan, numbers: Arc<AtomicU64>, watched: Watched<'_>) -> Result<Series> {
    let (warm_up, measure, in_flight) = (plan.warm_up, plan.measure, plan.in_flight);
    let shared = Arc::new(Shared { plan, numbers, stop: AtomicBool::new(false), failures: AtomicU64::new(0) });
    let mut slots = JoinSet::new();
    for _ in 0..in_flight {
        slots.spawn(slot(Arc::clone(&shared)));
    }
    sleep(warm_up).await;
    let (start, before) = (now(), sample(&watched));
    sleep(measure).await;
    let (end, after) = (now(), sample(&watched));
    shared.stop.store(true, Ordering::Relaxed);
    let drained = timeout(RUN_WAIT_MAX * 2, slots.join_all()).await;
    let seen = drained.because(|| "some runs never ended".to_owned())?;
    let failed = shared.failures.load(Ordering::Relaxed);
    let work = Work {
        system_s: after.system_s - before.system_s,
        bench_s: after.bench_s - before.bench_s,
        others_s: after.others_s - before.others_s,
    };
    let series = sum_up(seen, (start, end), work, failed);
    if failed >= FAILURES_MAX {
        let said = series.first_failure.unwrap_or_default();
        return Err(Trouble::new(format!("{failed} runs failed, the first with: {said}")));
    }
    Ok(series)
}

fn sample(watched: &Watched<'_>) -> Work {
    let system_s = cpu::seconds_of_trees(watched.system);
    // Not our tree: the systems under test are our children.
    let bench_s = cpu::seconds_of_one(std::process::id()) + cpu::seconds_of_trees(&[watched.steps]);
    Work { system_s, bench_s, others_s: cpu::seconds_of_machine() - system_s - bench_s }
}

async fn slot(shared: Arc<Shared>) -> Seen {
    let mut seen = Seen::default();
    let mut connection = None;
    while !shared.stop.load(Ordering::Relaxed) && shared.failures.load(Ordering::Relaxed) < FAILURES_MAX {
        let start = now();
        match one_run(&shared, &mut connection).await {
            Ok(()) => {
                let end = now();
                seen.ended.push((end, end - start));
            }
            Err(trouble) => {
                shared.failures.fetch_add(1, Ordering::Relaxed);
                seen.first_failure.get_or_insert(trouble.chain());
                connection = None;
            }
        }
    }
    seen
}

async fn one_run(shared: &Shared, connection: &mut Option<Connection>) -> Result<()> {
    if connection.is_none() {
        *connection = Some(Connection::open(&shared.plan.target).await?);
    }
    let Some(open) = connection else { return Ok(()) };
    let n = shared.numbers.fetch_add(1, Ordering::Relaxed);
    let answered = timeout(RUN_WAIT_MAX, open.send(Method::POST, format!("{{\"n\":{n}}}"))).await;
    let (status, body) = answered.because(|| format!("run {n} took too long"))??;
    if status.is_success() {
        return Ok(());
    }
    Err(Trouble::new(format!("run {n} answers {status}: {}", String::from_utf8_lossy(&body))))
}

fn sum_up(seen: Vec<Seen>, (start, end): (Instant, Instant), work: Work, failed: u64) -> Series {
    let first_failure = seen.iter().find_map(|one| one.first_failure.clone());
    let acknowledged: usize = seen.iter().map(|one| one.ended.len()).sum();
    let inside = seen.iter().flat_map(|one| &one.ended).filter(|(ended, _)| (start..end).contains(ended));
    let mut latencies_ms: Vec<f64> = inside.map(|(_, latency)| latency.as_secs_f64() * 1_000.0).collect();
    latencies_ms.sort_by(f64::total_cmp);
    let wall_s = (end - start).as_secs_f64();
    let runs = f64::from(u32::try_from(latencies_ms.len()).unwrap_or(u32::MAX));
    Series {
        runs_per_s: runs / wall_s,
        p50_ms: percentile(&latencies_ms, 50),
        p99_ms: percentile(&latencies_ms, 99),
        runs_per_cpu_s: if work.system_s > 0.0 { runs / work.system_s } else { 0.0 },
        work,
        wall_s,
        acknowledged: acknowledged.try_into().unwrap_or(u64::MAX),
        failed,
        first_failure,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_runs_that_end_inside_the_measured_time_count() {
        let start = now();
        let at = |ms: u64| (start + Duration::from_millis(ms), Duration::from_millis(10));
        let seen = vec![Seen { ended: vec![at(0), at(999), at(1_000), at(1_001)], first_failure: None }];
        let work = Work { system_s: 0.5, ..Work::default() };
        let series = sum_up(seen, (start, start + Duration::from_secs(1)), work, 0);
        assert_eq!((series.runs_per_s, series.runs_per_cpu_s, series.acknowledged), (2.0, 4.0, 4));
        assert_eq!((series.p50_ms, series.p99_ms), (10.0, 10.0));
    }
}
