//! What the store promises, held against both databases: SQLite in a file and in memory always,
//! PostgreSQL when `TEST_PG` names a database whose user may make schemas.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "helpers of tests may fail"
)]
#![expect(clippy::cloned_ref_to_slice_refs, reason = "a list of one reads best as a list")]

mod aggregates;
mod awaits;
mod deputies;
mod identity;
mod journal;
mod migrations;
mod seam;
mod sets;
mod speed;
mod tasks;
mod tickets;
mod world;
