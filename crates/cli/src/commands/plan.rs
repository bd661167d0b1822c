//! `tenure plan`: what a folder of documents, or a date, would come to, for whom, before anything is done.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};

use super::plan_folder::read_folder;
use super::plan_text;
use crate::client::Client;
use crate::context::Cx;
use crate::error::{CliError, code};
use crate::exit::Exit;
use crate::limits::{LIST_ITEMS_DEFAULT, PLAN_LOOK, PLAN_TIME_MAX};
use crate::output::{self, Format};
use crate::places;
use crate::progress;

/// Show what would change, for whom
///
/// Works out what the documents of a folder would change, for everybody, and keeps it as a plan. Nothing is
/// written to any system. Without a folder it shows what is open by the documents in force. Ends with 0 if
/// there is nothing to do, 3 if there are changes, 4 if a bound that was asked for is passed.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tenure plan -d estate                       what this folder would change\n  tenure plan -d estate --people controller   the same, and whom it touches through this role\n  tenure plan --at 2027-01-01                 what will be done by then\n  tenure plan -d estate --json                for scripts and the console"
)]
pub struct Plan {
    /// A folder of documents; the documents in force if none
    #[arg(short, long, value_name = "FOLDER")]
    dir: Option<PathBuf>,
    /// List the people too; only those about whom this says something: a role, a system, an entitlement or a name
    #[arg(long, value_name = "WORD", num_args = 0..=1, default_missing_value = "")]
    people: Option<String>,
    /// Only for these people, by id or key; may be given several times
    #[arg(long = "only", value_name = "PERSON")]
    only: Vec<String>,
    /// Show this day, or this moment, instead of now
    #[arg(long, value_name = "WHEN")]
    at: Option<String>,
    /// Not to be applied if it touches more people than this
    #[arg(long, value_name = "NUMBER")]
    people_max: Option<u64>,
    /// Not to be applied if it makes more writes than this
    #[arg(long, value_name = "NUMBER")]
    writes_max: Option<u64>,
}

impl Plan {
    /// Asks, and waits until it is worked out.
    pub async fn run(self, cx: &Cx) -> Result<Exit, CliError> {
        let client = cx.client()?;
        let plan = self.made(cx, &client).await?;
        if cx.output.format != Format::Table {
            cx.output.item(&[], &plan)?;
            return Ok(exit_of(&plan));
        }
        let mut text = plan_text::of(&plan);
        if let Some(about) = &self.people {
            let query: Vec<_> = Some(about.clone())
                .filter(|about| !about.is_empty())
                .map(|about| ("about", about))
                .into_iter()
                .collect();
            let place = places::PLAN_PEOPLE.of(&[&plan_text::id(&plan)]);
            let people = client.list(&place, &query, LIST_ITEMS_DEFAULT).await?;
            text.push_str(&plan_text::people(&people));
        }
        output::write(&text)?;
        Ok(exit_of(&plan))
    }

    /// The plan, worked out.
    pub(super) async fn made(&self, cx: &Cx, client: &Client) -> Result<Value, CliError> {
        let files = self.dir.as_deref().map(read_folder).transpose()?;
        let at = self.at.as_deref().map(plan_text::moment).transpose()?;
        let body = json!({
            "files": files, "people": self.only, "at": at, "peopleMax": self.people_max, "writesMax": self.writes_max,
        });
        let asked = client.send(&places::MAKE_PLAN.path(), &body).await?;
        wait(cx, client, &plan_text::id(&asked), &["making"]).await
    }

    /// The plan of a folder, for `apply --auto`.
    pub(super) fn of(dir: Option<PathBuf>) -> Self {
        Self { dir, people: None, only: Vec::new(), at: None, people_max: None, writes_max: None }
    }
}

/// Looks until the plan stands otherwise than so.
pub(super) async fn wait(cx: &Cx, client: &Client, id: &str, states: &[&str]) -> Result<Value, CliError> {
    progress::during(&cx.output, "working on the plan", until_settled(client, id, states)).await
}

async fn until_settled(client: &Client, id: &str, states: &[&str]) -> Result<Value, CliError> {
    let mut waited = Duration::ZERO;
    loop {
        let plan = client.ask(&places::SHOW_PLAN.of(&[&id])).await?;
        let state = plan.get("state").and_then(Value::as_str).unwrap_or_default();
        if !states.contains(&state) {
            return settled(plan);
        }
        if waited > PLAN_TIME_MAX {
            let message = format!("`{id}` is still {state}");
            return Err(CliError::new(Exit::Unreachable, code::TOO_SLOW, message).hint(format!(
                "it goes on; look again with `tenure apply {id}`, or at its run with `tenure runs list`"
            )));
        }
        tokio::time::sleep(PLAN_LOOK).await;
        waited += PLAN_LOOK;
    }
}

fn settled(plan: Value) -> Result<Value, CliError> {
    let note = plan.get("note").and_then(Value::as_str).unwrap_or_default().to_owned();
    let id = plan_text::id(&plan);
    match plan.get("state").and_then(Value::as_str) {
        Some("failed") => {
            Err(CliError::new(Exit::Failed, code::PLAN_FAILED, format!("`{id}` could not be worked out")).cause(note))
        }
        Some("moved") => Err(CliError::new(Exit::Refused, code::PLAN_MOVED, format!("`{id}` was not applied"))
            .cause(note)
            .hint("nothing was done; make a new plan, look at it, and apply that")),
        _ => Ok(plan),
    }
}

/// What a plan says to a script.
fn exit_of(plan: &Value) -> Exit {
    let count = |pointer: &str| plan.pointer(pointer).and_then(Value::as_u64).unwrap_or(0);
    let some = |pointer: &str| plan.pointer(pointer).and_then(Value::as_array).is_some_and(|items| !items.is_empty());
    if some("/report/over") {
        Exit::Refused
    } else if count("/report/people") > 0 || some("/report/documents/documents") {
        Exit::Changes
    } else {
        Exit::Done
    }
}
