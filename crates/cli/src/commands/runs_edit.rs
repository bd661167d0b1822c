//! `tenure runs edit`: trying a step that is stuck again, with something else.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Map, Value, json};
use tenure_model::RunId;

use super::runs::act;
use super::runs_start::key_and_value;
use crate::context::{Cx, read_json};
use crate::error::{CliError, code};
use crate::exit::Exit;
use crate::limits::INPUT_BYTES_MAX;
use crate::output::write;
use crate::places;

/// Try a step that is stuck again, with something else
///
/// Tries a step that is blocked, or waits to be tried again, with other parameters than the workflow gave it. That is
/// another effect, with a key of its own: look first whether an earlier attempt did something. Who did it and why is
/// sealed in the ledger. Without a change the parameters of the last attempt are shown.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tenure runs edit run_01k9h3m5n7p9r1t3v5x7z9b1d3 welcome --set to=ada@example.org --reason 'her mailbox moved'\n  tenure runs edit run_01k9h3m5n7p9r1t3v5x7z9b1d3 welcome --with welcome.json --reason 'see INC-7'\n  tenure runs edit run_01k9h3m5n7p9r1t3v5x7z9b1d3 welcome"
)]
pub struct Edit {
    /// Which run
    id: RunId,
    /// Which step, as `tenure runs show` names it
    node: String,
    /// A key that is to have this value, as JSON or as text; the others stay
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// A JSON file with all parameters; `-` reads standard input
    #[arg(long, value_name = "FILE", conflicts_with = "set")]
    with: Option<PathBuf>,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

impl Edit {
    /// Does it.
    pub async fn run(self, cx: &Cx) -> Result<Exit, CliError> {
        let with = if let Some(path) = &self.with {
            read_json(path, INPUT_BYTES_MAX)?
        } else {
            let with = self.last(cx).await?;
            if self.set.is_empty() {
                let text = serde_json::to_string_pretty(&with).unwrap_or_default();
                return write(&(text + "\n")).map(|()| Exit::Done);
            }
            Value::Object(self.changed(with)?)
        };
        let reason = self.reason.ok_or_else(|| {
            CliError::new(Exit::Usage, code::USAGE, "say why with `--reason`; it is sealed in the ledger")
        })?;
        let body = json!({ "node": self.node, "with": with, "reason": reason });
        act(cx, self.id, places::EDIT_STEP, Some(&body)).await
    }

    fn changed(&self, mut with: Map<String, Value>) -> Result<Map<String, Value>, CliError> {
        for word in &self.set {
            with.extend([key_and_value(word)?]);
        }
        Ok(with)
    }

    /// What the step was given in its last attempt.
    async fn last(&self, cx: &Cx) -> Result<Map<String, Value>, CliError> {
        let run = cx.client()?.ask(&places::READ_RUN.of(&[&self.id])).await?;
        given(&run, &self.node).ok_or_else(|| {
            CliError::new(Exit::Usage, code::USAGE, format!("step `{}` was given nothing yet", self.node))
        })
    }
}

/// What a step of a run was given last, as far as the records that are shown tell.
fn given(run: &Value, node: &str) -> Option<Map<String, Value>> {
    let records = run.get("records").and_then(Value::as_array)?.iter().rev();
    let facts =
        records.filter_map(|record| record.pointer("/body/facts")?.as_array()).flat_map(|facts| facts.iter().rev());
    let mut of_node = facts.filter(|fact| fact.get("id").and_then(Value::as_str) == Some(node));
    of_node.find_map(|fact| fact.pointer("/now/with")?.as_object().cloned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_step_was_given_last_is_found_in_the_records() {
        let node = |id: &str, with: Value| json!({ "fact": "node", "id": id, "now": { "is": "acting", "with": with } });
        let run = json!({ "records": [
            { "body": { "facts": [node("tell", json!({ "to": ["a"] }))] } },
            { "body": { "facts": [node("tell", json!({ "to": ["b"] })), node("call", json!({ "url": "x" }))] } },
            { "body": { "facts": [json!({ "fact": "node", "id": "call", "now": { "is": "done" } })] } },
            { "body": "cut" },
        ] });
        assert_eq!(given(&run, "tell").unwrap()["to"], json!(["b"]));
        assert_eq!(given(&run, "call").unwrap()["url"], json!("x"));
        assert_eq!(given(&run, "seal"), None);
    }
}
