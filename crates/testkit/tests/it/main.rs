//! Tests of the house as a whole.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "helpers of tests may fail")]

mod acts;
mod approved;
mod awaits;
mod breaker;
mod crash;
mod drift;
mod drift_scale;
mod faults;
#[cfg(test)]
mod feeds;
#[cfg(test)]
mod held;
mod histories;
mod interleavings;
mod moments;
mod moves;
mod needless;
mod notices;
mod owners;
mod peer;
mod people;
mod plan;
mod rehearsal;
mod replay;
mod requests;
mod review;
mod seeds;
mod sets;
mod share;
mod somebody;
mod tickets;
mod triggers;
mod undo;
mod walk;
mod watch;
