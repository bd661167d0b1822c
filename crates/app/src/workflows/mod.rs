//! Workflows: from the documents of the estate to runs of people.
//!
//! [`compile`] turns documents into definitions that the engine can run, with every fault at its
//! line; [`start`] decides which of them an event starts and in whose lane; [`dates`] those that a
//! date of a person starts. What their steps do is in [`crate::steps`].

pub mod compile;
pub(crate) mod dates;
pub mod facts;
pub(crate) mod start;
