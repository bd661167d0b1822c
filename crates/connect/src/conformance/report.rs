//! What the suite found, for a reader and for a program.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How a case ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ending", rename_all = "kebab-case")]
pub enum Ending {
    /// As it should.
    Passed,
    /// Otherwise.
    Failed {
        /// What was expected, and what came.
        how: String,
    },
    /// Otherwise, as the connector declares.
    Excused {
        /// Why, in the connector's words.
        reason: String,
        /// What was expected, and what came.
        how: String,
    },
    /// It needs what the connector does not describe, or what nobody gave.
    NotRun {
        /// What.
        why: String,
    },
}

impl Ending {
    /// The same in the light of an exception that the connector declares for the case.
    pub(super) fn or_excused(self, exception: Option<&String>) -> Self {
        match (self, exception) {
            (Self::Failed { how }, Some(reason)) => Self::Excused { reason: reason.clone(), how },
            (Self::Passed, Some(reason)) => {
                Self::Failed { how: format!("it passed, and is declared as an exception (`{reason}`); take that out") }
            }
            (ending, _) => ending,
        }
    }
}

/// What the suite found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// Every case by name, in the order in which they ran.
    pub cases: Vec<(&'static str, Ending)>,
    /// What the suite made and could not take away again.
    pub left: Vec<String>,
}

impl Report {
    /// Whether no case failed.
    pub fn is_green(&self) -> bool {
        self.failures().is_empty()
    }

    /// The names of the cases that failed.
    pub fn failures(&self) -> Vec<&'static str> {
        self.named(|ending| matches!(ending, Ending::Failed { .. }))
    }

    /// The names of the cases that passed.
    pub fn passed(&self) -> Vec<&'static str> {
        self.named(|ending| *ending == Ending::Passed)
    }

    /// How many cases ended how, in one line.
    pub fn summary(&self) -> String {
        let count = |fits: fn(&Ending) -> bool| self.named(fits).len();
        format!(
            "{} cases: {} passed, {} failed, {} excused, {} not run",
            self.cases.len(),
            self.passed().len(),
            self.failures().len(),
            count(|ending| matches!(ending, Ending::Excused { .. })),
            count(|ending| matches!(ending, Ending::NotRun { .. })),
        )
    }

    fn named(&self, fits: impl Fn(&Ending) -> bool) -> Vec<&'static str> {
        self.cases.iter().filter(|(_, ending)| fits(ending)).map(|(name, _)| *name).collect()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, ending) in &self.cases {
            match ending {
                Ending::Passed => writeln!(f, "passed   {name}")?,
                Ending::Failed { how } => writeln!(f, "FAILED   {name}: {how}")?,
                Ending::Excused { reason, how } => writeln!(f, "excused  {name}: {reason} ({how})")?,
                Ending::NotRun { why } => writeln!(f, "not run  {name}: {why}")?,
            }
        }
        for left in &self.left {
            writeln!(f, "left     {left}")?;
        }
        f.write_str(&self.summary())
    }
}
