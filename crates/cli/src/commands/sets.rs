//! `tenure sets`: workflows that are started for many people at once.

use std::time::Duration;

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use tenure_model::SetId;

use super::HowMany;
use crate::args::duration;
use crate::client::Client;
use crate::confirm::{Yes, confirm};
use crate::context::Cx;
use crate::error::{CliError, code};
use crate::exit::Exit;
use crate::limits::{PLAN_LOOK, SET_PEOPLE_SHOWN};
use crate::output;
use crate::places;
use crate::progress;
use crate::table::{Column, cell, column};

const COLUMNS: &[Column] = &[
    column("Id", "/id"),
    column("State", "/state"),
    column("Workflow", "/workflow"),
    column("Where", "/where"),
    column("Looked at", "/lookedAt"),
    column("Made by", "/madeBy"),
    column("Made", "/madeAt"),
    column("Why", "/reason"),
];
const FIELDS: &[Column] = &[
    column("Id", "/id"),
    column("State", "/state"),
    column("Note", "/note"),
    column("Workflow", "/workflow"),
    column("Version", "/workflowVersion"),
    column("Where", "/where"),
    column("Looked at", "/lookedAt"),
    column("Makes no sense", "/unclear"),
    column("Can begin", "/progress/ready"),
    column("Cannot begin", "/progress/cannot"),
    column("Begun", "/progress/begun"),
    column("Runs", "/progress/runs"),
    column("Made by", "/madeBy"),
    column("Good until", "/goodUntil"),
    column("Started by", "/startedBy"),
    column("Why", "/reason"),
];
const PEOPLE: &[Column] = &[
    column("Number", "/place"),
    column("Named", "/named"),
    column("Person", "/name"),
    column("State", "/state"),
    column("Why not", "/why"),
    column("Run", "/run"),
];

/// What to do with sets.
#[derive(Debug, Subcommand)]
pub enum Sets {
    List(List),
    Show(Show),
    People(People),
    Start(Start),
    Watch(Watch),
    Cancel(Cancel),
}

/// List sets, newest first
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  tenure sets list\n  tenure sets list --all --json")]
pub struct List {
    #[command(flatten)]
    how_many: HowMany,
}

/// Show a set, how far it is, and the first of its people
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  tenure sets show set_01k9h3m5n7p9r1t3v5x7z9b1d3")]
pub struct Show {
    /// Which set
    id: SetId,
}

/// List who is in a set, and why it cannot begin for some
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tenure sets people set_01k9h3m5n7p9r1t3v5x7z9b1d3 --state cannot\n  tenure sets people set_01k9h3m5n7p9r1t3v5x7z9b1d3 --all -o jsonl"
)]
pub struct People {
    /// Which set
    id: SetId,
    /// Only those who stand so: named, ready, cannot or begun
    #[arg(long, value_name = "STATE")]
    state: Option<String>,
    #[command(flatten)]
    how_many: HowMany,
}

/// Start a set that was looked at
///
/// Starts the workflow for everybody of a set for whom it can begin. They are as many as you have seen, or nothing is
/// started. Each is looked at again when their turn comes.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tenure sets start set_01k9h3m5n7p9r1t3v5x7z9b1d3 --people 412 --reason 'the move to the new site'"
)]
pub struct Start {
    /// Which set
    id: SetId,
    /// For how many people you have seen that it can begin
    #[arg(long, value_name = "NUMBER")]
    people: i64,
    /// Why, for the ledger
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

/// Follow a set until its runs are over
///
/// Follows a set and writes how far it is whenever that changes. Ends with 0 when every run is done, with 6 when some
/// failed or need somebody, and with 1 when the set itself could not go on or was cancelled.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  tenure sets watch set_01k9h3m5n7p9r1t3v5x7z9b1d3 --every 5s")]
pub struct Watch {
    /// Which set
    id: SetId,
    /// How often to look
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "1s")]
    every: Duration,
}

/// Begin nobody of a set any more
///
/// Stops a set: nobody of it is begun any more. What was begun goes on; `tenure runs cancel` stops a run.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tenure sets cancel set_01k9h3m5n7p9r1t3v5x7z9b1d3 --reason 'the wrong department'"
)]
pub struct Cancel {
    /// Which set
    id: SetId,
    /// Why, for the ledger
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
}

impl Sets {
    /// Does it.
    pub async fn run(self, cx: &Cx) -> Result<Exit, CliError> {
        let client = cx.client()?;
        match self {
            Self::List(list) => {
                let items = client.list(&places::LIST_SETS.path(), &[], list.how_many.items_max()).await?;
                cx.output.list(COLUMNS, &items)?;
                Ok(Exit::Done)
            }
            Self::Show(wanted) => {
                let set = client.ask(&places::READ_SET.of(&[&wanted.id])).await?;
                show(cx, &client, &set).await?;
                Ok(Exit::Done)
            }
            Self::People(people) => {
                let query: Vec<_> = people.state.into_iter().map(|state| ("state", state)).collect();
                let place = places::SET_PEOPLE.of(&[&people.id]);
                let items = client.list(&place, &query, people.how_many.items_max()).await?;
                cx.output.list(PEOPLE, &items)?;
                Ok(Exit::Done)
            }
            Self::Start(start) => begin(cx, &client, &start.id.to_string(), start.people, &start.reason).await,
            Self::Watch(watch) => watch.run(cx, &client).await,
            Self::Cancel(cancel) => {
                confirm(cx, &format!("begin nobody of {} any more?", cancel.id), Yes(cancel.yes))?;
                let body = json!({ "reason": cancel.reason });
                let set = client.send(&places::CANCEL_SET.of(&[&cancel.id]), &body).await?;
                cx.output.item(FIELDS, &set)?;
                cx.output.say(&format!(
                    "it began for {} people, and {} of their runs go on; `tenure sets people {} --state begun` lists them",
                    count(&set, "/progress/begun"),
                    going_on(&set) + stuck(&set),
                    cancel.id
                ));
                Ok(Exit::Done)
            }
        }
    }
}

impl Watch {
    async fn run(self, cx: &Cx, client: &Client) -> Result<Exit, CliError> {
        let mut told = String::new();
        loop {
            let set = client.ask(&places::READ_SET.of(&[&self.id])).await?;
            let line = line(&set);
            if line != told {
                match cx.output.format {
                    output::Format::Table => output::write(&format!("{line}\n"))?,
                    output::Format::Json | output::Format::Jsonl => {
                        output::write(&output::json_lines(std::slice::from_ref(&set)))?;
                    }
                }
                told = line;
            }
            if let Some(end) = end_of(self.id, &set) {
                return end;
            }
            tokio::time::sleep(self.every).await;
        }
    }
}

/// Waits until it was looked who is in a set.
pub(super) async fn looked(cx: &Cx, client: &Client, id: &str) -> Result<Value, CliError> {
    let until = async {
        loop {
            let set = client.ask(&places::READ_SET.of(&[&id])).await?;
            match state(&set) {
                "looking" => tokio::time::sleep(PLAN_LOOK).await,
                "failed" => return Err(failed(&set)),
                _ => return Ok(set),
            }
        }
    };
    progress::during(&cx.output, "looking who they are", until).await
}

/// Shows a set, and the first of those for whom it can and cannot begin.
pub(super) async fn show(cx: &Cx, client: &Client, set: &Value) -> Result<(), CliError> {
    let place = places::SET_PEOPLE.of(&[&cell(set.get("id"))]);
    let mut whole = set.clone();
    for (name, state) in [("first", "ready"), ("begun", "begun"), ("cannot", "cannot")] {
        let people = client.list(&place, &[("state", state.to_owned())], SET_PEOPLE_SHOWN).await?;
        if let Some(fields) = whole.as_object_mut() {
            fields.insert(name.to_owned(), Value::Array(people));
        }
    }
    cx.output.item(FIELDS, &whole)?;
    cx.output.part("The first for whom it can begin", PEOPLE, whole.get("first"))?;
    cx.output.part("The first for whom it began", PEOPLE, whole.get("begun"))?;
    cx.output.part("The first for whom it cannot begin", PEOPLE, whole.get("cannot"))
}

/// For how many people it can begin.
pub(super) fn ready(set: &Value) -> i64 {
    count(set, "/progress/ready")
}

/// Starts a set that was seen to be so large.
pub(super) async fn begin(cx: &Cx, client: &Client, id: &str, people: i64, reason: &str) -> Result<Exit, CliError> {
    let body = json!({ "people": people, "reason": reason });
    let set = client.send(&places::START_SET.of(&[&id]), &body).await?;
    if cx.output.format != output::Format::Table {
        cx.output.item(FIELDS, &set)?;
    }
    cx.output.say(&format!("it begins; `tenure sets watch {id}` follows it"));
    Ok(Exit::Done)
}

fn state(set: &Value) -> &str {
    set.get("state").and_then(Value::as_str).unwrap_or_default()
}

fn count(set: &Value, place: &str) -> i64 {
    set.pointer(place).and_then(Value::as_i64).unwrap_or(0)
}

fn runs(set: &Value, status: &str) -> i64 {
    count(set, &format!("/progress/runs/{status}"))
}

/// How many runs go on by themselves.
fn going_on(set: &Value) -> i64 {
    ["queued", "running", "waiting", "compensating"].into_iter().map(|status| runs(set, status)).sum()
}

/// How many runs need somebody.
fn stuck(set: &Value) -> i64 {
    runs(set, "blocked")
}

/// How far a set is.
fn line(set: &Value) -> String {
    let begun = count(set, "/progress/begun");
    let mut line = format!("{}: begun {begun} of {}", state(set), begun + ready(set));
    for status in ["done", "failed", "cancelled", "blocked", "waiting", "compensating", "running", "queued"] {
        let runs = runs(set, status);
        if runs > 0 {
            line.extend([", ", status, " ", runs.to_string().as_str()]);
        }
    }
    line
}

/// How the command ends, if the set goes no further by itself.
fn end_of(id: SetId, set: &Value) -> Option<Result<Exit, CliError>> {
    if matches!(state(set), "looking" | "starting") || going_on(set) > 0 {
        return None;
    }
    if matches!(state(set), "failed" | "cancelled") {
        return Some(Err(failed(set)));
    }
    let bad = stuck(set) + runs(set, "failed") + runs(set, "cancelled");
    if bad == 0 {
        return Some(Ok(Exit::Done));
    }
    let message = format!("{bad} runs of the set did not come to a good end");
    Some(Err(CliError::new(Exit::Partial, code::PARTIAL, message)
        .hint(format!("`tenure sets people {id} --state begun` lists them with their runs"))))
}

fn failed(set: &Value) -> CliError {
    let message = format!("the set is {}", state(set));
    CliError::new(Exit::Failed, code::RUN_NOT_DONE, message).cause(crate::error::printable(&cell(set.get("note"))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(state: &str, ready: i64, runs: &Value) -> Value {
        let begun: i64 = runs.as_object().unwrap().values().filter_map(Value::as_i64).sum();
        json!({ "state": state, "progress": { "ready": ready, "begun": begun, "runs": runs } })
    }

    #[test]
    fn how_far_it_is_is_one_line() {
        let set = set("starting", 3, &json!({ "done": 2, "blocked": 1 }));
        assert_eq!(line(&set), "starting: begun 3 of 6, done 2, blocked 1");
    }

    #[test]
    fn the_end_of_a_set_is_the_end_of_the_command() {
        let id = "set_00000000000000000000000001".parse().unwrap();
        let exit = |state: &str, runs: Value| match end_of(id, &set(state, 0, &runs)) {
            None => None,
            Some(Ok(exit)) => Some(exit.number()),
            Some(Err(error)) => Some(error.exit.number()),
        };
        assert_eq!(exit("starting", json!({})), None);
        assert_eq!(exit("started", json!({ "done": 2, "waiting": 1 })), None);
        assert_eq!(exit("started", json!({ "done": 2 })), Some(0));
        assert_eq!(exit("started", json!({ "done": 2, "blocked": 1 })), Some(6));
        assert_eq!(exit("started", json!({ "failed": 1 })), Some(6));
        assert_eq!(exit("cancelled", json!({ "running": 1 })), None);
        assert_eq!(exit("cancelled", json!({ "done": 1 })), Some(1));
    }
}
