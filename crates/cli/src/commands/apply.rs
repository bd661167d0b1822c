//! `tenure apply`: puts a plan into force, and nothing but that plan.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use super::plan::{self, Plan};
use super::plan_text;
use crate::context::Cx;
use crate::error::{CliError, code};
use crate::exit::Exit;
use crate::output::{self, Format};
use crate::places;

/// Put a plan into force
///
/// Puts a saved plan into force: the documents, and a run for each person whom it touches. If anything that
/// it rests on moved since, nothing is done (exit 4). What a brake withholds waits for two people; the rest
/// goes on (exit 6). `--auto` makes the plan and applies it in one go, if no brake holds any of it.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tenure apply plan_01k9h3m5n7p9r1t3v5x7z9b1d3 --reason 'new finance team'\n  tenure apply --auto -d estate --reason 'commit 1f2e3d'"
)]
pub struct Apply {
    /// Which plan
    #[arg(required_unless_present = "auto", conflicts_with = "auto")]
    plan: Option<String>,
    /// Make the plan and apply it, if no brake holds any of it
    #[arg(long)]
    auto: bool,
    /// The folder of documents, with --auto
    #[arg(short, long, value_name = "FOLDER", requires = "auto")]
    dir: Option<PathBuf>,
    /// Why, for the list of versions and the ledger
    #[arg(long, value_name = "TEXT", default_value = "by hand")]
    reason: String,
}

impl Apply {
    /// Does it, and waits until it is done.
    pub async fn run(self, cx: &Cx) -> Result<Exit, CliError> {
        let client = cx.client()?;
        let id = if let Some(id) = self.plan {
            id
        } else {
            let made = Plan::of(self.dir).made(cx, &client).await?;
            if cx.output.format == Format::Table {
                output::write(&plan_text::of(&made))?;
            }
            if nothing(&made) {
                cx.output.say("there is nothing to do");
                return Ok(Exit::Done);
            }
            free(&made)?;
            plan_text::id(&made)
        };
        client.send(&places::APPLY_PLAN.of(&[&id]), &json!({ "reason": self.reason })).await?;
        let done = plan::wait(cx, &client, &id, &["ready", "applying"]).await?;
        if cx.output.format != Format::Table {
            cx.output.item(&[], &done)?;
        }
        let held = done.pointer("/report/held").and_then(Value::as_array).map_or(0, Vec::len);
        let people = done.pointer("/report/people").and_then(Value::as_u64).unwrap_or(0);
        let version = done.get("version").and_then(Value::as_i64).unwrap_or(0);
        cx.output.say(&format!("version {version} is in force; a run began for each of {people} people"));
        if held > 0 {
            cx.output.say("a brake withholds removals; see `tenure held list`");
            return Ok(Exit::Partial);
        }
        Ok(Exit::Done)
    }
}

fn nothing(plan: &Value) -> bool {
    let people = plan.pointer("/report/people").and_then(Value::as_u64).unwrap_or(0);
    let documents = plan.pointer("/report/documents/documents").and_then(Value::as_array).map_or(0, Vec::len);
    let reformatted = plan.pointer("/report/documents/reformatted").and_then(Value::as_u64).unwrap_or(0);
    people == 0 && documents == 0 && reformatted == 0
}

/// Whether no brake holds any of it.
fn free(plan: &Value) -> Result<(), CliError> {
    let held = plan.pointer("/report/held").and_then(Value::as_array).cloned().unwrap_or_default();
    let Some(first) = held.first() else { return Ok(()) };
    let id = plan_text::id(plan);
    let sentence = first.get("sentence").and_then(Value::as_str).unwrap_or_default();
    Err(CliError::new(Exit::Refused, code::HELD, format!("`{id}` was not applied: a brake holds some of it"))
        .cause(sentence)
        .hint(format!("`tenure apply {id}` does the rest, and leaves what is held to two people")))
}
