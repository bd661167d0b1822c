//! What is wrong with a feed, and where. Values of people are never repeated.

use std::fmt;

use tenure_connect::{Refusal, RefusalClass};

/// What is wrong, with its place and the way out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Problem {
    /// The file.
    pub(super) file: String,
    /// The line or row, counted from 1, if it is about one.
    pub(super) line: Option<u64>,
    /// The character in the line, counted from 1, if it is about one.
    pub(super) column: Option<u64>,
    /// What is wrong, and the way out.
    pub(super) what: String,
}

impl Problem {
    /// Of the whole file.
    pub(super) fn of(file: &str, what: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line: None, column: None, what: what.into() }
    }

    /// On a line.
    pub(super) fn on(self, line: u64) -> Self {
        Self { line: Some(line), ..self }
    }

    /// At a character of the line.
    pub(super) fn at(self, line: u64, column: u64) -> Self {
        Self { line: Some(line), column: Some(column), ..self }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.file)?;
        if let Some(line) = self.line {
            write!(f, " line {line}")?;
        }
        if let Some(column) = self.column {
            write!(f, " column {column}")?;
        }
        write!(f, ": {}", self.what)
    }
}

impl std::error::Error for Problem {}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Refusal::new(RefusalClass::Invalid, problem.to_string())
    }
}

/// A problem as it goes through `Read`, which knows only errors of its own.
pub(super) fn wrapped(problem: Problem) -> std::io::Error {
    std::io::Error::new(std::io::ErrorKind::InvalidData, problem)
}

/// The problem within an error of `Read`, or one that says that reading failed.
pub(super) fn unwrapped(file: &str, error: &std::io::Error) -> Problem {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<Problem>());
    inner.cloned().unwrap_or_else(|| Problem::of(file, format!("cannot be read to its end: {}", error.kind())))
}
