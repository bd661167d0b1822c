//! How fast the engine is on this machine, beside what the same disk gives without an engine.
//!
//! The engine is a process of its own ([`served`]), so that its CPU time and its memory are told
//! apart from those of whoever asks it; the steps of a run call an HTTP server in the asking
//! process ([`plain`]). What is measured stands in [`work`], one file per workload, and comes out
//! as [`Figure`]s, each beside the goal that it is held to. Figures are not promises: what a
//! machine gives that does something else besides is noise. [`what_if`] measures apart from all this
//! how fast it is told what a change of a rule would change.

mod child;
pub mod disk;
mod figure;
pub mod limits;
mod measure;
pub mod plain;
mod process;
pub mod served;
mod times;
mod trouble;
mod whatif;
mod work;

pub use child::{LISTENING, POSTGRES_VARIABLE, sqlite_in};
pub use figure::{Figure, Goal, Unit};
pub use measure::{News, Options, measure};
pub use served::{Serving, serve};
pub use times::{Summary, Times};
pub use trouble::Trouble;
pub use whatif::{WhatIf, what_if};
pub use work::Workload;
