//! How fast the engine is: the same workloads on either database, beside what the same disk gives
//! to bare commits in the same run.
//!
//! The engine is a process of its own ([`served`]), so that its CPU time is told apart from that
//! of whoever asks it; the steps of a run call an HTTP server in the asking process ([`plain`]).
//! Figures, not promises: what a machine that does something else besides gives is noise.

pub mod disk;
pub mod limits;
pub mod plain;
pub mod served;

use std::time::Duration;

/// Times of one thing done many times.
#[derive(Debug, Clone)]
pub struct Times {
    sorted: Vec<Duration>,
    took: Duration,
}

impl Times {
    /// From single times and the time that all took together.
    pub fn new(mut times: Vec<Duration>, took: Duration) -> Self {
        times.sort();
        Self { sorted: times, took }
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.sorted.len()
    }

    /// The time that this many in a hundred stay below.
    pub fn percentile(&self, percent: usize) -> Duration {
        let place = (self.sorted.len() * percent / 100).min(self.sorted.len().saturating_sub(1));
        self.sorted.get(place).copied().unwrap_or_default()
    }

    /// How many there were in a second.
    pub fn rate(&self) -> f64 {
        f64::from(u32::try_from(self.sorted.len()).unwrap_or(u32::MAX)) / self.took.as_secs_f64().max(1e-9)
    }
}

impl std::fmt::Display for Times {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (half, most) = (self.percentile(50).as_secs_f64() * 1e3, self.percentile(99).as_secs_f64() * 1e3);
        write!(f, "{:>8.0}/s   p50 {half:>8.2} ms   p99 {most:>8.2} ms   n {}", self.rate(), self.count())
    }
}

/// CPU time of a process so far, by `/proc`; nothing where there is none.
pub fn cpu_time(process: u32) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let after = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks: u64 = after.split_whitespace().skip(11).take(2).filter_map(|word| word.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * limits::MS_PER_TICK)
}

/// Resident memory of a process, in KiB.
pub fn resident_kib(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_and_rates() {
        let times = Times::new((1..=100).rev().map(Duration::from_millis).collect(), Duration::from_secs(2));
        assert_eq!(times.percentile(50), Duration::from_millis(51));
        assert_eq!(times.percentile(99), Duration::from_millis(100));
        assert!((times.rate() - 50.0).abs() < 1e-9);
        assert!(resident_kib(std::process::id()) > 100);
    }
}
