//! A long time at a steady pace, below what the machine can do: does anything grow?

use std::time::Duration;

use tenure_model::{Clock as _, SystemClock};

use super::Workload;
use crate::figure::{Goal, Unit};
use crate::measure::{Bed, Report};
use crate::plain::{self, Paced};
use crate::times::count;
use crate::trouble::Trouble;
use crate::{disk, limits, process};

/// What one window showed.
struct Window {
    rate: f64,
    p50_ms: f64,
    p99_ms: f64,
    /// The longest of the syncs of a bare file at the same time.
    sync_ms: f64,
    /// Cores that others used meanwhile: a window in which they took what the pace leaves is theirs.
    others_cores: f64,
    /// CPU time of a fixed piece of work: it grows when the cores themselves are slower.
    work_ms: f64,
    resident_mib: f64,
}

/// One of these numbers.
type Part = fn(&Window) -> f64;

/// Measures it.
pub(super) async fn measure(bed: &mut Bed<'_>, report: &mut Report<'_>) -> Result<(), Trouble> {
    let most = most(bed).await?;
    let pace = most * f64::from(limits::SOAK_PERCENT) / 100.0;
    let length = (bed.options.soak / limits::SOAK_WINDOWS_MIN).min(limits::SOAK_WINDOW_MAX);
    let windows = (bed.options.soak.as_secs_f64() / length.as_secs_f64().max(1e-3)).round();
    let title = Workload::Soak.title();
    bed.figure(report, title, "the most, held for a tenth of its time", most, Unit::PerSecond, None);
    bed.figure(report, title, "pace", pace, Unit::PerSecond, None);
    let load = Paced::start(bed.child.address, "/run", pace, limits::IN_FLIGHT);
    tokio::time::sleep(length * limits::SOAK_WARM_WINDOWS).await;
    load.take(length)?;
    let beside = disk::Beside::start(&bed.options.folder)?;
    let yardstick = process::Yardstick::start();
    let mut seen: Vec<Window> = Vec::new();
    while count(seen.len()) < windows {
        let window = one(bed, &load, (&beside, &yardstick), length).await?;
        let name = format!("{title}, window {}", seen.len() + 1);
        bed.figure(report, &name, "rate", window.rate, Unit::PerSecond, None);
        bed.figure(report, &name, "p50", window.p50_ms, Unit::Milliseconds, None);
        bed.figure(report, &name, "p99", window.p99_ms, Unit::Milliseconds, None);
        bed.figure(report, &name, "longest sync of a bare file beside it", window.sync_ms, Unit::Milliseconds, None);
        bed.figure(report, &name, "used by others", window.others_cores, Unit::Cores, None);
        bed.figure(report, &name, "a fixed piece of work takes", window.work_ms, Unit::Milliseconds, None);
        bed.figure(report, &name, "resident memory", window.resident_mib, Unit::Mebibytes, None);
        seen.push(window);
    }
    slopes(bed, report, &seen);
    Ok(())
}

/// What the machine goes on giving.
async fn most(bed: &Bed<'_>) -> Result<f64, Trouble> {
    let (clock, mut runs) = (SystemClock::new(), 0);
    while runs == 0 || clock.elapsed() < bed.options.soak / limits::SOAK_MOST_SHARE {
        runs += plain::ask(bed.child.address, "/run", bed.options.runs, limits::IN_FLIGHT).await?.count;
    }
    Ok(count(runs) / clock.elapsed().as_secs_f64())
}

async fn one(
    bed: &Bed<'_>,
    load: &Paced,
    (beside, yardstick): (&disk::Beside, &process::Yardstick),
    length: Duration,
) -> Result<Window, Trouble> {
    let others = || process::others(bed.child.id(), std::process::id());
    let before = others();
    yardstick.take();
    tokio::time::sleep(length).await;
    let theirs = others().saturating_sub(before);
    let times = load.take(length)?;
    Ok(Window {
        rate: times.rate(),
        p50_ms: times.p50_ms,
        p99_ms: times.p99_ms,
        sync_ms: beside.take(length)?.most_ms,
        others_cores: theirs.as_secs_f64() / length.as_secs_f64().max(1e-3),
        work_ms: yardstick.take(),
        resident_mib: process::resident_mib(bed.child.id()),
    })
}

/// The last third against the first, each by its middle window: one stall is not a slope.
fn slopes(bed: &Bed<'_>, report: &mut Report<'_>, seen: &[Window]) {
    let third = (seen.len() / 3).max(1);
    let (first, last) = (seen.get(..third).unwrap_or(seen), seen.get(seen.len() - third..).unwrap_or(seen));
    let parts: [(&str, Part); 4] = [
        ("rate", |window| window.rate),
        ("p50", |window| window.p50_ms),
        ("p99", |window| window.p99_ms),
        ("resident memory", |window| window.resident_mib),
    ];
    for (what, part) in parts {
        let slope = middle(last, part) / middle(first, part).max(1e-9);
        let goal = if what == "rate" { Goal::AtLeast(1.0 / limits::GOAL_FLAT) } else { Goal::Below(limits::GOAL_FLAT) };
        let name = format!("{what}, last third : first third");
        bed.figure(report, Workload::Soak.title(), &name, slope, Unit::Times, Some(goal));
    }
}

fn middle(windows: &[Window], part: Part) -> f64 {
    let mut all: Vec<f64> = windows.iter().map(part).collect();
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 2).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_stall_is_not_a_slope() {
        let window = |p99_ms| Window {
            rate: 1.0,
            p50_ms: 1.0,
            p99_ms,
            sync_ms: 1.0,
            others_cores: 0.0,
            work_ms: 1.0,
            resident_mib: 1.0,
        };
        let windows = [window(2.0), window(900.0), window(3.0)];
        assert!((middle(&windows, |window| window.p99_ms) - 3.0).abs() < 1e-9);
    }
}
