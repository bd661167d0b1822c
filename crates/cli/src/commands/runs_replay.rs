//! `tenure runs replay`: a run read again from its records.

use clap::Args;
use serde_json::Value;
use tenure_model::RunId;

use super::runs::WAITS;
use crate::context::Cx;
use crate::error::{CliError, code};
use crate::exit::Exit;
use crate::places;
use crate::table::{Column, column};

const FIELDS: &[Column] = &[
    column("Id", "/id"),
    column("Through", "/through"),
    column("Of", "/of"),
    column("At", "/at"),
    column("Status", "/status"),
    column("Reason", "/reason"),
    column("Agrees", "/agrees"),
];
const STEPS: &[Column] = &[column("Step", "/node"), column("Stood", "/stood")];

/// Read a run again from its records
///
/// Reads the records of a run again, as the engine does after a crash, and shows where the run stood
/// after the last of them, or after the one that --until names. Nothing is done a second time. When all are
/// read, what they come to is held against what is kept of the run; it ends with 1 if that differs.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tenure runs replay run_01k9h3m5n7p9r1t3v5x7z9b1d3\n  tenure runs replay run_01k9h3m5n7p9r1t3v5x7z9b1d3 --until 4"
)]
pub struct Replay {
    /// Which run
    id: RunId,
    /// Only up to this record; `tenure runs show -o json` has their numbers
    #[arg(long, value_name = "NUMBER")]
    until: Option<u32>,
}

impl Replay {
    /// Does it.
    pub async fn run(self, cx: &Cx) -> Result<Exit, CliError> {
        let query: Vec<_> = self.until.iter().map(|until| ("until", until.to_string())).collect();
        let found = cx.client()?.query(&places::REPLAY_RUN.of(&[&self.id]), &query).await?;
        cx.output.item(FIELDS, &found)?;
        cx.output.part("Steps", STEPS, found.get("steps"))?;
        cx.output.part("Waits", WAITS, found.get("waits"))?;
        match found.get("differs").and_then(Value::as_str) {
            None => Ok(Exit::Done),
            Some(differs) => {
                let message = format!("run `{}` is not what its records come to", self.id);
                let hint = "restore the database from a backup, and tell us: this must not happen";
                Err(CliError::new(Exit::Failed, code::NOT_WELL, message).cause(differs).hint(hint))
            }
        }
    }
}
