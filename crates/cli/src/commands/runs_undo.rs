//! `tenure runs undo`: taking back what runs did that are over.

use clap::Args;
use serde_json::{Value, json};
use tenure_model::RunId;

use super::people;
use super::runs_migrate::id_of;
use crate::confirm::{Yes, confirm};
use crate::context::Cx;
use crate::error::{CliError, code};
use crate::exit::Exit;
use crate::places;
use crate::table::{Column, column};

const COLUMNS: &[Column] = &[
    column("Run", "/run"),
    column("Step", "/node"),
    column("What", "/what"),
    column("How far", "/class"),
    column("Why not", "/reason"),
];
/// In these a run is over.
const OVER: [&str; 3] = ["done", "failed", "cancelled"];

/// Take back what a run did that is over
///
/// Puts back what the steps of a run changed, the last one first, as far as each of them can be taken back, in a run of
/// its own. Of several runs, the newest goes first. Without --reason it only says what that comes to. A run that is
/// still open is taken back by `tenure runs cancel`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tenure runs undo run_01k9h3m5n7p9r1t3v5x7z9b1d3\n  tenure runs undo run_01k9h3m5n7p9r1t3v5x7z9b1d3 --reason 'the wrong person'\n  tenure runs undo --person ada --since 2026-11-27T09:12:00Z --reason 'as it was before'"
)]
pub struct Undo {
    /// Which runs
    #[arg(required_unless_present = "person")]
    ids: Vec<RunId>,
    /// All runs about this person that are over; needs --since
    #[arg(long, value_name = "PERSON", conflicts_with = "ids", requires = "since")]
    person: Option<String>,
    /// Only those that started then or later
    #[arg(long, value_name = "TIME", requires = "person")]
    since: Option<jiff::Timestamp>,
    /// Why; without it nothing is taken back
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
}

impl Undo {
    /// Does it. A run that cannot be taken back is told and holds up no other.
    pub async fn run(self, cx: &Cx) -> Result<Exit, CliError> {
        let client = cx.client()?;
        let (mut rows, mut can) = (Vec::new(), Vec::new());
        for run in self.runs(cx).await? {
            let found = client.ask(&places::LOOK_AT_UNDO.of(&[&run])).await?;
            let steps = list(&found, "steps");
            if let Some(by) = found.get("by").and_then(Value::as_str) {
                rows.push(json!({ "run": run, "reason": format!("{by} takes it back already") }));
                continue;
            }
            if !steps.is_empty() {
                can.push(run);
            }
            rows.extend(steps.into_iter().chain(list(&found, "left")).map(|mut step| {
                if let Some(fields) = step.as_object_mut() {
                    fields.insert("run".to_owned(), run.to_string().into());
                }
                step
            }));
        }
        cx.output.list(COLUMNS, &rows)?;
        let Some(reason) = self.reason else { return Ok(Exit::Done) };
        if can.is_empty() {
            return Err(CliError::new(Exit::Failed, code::NOT_CONFIRMED, "there is nothing that can be taken back"));
        }
        confirm(cx, &format!("take back what {} of these runs did?", can.len()), Yes(self.yes))?;
        let mut exit = Exit::Done;
        for run in can {
            match client.send(&places::UNDO_RUN.of(&[&run]), &json!({ "reason": reason })).await {
                Ok(begun) => {
                    let by = begun.get("run").and_then(Value::as_str).unwrap_or_default();
                    cx.output.say(&format!("{run} is taken back by {by}"));
                }
                Err(error) => {
                    cx.output.say(&format!("{run} is not taken back: {}", error.message));
                    exit = Exit::Failed;
                }
            }
        }
        Ok(exit)
    }

    /// The runs that are meant, the newest first: what came later stands on what came before.
    async fn runs(&self, cx: &Cx) -> Result<Vec<RunId>, CliError> {
        let mut runs = self.ids.clone();
        if let (Some(person), Some(since)) = (&self.person, self.since) {
            let client = cx.client()?;
            let query = [("person", people::find(&client, person).await?.to_string())];
            for run in client.list(&places::LIST_RUNS.path(), &query, usize::MAX).await? {
                let text = |name: &str| run.get(name).and_then(Value::as_str).unwrap_or_default();
                let started: Option<jiff::Timestamp> = text("startedAt").parse().ok();
                if !OVER.contains(&text("status")) || started.is_none_or(|started| started < since) {
                    continue;
                }
                runs.push(id_of(&run)?);
            }
        }
        runs.sort_by(|one, other| other.cmp(one));
        runs.dedup();
        Ok(runs)
    }
}

fn list(found: &Value, name: &str) -> Vec<Value> {
    found.get(name).and_then(Value::as_array).cloned().unwrap_or_default()
}
