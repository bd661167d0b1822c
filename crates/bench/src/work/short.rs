//! Runs that are over in a moment: so many in a second, and for each CPU second.

use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::json;

use super::Workload;
use crate::figure::{Goal, Unit};
use crate::measure::{Bed, Report};
use crate::times::Summary;
use crate::trouble::Trouble;
use crate::{limits, plain, process};

/// One round.
struct Round {
    times: Summary,
    cpu: Duration,
}

/// Measures one of them, round by round on each database in turn.
pub(super) async fn measure(work: Workload, beds: &[Bed<'_>], report: &mut Report<'_>) -> Result<(), Trouble> {
    let mut done: Vec<Vec<Round>> = beds.iter().map(|_| Vec::new()).collect();
    for number in 1..=beds.first().map_or(0, |bed| bed.options.rounds) {
        for (bed, rounds) in beds.iter().zip(&mut done) {
            report.doing(&format!("{}: {}, round {number}", bed.database.word(), work.word()));
            rounds.push(round(work, bed).await?);
        }
    }
    for (bed, rounds) in beds.iter().zip(done) {
        say(work, bed, rounds, report);
    }
    Ok(())
}

async fn round(work: Workload, bed: &Bed<'_>) -> Result<Round, Trouble> {
    let (before, called) = (process::cpu_time(bed.child.id()), bed.calls.load(Ordering::Relaxed));
    let times = runs(work, bed).await?;
    let cpu = process::cpu_time(bed.child.id()).saturating_sub(before);
    let called = bed.calls.load(Ordering::Relaxed) - called;
    let over_http = matches!(work, Workload::Http | Workload::HttpAlone);
    if over_http && called < times.count * 3 {
        return Err(Trouble::new(format!("{called} calls for {} runs of three steps", times.count)));
    }
    Ok(Round { times, cpu })
}

/// The middle round stands for all, with the rates of the worst and of the best beside it.
fn say(work: Workload, bed: &Bed<'_>, mut rounds: Vec<Round>, report: &mut Report<'_>) {
    rounds.sort_by(|one, other| one.times.rate().total_cmp(&other.times.rate()));
    let (Some(least), Some(middle), Some(most)) = (rounds.first(), rounds.get(rounds.len() / 2), rounds.last()) else {
        return;
    };
    let (title, times) = (work.title(), &middle.times);
    bed.figure(report, title, "rate", times.rate(), Unit::PerSecond, rate_goal(work, bed));
    if rounds.len() > 1 {
        bed.figure(report, title, "rate of the worst round", least.times.rate(), Unit::PerSecond, None);
        bed.figure(report, title, "rate of the best round", most.times.rate(), Unit::PerSecond, None);
    }
    let alone = (work == Workload::HttpAlone).then_some(Goal::Below(limits::GOAL_ALONE_P50_MS));
    bed.figure(report, title, "p50", times.p50_ms, Unit::Milliseconds, alone);
    let many = (work == Workload::Http && bed.is_sqlite()).then_some(Goal::Below(limits::GOAL_P99_MS));
    bed.figure(report, title, "p99", times.p99_ms, Unit::Milliseconds, many);
    bed.cost(report, title, times, middle.cpu);
}

async fn runs(work: Workload, bed: &Bed<'_>) -> Result<Summary, Trouble> {
    let (address, runs) = (bed.child.address, bed.options.runs);
    match work {
        Workload::HttpAlone => plain::ask(address, "/run", runs * limits::ALONE_PERCENT / 100 + 1, 1).await,
        Workload::Http => plain::ask(address, "/run", runs, limits::IN_FLIGHT).await,
        Workload::Inner12 => plain::ask(address, "/inner/12", runs, limits::IN_FLIGHT).await,
        _ => bed.child.call(&format!("/flood/{}", runs * 2), &json!({})).await,
    }
}

fn rate_goal(work: Workload, bed: &Bed<'_>) -> Option<Goal> {
    match work {
        Workload::Http if bed.is_sqlite() => Some(Goal::AtLeast(limits::GOAL_RATE)),
        Workload::Inner3 if bed.is_sqlite() => Some(Goal::AtLeast(limits::GOAL_INNER_RATE)),
        _ => None,
    }
}
