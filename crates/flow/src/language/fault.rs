//! What is wrong with a workflow: where, why, and what to do about it.

use std::fmt;

use crate::limits;

/// What kind of fault it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FaultKind {
    /// A key that is not known there.
    UnknownKey,
    /// A key that must be there.
    MissingKey,
    /// Another type is needed.
    WrongType,
    /// The type is right, the value is not.
    BadValue,
    /// It names something that is not there.
    NamesNothing,
    /// An expression or a template that cannot be read.
    BadExpression,
    /// Over a limit.
    TooLarge,
    /// Something is there twice.
    Twice,
    /// It can be read, and would go wrong when it runs.
    Unsound,
}

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[error("{at}: {reason}; {hint}")]
pub struct Fault {
    /// Where, as a JSON pointer into the body of the document.
    pub at: String,
    /// What kind of fault it is.
    pub kind: FaultKind,
    /// What is wrong.
    pub reason: String,
    /// What to do about it.
    pub hint: String,
}

/// What is wrong so far.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    found: Vec<Fault>,
}

impl Faults {
    /// Notes a fault.
    pub fn add(&mut self, at: &str, kind: FaultKind, reason: impl fmt::Display, hint: impl fmt::Display) {
        if self.found.len() < limits::FAULTS_MAX {
            let (reason, hint) = (reason.to_string(), hint.to_string());
            self.found.push(Fault { at: at.to_owned(), kind, reason, hint });
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// All of them, in the order of the document, each once.
    pub fn into_sorted(mut self) -> Vec<Fault> {
        self.found.sort();
        self.found.dedup();
        self.found
    }
}
