//! `tenure demo`: a sample company on this machine.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;

use super::in_process::not_in_this_build;
use crate::context::Cx;
use crate::error::CliError;
use crate::exit::Exit;

/// Try it: a sample company with connected systems, on this machine
///
/// Starts Tenure with a sample company of about 200 people and systems that speak the real protocols: an
/// HR file, an LDAP directory, a SCIM app, a SQL application and a mail outbox, all in this process.
/// It prints the address, a token and commands to try. Stopping and starting again loses nothing.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tenure demo\n  tenure demo --data /tmp/sample --listen 127.0.0.1:9000\n  tenure demo --fresh        forget what happened and begin anew"
)]
pub struct Demo {
    /// Where the sample lives
    #[arg(long, value_name = "FOLDER", default_value = "tenure-demo")]
    pub data: PathBuf,
    /// Where to listen
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8420")]
    pub listen: SocketAddr,
    /// Empty the folder first
    #[arg(long)]
    pub fresh: bool,
}

impl Demo {
    /// Runs until it is interrupted.
    #[expect(clippy::unused_async, reason = "the server in this process is asynchronous")]
    pub async fn run(self, cx: &Cx) -> Result<Exit, CliError> {
        let _ = (cx, self.data, self.listen, self.fresh);
        Err(not_in_this_build("run the demo"))
    }
}
