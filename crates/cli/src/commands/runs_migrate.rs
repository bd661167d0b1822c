//! `tenure runs migrate`: letting open runs go on by the version of their workflow that is in force.

use clap::Args;
use serde_json::{Value, json};
use tenure_model::RunId;

use crate::confirm::{Yes, confirm};
use crate::context::Cx;
use crate::error::{CliError, code};
use crate::exit::Exit;
use crate::places;
use crate::table::{Column, column};

const COLUMNS: &[Column] = &[
    column("Run", "/run"),
    column("From", "/from"),
    column("To", "/to"),
    column("What", "/what"),
    column("Why not", "/why"),
];
/// In these a run is open and can be moved.
const OPEN: [&str; 4] = ["queued", "running", "waiting", "blocked"];

/// Let open runs go on by the version in force
///
/// A run keeps the version of its workflow that it began with. This moves it to the one that is in force, if what it
/// did so far is a past that the new version could have had; what it did stays as it is. Without --reason it only says
/// which runs fit.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tenure runs migrate run_01k9h3m5n7p9r1t3v5x7z9b1d3\n  tenure runs migrate --workflow leaver\n  tenure runs migrate --workflow leaver --reason 'the new version also ends badges' --yes"
)]
pub struct Migrate {
    /// Which runs
    #[arg(required_unless_present = "workflow")]
    ids: Vec<RunId>,
    /// All open runs of this workflow
    #[arg(long, value_name = "NAME", conflicts_with = "ids")]
    workflow: Option<String>,
    /// Why; without it nothing is moved
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
}

impl Migrate {
    /// Does it. A run that cannot be moved is told and holds up no other.
    pub async fn run(self, cx: &Cx) -> Result<Exit, CliError> {
        let client = cx.client()?;
        let mut rows = Vec::new();
        for run in self.runs(cx).await? {
            let found = client.ask(&places::CHECK_MIGRATION.of(&[&run])).await?;
            rows.push(row(&found));
        }
        let fit = rows.iter().filter(|row| is(row, FITS)).count();
        if let Some(reason) = self.reason.filter(|_| fit > 0) {
            confirm(cx, &format!("let {fit} runs go on by the version in force?"), Yes(self.yes))?;
            for row in &mut rows {
                if !is(row, FITS) {
                    continue;
                }
                let run = row.get("run").and_then(Value::as_str).unwrap_or_default().to_owned();
                let told = client.send(&places::MIGRATE_RUN.of(&[&run]), &json!({ "reason": reason })).await;
                let (what, why) = match told {
                    Ok(_) => ("moved", String::new()),
                    Err(error) => (STAYS, error.message),
                };
                *row = json!({ "run": run, "from": row.get("from"), "to": row.get("to"), "what": what, "why": why });
            }
        }
        cx.output.list(COLUMNS, &rows)?;
        let stays = rows.iter().any(|row| is(row, STAYS));
        Ok(if stays { Exit::Failed } else { Exit::Done })
    }

    async fn runs(&self, cx: &Cx) -> Result<Vec<RunId>, CliError> {
        let Some(workflow) = &self.workflow else { return Ok(self.ids.clone()) };
        let client = cx.client()?;
        let mut runs = Vec::new();
        for status in OPEN {
            let query = [("workflow", workflow.clone()), ("status", status.to_owned())];
            for run in client.list(&places::LIST_RUNS.path(), &query, usize::MAX).await? {
                runs.push(id_of(&run)?);
            }
        }
        Ok(runs)
    }
}

/// The id of a run that the server listed.
pub(super) fn id_of(run: &Value) -> Result<RunId, CliError> {
    let id = run.get("id").and_then(Value::as_str).and_then(|id| id.parse().ok());
    id.ok_or_else(|| CliError::new(Exit::Failed, code::CANNOT_READ, "the server sent a run without an id"))
}

/// What a run is that can be moved.
const FITS: &str = "fits";
/// What one is that cannot.
const STAYS: &str = "stays";

fn is(row: &Value, what: &str) -> bool {
    row.get("what").and_then(Value::as_str) == Some(what)
}

fn row(found: &Value) -> Value {
    let misfits: Vec<&str> =
        found.get("misfits").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    let what = match (found.get("isThere").and_then(Value::as_bool), misfits.is_empty()) {
        (Some(true), _) => "is there",
        (_, true) => FITS,
        (_, false) => STAYS,
    };
    json!({
        "run": found.get("run"), "from": found.get("from"), "to": found.get("to"), "what": what,
        "why": misfits.join("; "),
    })
}
