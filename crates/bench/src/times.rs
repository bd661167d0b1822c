//! Times of one thing done many times, and what is said of them.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Times of one thing done many times.
#[derive(Debug, Clone)]
pub struct Times {
    sorted: Vec<Duration>,
    took: Duration,
}

impl Times {
    /// From single times and the time that all took together.
    pub fn new(mut times: Vec<Duration>, took: Duration) -> Self {
        times.sort_unstable();
        Self { sorted: times, took }
    }

    /// What is said of them.
    pub fn summary(&self) -> Summary {
        Summary {
            count: self.sorted.len(),
            took_s: self.took.as_secs_f64(),
            p50_ms: self.percentile(50),
            p99_ms: self.percentile(99),
            most_ms: self.percentile(100),
        }
    }

    /// The time, in ms, that this many in a hundred stay below.
    fn percentile(&self, percent: usize) -> f64 {
        let place = (self.sorted.len() * percent / 100).min(self.sorted.len().saturating_sub(1));
        self.sorted.get(place).copied().unwrap_or_default().as_secs_f64() * 1e3
    }
}

/// What is said of many times.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// How many there are.
    pub count: usize,
    /// How long all took together, in seconds.
    pub took_s: f64,
    /// Half of them stay below, in ms.
    pub p50_ms: f64,
    /// 99 of 100 stay below, in ms.
    pub p99_ms: f64,
    /// The longest, in ms.
    pub most_ms: f64,
}

impl Summary {
    /// How many there were in a second.
    pub fn rate(&self) -> f64 {
        count(self.count) / self.took_s.max(1e-9)
    }
}

/// A count as a number to calculate with.
pub(crate) fn count(things: usize) -> f64 {
    f64::from(u32::try_from(things).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_and_rates() {
        let times = Times::new((1..=100).rev().map(Duration::from_millis).collect(), Duration::from_secs(2)).summary();
        assert!((times.p50_ms - 51.0).abs() < 1e-9 && (times.p99_ms - 100.0).abs() < 1e-9);
        assert!((times.most_ms - 100.0).abs() < 1e-9 && (times.rate() - 50.0).abs() < 1e-9);
        let none = Times::new(Vec::new(), Duration::ZERO).summary();
        assert!(none.p99_ms.abs() < 1e-9 && none.rate().abs() < 1e-9);
    }
}
