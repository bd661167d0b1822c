//! What a process costs, by `/proc`; nothing where there is none.

use std::cell::Cell;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use crate::limits;
use crate::times::count;

/// What Linux counts CPU time in.
const MS_PER_TICK: u64 = 10;

/// CPU time of a process so far.
pub fn cpu_time(process: u32) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let after = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks: u64 = after.split_whitespace().skip(11).take(2).filter_map(|word| word.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * MS_PER_TICK)
}

/// CPU time that went to anything but these two so far, other machines on the same hardware
/// included.
pub fn others(first: u32, second: u32) -> Duration {
    let stat = std::fs::read_to_string("/proc/stat").unwrap_or_default();
    let ticks: Vec<u64> = stat.split_whitespace().skip(1).map_while(|word| word.parse().ok()).take(8).collect();
    // Idle and waiting for the disk are the fourth and the fifth.
    let busy: u64 = ticks.iter().take(3).chain(ticks.iter().skip(5)).sum();
    Duration::from_millis(busy * MS_PER_TICK).saturating_sub(cpu_time(first) + cpu_time(second))
}

/// A fixed piece of work, done now and then on a thread of its own until this is dropped.
pub struct Yardstick {
    /// The CPU time of the thread so far, after each piece.
    told: Receiver<Duration>,
    last: Cell<Duration>,
}

impl Yardstick {
    /// Begins.
    pub fn start() -> Self {
        let (tell, told) = channel();
        std::thread::spawn(move || {
            loop {
                std::hint::black_box((0..limits::YARDSTICK_ROUNDS).fold(1_u64, |sum, round| {
                    std::hint::black_box(sum).wrapping_mul(6_364_136_223_846_793_005).wrapping_add(round)
                }));
                if tell.send(thread_time()).is_err() {
                    return;
                }
                std::thread::park_timeout(limits::YARDSTICK_EVERY);
            }
        });
        Self { told, last: Cell::new(Duration::ZERO) }
    }

    /// How long a piece took on a core since the last call, in ms; the mean.
    pub fn take(&self) -> f64 {
        let told: Vec<Duration> = self.told.try_iter().collect();
        let Some(last) = told.last() else { return 0.0 };
        let before = self.last.replace(*last);
        last.saturating_sub(before).as_secs_f64() * 1e3 / count(told.len())
    }
}

/// CPU time of this thread so far.
fn thread_time() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    Duration::from_nanos(text.split_whitespace().next().and_then(|word| word.parse().ok()).unwrap_or(0))
}

/// Resident memory of a process, in MiB.
pub fn resident_mib(process: u32) -> f64 {
    memory_mib(process, "VmRSS:")
}

/// The most memory that a process ever had, in MiB.
pub fn peak_mib(process: u32) -> f64 {
    memory_mib(process, "VmHWM:")
}

fn memory_mib(process: u32, what: &str) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(what));
    let kib: u32 = line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0);
    f64::from(kib) / 1024.0
}

/// What else the machine does: the load of the last minute, and how many cores there are.
pub fn load() -> (String, usize) {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let first = load.split_whitespace().next().unwrap_or("unknown").to_owned();
    (first, std::thread::available_parallelism().map_or(0, usize::from))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn others_do_not_count_what_is_ours() {
        let before = (others(0, 0), others(std::process::id(), 0));
        assert!(before.1 < before.0 || cpu_time(std::process::id()).is_zero(), "{before:?}");
    }

    #[test]
    fn a_piece_of_work_takes_time() {
        let yardstick = Yardstick::start();
        let pieces: Vec<Duration> = yardstick.told.iter().take(3).collect();
        assert!(pieces.is_sorted() && pieces[2] > Duration::ZERO, "{pieces:?}");
    }

    #[test]
    fn a_process_has_memory() {
        assert!(resident_mib(std::process::id()) > 0.1);
        assert!(resident_mib(0).abs() < 1e-9);
    }
}
