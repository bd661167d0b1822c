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
    fn a_process_has_memory() {
        assert!(resident_mib(std::process::id()) > 0.1);
        assert!(resident_mib(0).abs() < 1e-9);
    }
}
