//! The doors from outside: a real port, real HTTP and TLS, hostile callers.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has failed; the allowance in clippy.toml does not reach helpers of tests"
)]

mod access;
mod connections;
mod deputies;
mod doors;
mod edges;
mod house;
mod live;
mod logs;
mod pages;
mod real;
mod routes;
mod runs;
mod sets;
mod stuck;
mod successors;
mod taken_back;
mod tasks;
mod telemetry;
mod templates;
mod tls;
