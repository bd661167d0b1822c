//! The seam to the server in this process: what `demo`, `serve`, `migrate` and the bootstrap of
//! `token` need from it.
//!
//! This build has no server in it yet, and says so instead of pretending.

use crate::error::{CliError, code};
use crate::exit::Exit;

/// What such a command answers while there is no server to call.
pub fn not_in_this_build(what: &str) -> CliError {
    CliError::new(Exit::Failed, code::NOT_IN_THIS_BUILD, format!("this build cannot {what}"))
        .cause("there is no server in it")
        .hint("use a build with the server, or ask a running one with --server")
}
