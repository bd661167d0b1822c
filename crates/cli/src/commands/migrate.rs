//! `tenure migrate`: the database, brought to the form that this version needs.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use tenure_server::house::{self, MigrateOptions};

use super::in_process;
use crate::context::Cx;
use crate::error::CliError;
use crate::exit::Exit;
use crate::output::Format;
use crate::table::{Column, column};

const COLUMNS: &[Column] = &[column("Migration", "/migration"), column("Done", "/done")];

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
    pub async fn run(self, cx: &Cx) -> Result<Exit, CliError> {
        let options = MigrateOptions { config: self.config, dry_run: self.dry_run };
        let names = house::migrate(options).await.map_err(in_process::failed)?;
        let rows: Vec<Value> = names.iter().map(|name| json!({"migration": name, "done": !self.dry_run})).collect();
        if rows.is_empty() {
            cx.output.say("the database has the form that this version needs");
        }
        if !rows.is_empty() || cx.output.format != Format::Table {
            cx.output.list(COLUMNS, &rows)?;
        }
        Ok(if self.dry_run && !rows.is_empty() { Exit::Changes } else { Exit::Done })
    }
}
