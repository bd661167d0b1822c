//! `tenure migrate`: the database, brought to the form that this version needs.

use std::path::PathBuf;

use clap::Args;

use super::in_process::not_in_this_build;
use crate::context::Cx;
use crate::error::CliError;
use crate::exit::Exit;

/// Bring the database to the form that this version needs
///
/// Brings the database to the form that this version needs. Migrations go forward only and may be run twice;
/// a database that is newer than this program is left alone.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tenure migrate --config /etc/tenure/tenure.toml\n  tenure migrate --dry-run   tell what would be done; ends with 3 if there is something"
)]
pub struct Migrate {
    /// The configuration
    #[arg(short, long, env = "TENURE_CONFIG", hide_env_values = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Only tell what would be done
    #[arg(long)]
    pub dry_run: bool,
}

impl Migrate {
    /// Migrates, or tells what it would do.
    #[expect(clippy::unused_async, reason = "the server in this process is asynchronous")]
    pub async fn run(self, cx: &Cx) -> Result<Exit, CliError> {
        let _ = (cx, self.config, self.dry_run);
        Err(not_in_this_build("migrate a database"))
    }
}
