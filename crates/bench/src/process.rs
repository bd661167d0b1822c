//! What a process costs, by `/proc`; nothing where there is none.

use std::time::Duration;

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

/// Resident memory of a process, in MiB.
pub fn resident_mib(process: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
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
    fn a_process_has_memory() {
        assert!(resident_mib(std::process::id()) > 0.1);
        assert!(resident_mib(0).abs() < 1e-9);
    }
}
