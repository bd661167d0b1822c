//! One figure, and the goal that it is held to.

use serde::Serialize;

/// One figure of one workload on one database.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Figure {
    /// `disk`, `sqlite`, `postgresql`, or both where two are compared.
    pub on: String,
    /// What was done.
    pub workload: String,
    /// What of it is meant.
    pub what: String,
    /// The number.
    pub value: f64,
    /// Of what.
    pub unit: Unit,
    /// What it should be.
    pub goal: Option<Goal>,
    /// Whether it is so; none without a goal.
    pub reached: Option<bool>,
}

/// What a number counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Unit {
    /// So many.
    #[serde(rename = "")]
    Count,
    /// So many cores, all of the time.
    #[serde(rename = "cores")]
    Cores,
    /// So many in a second.
    #[serde(rename = "/s")]
    PerSecond,
    /// So many for each second of CPU time of the engine's process.
    #[serde(rename = "/CPU-s")]
    PerCpuSecond,
    /// Milliseconds.
    #[serde(rename = "ms")]
    Milliseconds,
    /// Seconds.
    #[serde(rename = "s")]
    Seconds,
    /// MiB of memory.
    #[serde(rename = "MiB")]
    Mebibytes,
    /// So many bytes for each.
    #[serde(rename = "bytes")]
    Bytes,
    /// So many times the other.
    #[serde(rename = "×")]
    Times,
}

/// What a figure should be.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Goal {
    /// This or more.
    AtLeast(f64),
    /// Less than this.
    Below(f64),
}

impl Figure {
    /// A figure with or without a goal.
    pub fn new(on: &str, workload: &str, what: &str, value: f64, unit: Unit, goal: Option<Goal>) -> Self {
        let reached = goal.map(|goal| goal.reached_by(value));
        Self { on: on.to_owned(), workload: workload.to_owned(), what: what.to_owned(), value, unit, goal, reached }
    }

    /// The number with its unit, for people.
    pub fn text(&self) -> String {
        self.unit.text(self.value)
    }

    /// The goal, for people.
    pub fn goal_text(&self) -> Option<String> {
        self.goal.map(|goal| match goal {
            Goal::AtLeast(least) => format!("≥ {}", self.unit.text(least)),
            Goal::Below(most) => format!("< {}", self.unit.text(most)),
        })
    }
}

impl Goal {
    fn reached_by(self, value: f64) -> bool {
        match self {
            Self::AtLeast(least) => value >= least,
            Self::Below(most) => value < most,
        }
    }
}

impl Unit {
    fn text(self, value: f64) -> String {
        match self {
            Self::Count => format!("{value:.0}"),
            Self::Cores => format!("{value:.2} cores"),
            Self::PerSecond => format!("{value:.0}/s"),
            Self::PerCpuSecond => format!("{value:.0}/CPU-s"),
            Self::Milliseconds => format!("{value:.2} ms"),
            Self::Seconds => format!("{value:.1} s"),
            Self::Mebibytes => format!("{value:.0} MiB"),
            Self::Bytes => format!("{value:.0} bytes"),
            Self::Times => format!("{value:.2} ×"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_knows_whether_it_is_good_enough() {
        let figure = |value, goal| Figure::new("sqlite", "w", "rate", value, Unit::PerSecond, goal);
        assert_eq!(figure(3_000.0, Some(Goal::AtLeast(3_000.0))).reached, Some(true));
        assert_eq!(figure(2_999.0, Some(Goal::AtLeast(3_000.0))).reached, Some(false));
        assert_eq!(figure(100.0, Some(Goal::Below(100.0))).reached, Some(false));
        assert_eq!(figure(1.0, None).reached, None);
        assert_eq!(figure(1.0, Some(Goal::Below(2.0))).goal_text().as_deref(), Some("< 2/s"));
    }
}
