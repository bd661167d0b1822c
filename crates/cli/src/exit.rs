//! What the exit code of the process means. Scripts rely on it: a code never changes its meaning.

use std::process::ExitCode;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done, or nothing to do.
    Done,
    /// Failed.
    Failed,
    /// Used wrongly.
    Usage,
    /// There are changes or drift.
    Changes,
    /// Refused by a guard, a rule or a missing right.
    Refused,
    /// Cannot be reached; try again.
    Unreachable,
    /// Done in part.
    Partial,
    /// Interrupted.
    Interrupted,
}

impl Exit {
    /// The number.
    pub fn number(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Changes => 3,
            Self::Refused => 4,
            Self::Unreachable => 5,
            Self::Partial => 6,
            Self::Interrupted => 130,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.number())
    }
}

/// The lines of `tenure --help` that explain the numbers.
pub const HELP: &str = "\
Exit codes:
  0    done, or nothing to do
  1    failed
  2    used wrongly
  3    there are changes or drift
  4    refused by a guard, a rule or a missing right
  5    cannot be reached; try again
  6    done in part; `tenure runs show` tells which
  130  interrupted";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_promised() {
        let all = [
            (Exit::Done, 0),
            (Exit::Failed, 1),
            (Exit::Usage, 2),
            (Exit::Changes, 3),
            (Exit::Refused, 4),
            (Exit::Unreachable, 5),
            (Exit::Partial, 6),
            (Exit::Interrupted, 130),
        ];
        for (exit, number) in all {
            assert_eq!(exit.number(), number);
            assert!(HELP.contains(&format!("\n  {number} ")), "the help does not explain {number}");
        }
    }
}
