//! `tenure version`: which version this is.

use clap::Args;
use serde_json::json;

use crate::context::Cx;
use crate::error::CliError;
use crate::exit::Exit;
use crate::output::{self, Format};

/// Say which version this is
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  tenure version\n  tenure version --json")]
pub struct Version {}

impl Version {
    /// Says it; there is nothing to be told.
    pub fn run(cx: &Cx) -> Result<Exit, CliError> {
        let version = env!("CARGO_PKG_VERSION");
        match cx.output.format {
            Format::Table => output::write(&format!("tenure {version}\n"))?,
            Format::Json | Format::Jsonl => cx.output.item(&[], &json!({"name": "tenure", "version": version}))?,
        }
        Ok(Exit::Done)
    }
}
