//! `tenure runs rehearse`: what a workflow would do for somebody, without doing it.

use clap::Args;
use serde_json::{Map, Value, json};
use tenure_model::Name;

use super::{people, runs_start};
use crate::context::Cx;
use crate::error::{CliError, code, printable};
use crate::exit::Exit;
use crate::output::Format;
use crate::places;
use crate::table::{Column, cell, column};

const WOULD: &[Column] = &[
    column("When", "/at"),
    column("Does", "/does"),
    column("Where", "/atWhat"),
    column("What", "/what"),
    column("Answer", "/detail/answer"),
];

/// Show what a workflow would do for a person, without doing it
///
/// Carries the workflow out with everything that is known of the person and with reads of the real systems, in a house
/// in memory: nothing is written to any system, nobody is told, and dates come at once. Whoever is asked says what is
/// hoped for, unless --answer says otherwise. Ends with 0 if it would end well, and with 3 otherwise.
#[derive(Debug, Args)]
#[command(
    visible_alias = "dry-run",
    after_help = "Examples:\n  tenure runs rehearse offboard ada\n  tenure runs rehearse leaver E1042 --answer handover=refused\n  tenure runs dry-run leave ada --input until=2027-02-01 --json"
)]
pub struct Rehearse {
    /// Which workflow
    workflow: Name,
    /// An id, a key such as E1042, or letters that only one person has
    person: String,
    /// What it is given besides the person: `KEY=VALUE`, several times, or JSON, `@FILE`, or `@-` for standard input
    #[arg(long, value_name = "KEY=VALUE")]
    input: Vec<String>,
    /// What whoever is asked at a step would answer, or `timeout` if nobody would; may be given several times
    #[arg(long, value_name = "STEP=OUTCOME")]
    answer: Vec<String>,
}

impl Rehearse {
    /// Asks.
    pub async fn run(self, cx: &Cx) -> Result<Exit, CliError> {
        let client = cx.client()?;
        let mut answers = Map::new();
        for pair in &self.answer {
            let (step, outcome) = pair.split_once('=').ok_or_else(|| {
                CliError::new(Exit::Usage, code::USAGE, format!("`{}` has no `=`", printable(pair)))
                    .hint("write `--answer handover=refused`")
            })?;
            answers.insert(step.to_owned(), outcome.into());
        }
        let input = runs_start::read_input(&self.input)?;
        let id = people::find(&client, &self.person).await?;
        let body = json!({ "workflow": self.workflow, "input": input, "answers": answers });
        let came = client.send(&places::REHEARSE.of(&[&id]), &body).await?;
        let would = came.get("would").and_then(Value::as_array).cloned().unwrap_or_default();
        if cx.output.format != Format::Table {
            cx.output.item(&[], &came)?;
        } else if would.is_empty() {
            cx.output.say("nothing would be done");
        } else {
            cx.output.list(WOULD, &would)?;
        }
        let (status, ends) = (cell(came.get("status")), cell(came.get("endsAt")));
        let note = came.get("note").map(|note| format!(": {}", cell(Some(note)))).unwrap_or_default();
        let name = cell(came.get("name"));
        cx.output.say(&format!("for {name} it would be {status} at {ends}{note}; nothing was done"));
        Ok(if status == "done" { Exit::Done } else { Exit::Changes })
    }
}
