//! Workflows: from the documents of the estate to runs of people.
//!
//! [`compile`] turns documents into definitions that the engine can run, with every fault at its
//! line; [`start`] decides which of them an event starts and in whose lane, and [`begin`] begins
//! them; [`awaits`] tells the steps that wait for it; [`dates`] are those that a date of a person
//! starts; [`unbegun`] says why nothing did. What their steps do is in [`crate::steps`].

pub mod awaits;
pub(crate) mod begin;
pub mod compile;
pub(crate) mod dates;
pub mod facts;
pub mod schedule;
pub(crate) mod start;
pub(crate) mod unbegun;
