//! A refused change of state.

use std::fmt::Display;

/// A thing was asked to change in a way its state does not allow. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{noun} is {state} and cannot be {verb}")]
pub struct BadTransition {
    /// What was asked to change, such as `account`.
    pub noun: &'static str,
    /// The state that it is in.
    pub state: String,
    /// What was asked of it, such as `disabled`.
    pub verb: &'static str,
}

impl BadTransition {
    /// Names the thing, its state and what was asked.
    pub fn new(noun: &'static str, state: impl Display, verb: &'static str) -> Self {
        Self { noun, state: state.to_string(), verb }
    }
}
