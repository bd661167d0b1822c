//! `cargo xtask sim`: many seeds of the engine's simulator, or one again.

use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use tenure_testkit::seeds::run_seed;

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line tool talks to a terminal")]
fn main() -> ExitCode {
    let numbers: Vec<u64> = std::env::args().skip(1).filter_map(|word| word.parse().ok()).collect();
    let (first, count) = match numbers.as_slice() {
        [first, count, ..] => (*first, *count),
        [one] => (*one, 1),
        [] => (0, 10_000),
    };
    let (next, failed) = (AtomicU64::new(first), AtomicUsize::new(0));
    let totals = [const { AtomicUsize::new(0) }; 4];
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= first + count {
                        return;
                    }
                    let report = run_seed(seed, None);
                    let parts = [report.runs, report.done, report.effects, report.crashes];
                    for (total, part) in totals.iter().zip(parts) {
                        total.fetch_add(part, Ordering::Relaxed);
                    }
                    for breach in &report.breaches {
                        failed.fetch_add(1, Ordering::Relaxed);
                        eprintln!("seed {seed}: {breach}\n  again with: cargo xtask sim {seed}");
                    }
                }
            });
        }
    });
    let [runs, done, effects, crashes] = totals.map(AtomicUsize::into_inner);
    let failed = failed.into_inner();
    println!(
        "{count} seeds from {first}: {runs} runs begun, {done} ended well, {effects} effects, {crashes} crashes, {failed} breaches"
    );
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
