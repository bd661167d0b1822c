//! `tenure runs replay`: a run read again from its records, or the last runs played by a draft.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};
use tenure_model::{Name, RunId};

use super::runs::WAITS;
use crate::context::{Cx, read_text};
use crate::error::{CliError, code};
use crate::exit::Exit;
use crate::limits::INPUT_BYTES_MAX;
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

const REDRAFTD: &[Column] = &[
    column("Run", "/run"),
    column("Person", "/person"),
    column("Started", "/startedAt"),
    column("More", "/more"),
    column("Less", "/less"),
    column("Other parameters", "/given"),
    column("Ended", "/ended"),
    column("Would end", "/wouldEnd"),
    column("Cannot be told behind", "/untold"),
];

/// Read a run again from its records, or the last runs by a draft
///
/// Reads the records of a run again, as the engine does after a crash, and shows where the run stood
/// after the last of them, or after the one that --until names. Nothing is done a second time. When all are
/// read, what they come to is held against what is kept of the run; it ends with 1 if that differs.
///
/// With --workflow and --with, the last runs of a workflow that are over are played again by a draft of it, in
/// virtual time: each step is answered with what is recorded of it. Shown is whose run would have been otherwise:
/// steps more, steps less, other parameters (by their keys), another end, and steps of which no outcome is
/// recorded, so that what lies behind them cannot be told. It ends with 3 if any is otherwise.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tenure runs replay run_01k9h3m5n7p9r1t3v5x7z9b1d3\n  tenure runs replay run_01k9h3m5n7p9r1t3v5x7z9b1d3 --until 4\n  tenure runs replay --workflow leaver --with draft.yaml\n  tenure runs replay --workflow leaver --with draft.yaml --last 200 --json"
)]
pub struct Replay {
    /// Which run
    #[arg(required_unless_present = "workflow")]
    id: Option<RunId>,
    /// Only up to this record; `tenure runs show -o json` has their numbers
    #[arg(long, value_name = "NUMBER", conflicts_with = "workflow")]
    until: Option<u32>,
    /// The last runs of this workflow
    #[arg(long, value_name = "NAME", conflicts_with = "id", requires = "with")]
    workflow: Option<Name>,
    /// The draft that they are played by: a file with one document of kind Workflow; `-` reads standard input
    #[arg(long, value_name = "FILE", requires = "workflow")]
    with: Option<PathBuf>,
    /// How many runs
    #[arg(long, value_name = "NUMBER", default_value_t = 50, requires = "workflow")]
    last: u32,
}

impl Replay {
    /// Does it.
    pub async fn run(self, cx: &Cx) -> Result<Exit, CliError> {
        match (&self.workflow, &self.with, self.id) {
            (Some(workflow), Some(draft), _) => self.by_draft(cx, workflow, draft).await,
            (_, _, Some(id)) => self.of_one(cx, id).await,
            (_, _, None) => Err(CliError::new(Exit::Usage, code::USAGE, "name a run, or a workflow and a draft")),
        }
    }

    async fn by_draft(&self, cx: &Cx, workflow: &Name, draft: &Path) -> Result<Exit, CliError> {
        let body = json!({ "document": read_text(draft, INPUT_BYTES_MAX)?, "last": self.last });
        let found = cx.client()?.send(&places::REDRAFT.of(&[workflow]), &body).await?;
        let played = found.as_array().cloned().unwrap_or_default();
        let others: Vec<Value> =
            played.iter().filter(|one| one.get("same") != Some(&Value::Bool(true))).cloned().collect();
        cx.output.list(REDRAFTD, &others)?;
        let as_now = played.iter().filter(|one| one.get("personAsNow") == Some(&Value::Bool(true))).count();
        cx.output.say(&format!("{} of the last {} runs would be otherwise", others.len(), played.len()));
        if as_now > 0 {
            cx.output.say(&format!(
                "of {as_now} it was not recorded what was known of the person; what is known now was taken"
            ));
        }
        Ok(if others.is_empty() { Exit::Done } else { Exit::Changes })
    }

    async fn of_one(&self, cx: &Cx, id: RunId) -> Result<Exit, CliError> {
        let query: Vec<_> = self.until.iter().map(|until| ("until", until.to_string())).collect();
        let found = cx.client()?.query(&places::REPLAY_RUN.of(&[&id]), &query).await?;
        cx.output.item(FIELDS, &found)?;
        cx.output.part("Steps", STEPS, found.get("steps"))?;
        cx.output.part("Waits", WAITS, found.get("waits"))?;
        match found.get("differs").and_then(Value::as_str) {
            None => Ok(Exit::Done),
            Some(differs) => {
                let message = format!("run `{id}` is not what its records come to");
                let hint = "restore the database from a backup, and tell us: this must not happen";
                Err(CliError::new(Exit::Failed, code::NOT_WELL, message).cause(differs).hint(hint))
            }
        }
    }
}
