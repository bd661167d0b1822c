//! The doors and the wiring: settings, the HTTP API, TLS, logs, traces and metrics.
//!
//! A door turns bytes into one call and the answer into bytes; no rule, no SQL and no loop over
//! people lives here. Start at [`http::routes`] for what can be called, at [`config`] for what
//! can be set, and at [`listen`] for how a connection comes in and how the process ends.

pub mod catalogue;
pub mod config;
pub mod gate;
mod generated;
pub mod hooks;
pub mod house;
pub mod http;
pub mod limits;
pub mod listen;
pub mod packs;
pub mod telemetry;
pub mod token;

pub use generated::{CannotGenerate, generated};
