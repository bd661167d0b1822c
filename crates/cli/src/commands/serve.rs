//! `tenure serve`: the server, in this process.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;

use tenure_server::house::{self, ServeOptions};
use tenure_server::listen::asked_to_stop;

use super::in_process;
use crate::context::Cx;
use crate::error::CliError;
use crate::exit::Exit;

/// Run the server
///
/// Runs the server until it is interrupted, and then lets requests and steps in work come to their end.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tenure serve\n  tenure serve --config /etc/tenure/tenure.toml\n  tenure serve --check       read the configuration, say what is wrong with it, and stop"
)]
pub struct Serve {
    /// The configuration
    #[arg(short, long, env = "TENURE_CONFIG", hide_env_values = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Where to listen, instead of what the configuration says
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Option<SocketAddr>,
    /// Only check the configuration
    #[arg(long)]
    pub check: bool,
}

impl Serve {
    /// Runs until it is interrupted.
    pub async fn run(self, cx: &Cx) -> Result<Exit, CliError> {
        let options = ServeOptions { config: self.config, listen: self.listen, check: self.check };
        house::serve(options, asked_to_stop()).await.map_err(in_process::failed)?;
        cx.output.say(if self.check { "the configuration can be used" } else { "stopped" });
        Ok(Exit::Done)
    }
}
