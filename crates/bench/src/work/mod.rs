//! What is measured: one file per kind of workload.

mod parked;
mod short;
mod signals;
mod soak;
mod timers;

use crate::measure::{Bed, Report};
use crate::trouble::Trouble;

/// A workload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Workload {
    /// Three steps over HTTP, one run after the other.
    HttpAlone,
    /// Three steps over HTTP, 256 in flight.
    Http,
    /// Twelve steps in process, asked over HTTP, 256 in flight.
    Inner12,
    /// Three steps in process, everything within the engine's process.
    Inner3,
    /// Many timers that are due within a minute.
    Timers,
    /// How long until a signal is taken in.
    Signals,
    /// A long time at a steady pace.
    Soak,
    /// A great many runs that wait; the last, because they stay.
    Parked,
}

impl Workload {
    /// Every workload, in the order in which they are measured.
    pub const ALL: [Self; 8] = [
        Self::HttpAlone,
        Self::Http,
        Self::Inner12,
        Self::Inner3,
        Self::Timers,
        Self::Signals,
        Self::Soak,
        Self::Parked,
    ];

    /// The word for it on the command line.
    pub fn word(self) -> &'static str {
        match self {
            Self::HttpAlone => "http-1",
            Self::Http => "http-256",
            Self::Inner12 => "inner-12",
            Self::Inner3 => "inner-3",
            Self::Timers => "timers",
            Self::Signals => "signals",
            Self::Soak => "soak",
            Self::Parked => "parked",
        }
    }

    /// What it is, in figures.
    pub fn title(self) -> &'static str {
        match self {
            Self::HttpAlone => "3 steps over HTTP, 1 in flight",
            Self::Http => "3 steps over HTTP, 256 in flight",
            Self::Inner12 => "12 steps in process, asked over HTTP, 256 in flight",
            Self::Inner3 => "3 steps, all in process, 256 in flight",
            Self::Timers => "timers due within a minute",
            Self::Signals => "signals",
            Self::Soak => "soak at 70 %",
            Self::Parked => "parked runs",
        }
    }

    /// Whether it starts runs and waits until they are over.
    pub(crate) fn is_of_runs(self) -> bool {
        match self {
            Self::HttpAlone | Self::Http | Self::Inner12 | Self::Inner3 => true,
            Self::Timers | Self::Signals | Self::Soak | Self::Parked => false,
        }
    }

    /// Measures it on each database: short runs in rounds, so that a slow minute of the machine falls on all.
    pub(crate) async fn measure(self, beds: &mut [Bed<'_>], report: &mut Report<'_>) -> Result<(), Trouble> {
        match self {
            Self::HttpAlone | Self::Http | Self::Inner12 | Self::Inner3 => short::measure(self, beds, report).await,
            Self::Timers => self.on_each(beds, report, timers::measure).await,
            Self::Signals => self.on_each(beds, report, signals::measure).await,
            Self::Soak => self.on_each(beds, report, soak::measure).await,
            Self::Parked => self.on_each(beds, report, parked::measure).await,
        }
    }

    async fn on_each(
        self,
        beds: &mut [Bed<'_>],
        report: &mut Report<'_>,
        measure: impl AsyncFn(&mut Bed<'_>, &mut Report<'_>) -> Result<(), Trouble>,
    ) -> Result<(), Trouble> {
        for bed in beds {
            report.doing(&format!("{}: {}", bed.database.word(), self.word()));
            measure(bed, report).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_workload_has_a_word_and_a_title_of_its_own() {
        let words: std::collections::BTreeSet<&str> =
            Workload::ALL.into_iter().flat_map(|work| [work.word(), work.title()]).collect();
        assert_eq!(words.len(), 2 * Workload::ALL.len() - 1, "only `signals` is both");
    }
}
