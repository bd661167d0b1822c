//! `tenure runs`: durable runs, and seeing to those that failed or wait.

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use tenure_model::RunId;

use super::{HowMany, people, runs_edit, runs_migrate, runs_rehearse, runs_replay, runs_start, runs_undo, runs_watch};
use crate::confirm::{Yes, confirm};
use crate::context::{Cx, read_json};
use crate::error::CliError;
use crate::exit::Exit;
use crate::limits::INPUT_BYTES_MAX;
use crate::places::{self, Place};
use crate::table::{Column, cell, column};

const COLUMNS: &[Column] = &[
    column("Id", "/id"),
    column("Workflow", "/workflow"),
    column("Status", "/status"),
    column("Person", "/person"),
    column("Changed", "/changedAt"),
    column("Reason", "/reason"),
];
const FIELDS: &[Column] = &[
    column("Id", "/id"),
    column("Workflow", "/workflow"),
    column("Version", "/workflowVersion"),
    column("Status", "/status"),
    column("Reason", "/reason"),
    column("Person", "/person"),
    column("Event", "/event"),
    column("Started", "/startedAt"),
    column("Changed", "/changedAt"),
    column("Ended", "/endedAt"),
];
/// How a wait is shown.
pub const WAITS: &[Column] = &[column("Step", "/node"), column("For", "/reason"), column("Until", "/until")];
/// How a record is shown, here and while watching.
pub const RECORDS: &[Column] = &[column("At", "/at"), column("Step", "/node"), column("What", "/summary")];

/// What to do with runs.
#[derive(Debug, Subcommand)]
pub enum Runs {
    List(List),
    Start(runs_start::Start),
    Rehearse(runs_rehearse::Rehearse),
    Show(Show),
    Watch(runs_watch::Watch),
    Replay(runs_replay::Replay),
    Retry(Retry),
    Cancel(Cancel),
    Undo(runs_undo::Undo),
    Signal(Signal),
    Skip(Skip),
    Edit(runs_edit::Edit),
    Migrate(runs_migrate::Migrate),
}

/// List runs, newest first
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tenure runs list --status blocked\n  tenure runs list --person ada\n  tenure runs list --workflow leaver --all -o jsonl"
)]
pub struct List {
    /// Only runs of this status, such as blocked or waiting
    #[arg(long)]
    status: Option<String>,
    /// Only runs about this person
    #[arg(long)]
    person: Option<String>,
    /// Only runs of this workflow
    #[arg(long)]
    workflow: Option<String>,
    #[command(flatten)]
    how_many: HowMany,
}

/// Show a run, what it waits for and what it did
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tenure runs show run_01k9h3m5n7p9r1t3v5x7z9b1d3\n  tenure runs show run_01k9h3m5n7p9r1t3v5x7z9b1d3 --json"
)]
pub struct Show {
    /// Which run
    id: RunId,
}

/// Let a blocked run try again
///
/// Lets a blocked run try again. What is done already is read back first and not done twice.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tenure runs retry run_01k9h3m5n7p9r1t3v5x7z9b1d3\n  tenure runs retry run_01k9h3m5n7p9r1t3v5x7z9b1d3 --json"
)]
pub struct Retry {
    /// Which run
    id: RunId,
}

/// Stop a run and take back what can be taken back
///
/// Stops a run and takes back what can be taken back, unless --keep is said.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tenure runs cancel run_01k9h3m5n7p9r1t3v5x7z9b1d3\n  tenure runs cancel run_01k9h3m5n7p9r1t3v5x7z9b1d3 --yes"
)]
pub struct Cancel {
    /// Which run
    id: RunId,
    /// Why, for the ledger
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Leave what was done as it is
    #[arg(long)]
    keep: bool,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
}

/// Tell a run what it waits for
///
/// Tells a run what it waits for, such as an answer from elsewhere.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tenure runs signal run_01k9h3m5n7p9r1t3v5x7z9b1d3 laptop-returned\n  tenure runs signal run_01k9h3m5n7p9r1t3v5x7z9b1d3 ticket-closed --body answer.json"
)]
pub struct Signal {
    /// Which run
    id: RunId,
    /// The name of the signal, as the workflow has it
    name: tenure_model::Name,
    /// A JSON file with what is told; `-` reads standard input
    #[arg(long, value_name = "FILE")]
    body: Option<std::path::PathBuf>,
}

/// Go on without a step that cannot be done
///
/// Lets a run go on as if the step had ended with this outcome. Who did it and why is sealed in the ledger.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tenure runs skip run_01k9h3m5n7p9r1t3v5x7z9b1d3 collect-laptop --reason 'was stolen in May'\n  tenure runs skip run_01k9h3m5n7p9r1t3v5x7z9b1d3 ask-manager --outcome approved --reason 'said so by telephone'"
)]
pub struct Skip {
    /// Which run
    id: RunId,
    /// Which step, as `tenure runs show` names it
    node: String,
    /// As if it had ended so
    #[arg(long, value_name = "WORD", default_value = "done")]
    outcome: String,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

impl Runs {
    /// Does it.
    pub async fn run(self, cx: &Cx) -> Result<Exit, CliError> {
        match self {
            Self::List(list) => list.run(cx).await,
            Self::Start(start) => start.run(cx).await,
            Self::Rehearse(rehearse) => rehearse.run(cx).await,
            Self::Show(show) => {
                let run = cx.client()?.ask(&places::READ_RUN.of(&[&show.id])).await?;
                cx.output.item(FIELDS, &run)?;
                cx.output.part("Waits", WAITS, run.get("waits"))?;
                cx.output.part("Records", RECORDS, run.get("records"))?;
                Ok(Exit::Done)
            }
            Self::Watch(watch) => watch.run(cx).await,
            Self::Replay(replay) => replay.run(cx).await,
            Self::Retry(retry) => act(cx, retry.id, places::RETRY_RUN, None).await,
            Self::Undo(undo) => undo.run(cx).await,
            Self::Cancel(cancel) => {
                let what = if cancel.keep { "leave what it did" } else { "take back what can be taken back" };
                confirm(cx, &format!("stop {} and {what}?", cancel.id), Yes(cancel.yes))?;
                act(cx, cancel.id, places::CANCEL_RUN, Some(&cancel.body())).await
            }
            Self::Signal(signal) => {
                let body = json!({ "name": signal.name.as_str(), "body": signal.read_body()? });
                act(cx, signal.id, places::SIGNAL_RUN, Some(&body)).await
            }
            Self::Edit(edit) => edit.run(cx).await,
            Self::Migrate(migrate) => migrate.run(cx).await,
            Self::Skip(skip) => {
                let body = json!({ "node": skip.node, "outcome": skip.outcome, "reason": skip.reason });
                act(cx, skip.id, places::SKIP_STEP, Some(&body)).await
            }
        }
    }
}

impl List {
    async fn run(self, cx: &Cx) -> Result<Exit, CliError> {
        let client = cx.client()?;
        let mut query = Vec::new();
        query.extend(self.status.map(|status| ("status", status)));
        query.extend(self.workflow.map(|workflow| ("workflow", workflow)));
        if let Some(person) = &self.person {
            query.push(("person", people::find(&client, person).await?.to_string()));
        }
        let items = client.list(&places::LIST_RUNS.path(), &query, self.how_many.items_max()).await?;
        cx.output.list(COLUMNS, &items)?;
        Ok(Exit::Done)
    }
}

impl Cancel {
    fn body(&self) -> Value {
        let mut body = serde_json::Map::new();
        body.extend(self.reason.as_deref().map(|reason| ("reason".to_owned(), reason.into())));
        body.extend(self.keep.then(|| ("undo".to_owned(), false.into())));
        body.into()
    }
}

impl Signal {
    fn read_body(&self) -> Result<Value, CliError> {
        let Some(path) = &self.body else { return Ok(Value::Null) };
        read_json(path, INPUT_BYTES_MAX)
    }
}

pub(super) async fn act(cx: &Cx, id: RunId, place: Place, body: Option<&Value>) -> Result<Exit, CliError> {
    let (client, place) = (cx.client()?, place.of(&[&id]));
    let run = match body {
        Some(body) => client.send(&place, body).await?,
        None => client.ask(&place).await?,
    };
    if run.get("status").is_some() {
        cx.output.item(FIELDS, &run)?;
        cx.output.say(&format!("it is {} now; `tenure runs watch {id}` follows it", cell(run.get("status"))));
    } else {
        cx.output.say(&format!("told; `tenure runs watch {id}` follows what it does"));
    }
    Ok(Exit::Done)
}
