//! `tenure runs start`: starting a run by hand.

use std::path::Path;

use clap::Args;
use serde_json::{Map, Value};
use tenure_model::Name;

use crate::context::{Cx, read_text};
use crate::error::{CliError, code};
use crate::exit::Exit;
use crate::limits::INPUT_BYTES_MAX;
use crate::places;
use crate::table::{Column, cell, column};

const STARTED: &[Column] = &[column("Run", "/run")];

/// Start a run of a workflow by hand
///
/// Starts a run of a workflow. Runs in the same lane come one after the other; without a lane it waits for nobody.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  tenure runs start leaver --input '{\"person\":\"person_01k9h3m5n7p9r1t3v5x7z9b1d3\"}'
  tenure runs start recertify --lane finance --input @quarter.json")]
pub struct Start {
    /// Which workflow
    workflow: Name,
    /// In which lane
    #[arg(long, value_name = "NAME")]
    lane: Option<String>,
    /// What it is given: JSON, `@FILE`, or `@-` for standard input
    #[arg(long, value_name = "JSON", default_value = "{}")]
    input: String,
}

impl Start {
    /// Starts it.
    pub async fn run(self, cx: &Cx) -> Result<Exit, CliError> {
        let mut body = Map::new();
        body.insert("workflow".to_owned(), self.workflow.as_str().into());
        body.extend(self.lane.map(|lane| ("lane".to_owned(), lane.into())));
        body.insert("input".to_owned(), read_input(&self.input)?);
        let started = cx.client()?.send(&places::START_RUN.path(), &body.into()).await?;
        cx.output.item(STARTED, &started)?;
        cx.output.say(&format!("`tenure runs watch {}` follows it", cell(started.get("run"))));
        Ok(Exit::Done)
    }
}

/// JSON on the command line, or in the file after an `@`.
pub fn read_input(text: &str) -> Result<Value, CliError> {
    let read = match text.strip_prefix('@') {
        Some(path) => read_text(Path::new(path), INPUT_BYTES_MAX)?,
        None => text.to_owned(),
    };
    serde_json::from_str(&read).map_err(|error| {
        CliError::new(Exit::Usage, code::CANNOT_READ, "the input is not JSON")
            .caused_by(&error)
            .hint("say JSON such as '{\"days\": 30}', or @FILE")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_json_is_used_wrongly() {
        assert_eq!(read_input("[1]").unwrap(), serde_json::json!([1]));
        assert_eq!(read_input("{days: 1}").unwrap_err().exit, Exit::Usage);
        assert_eq!(read_input("@/nowhere/input.json").unwrap_err().exit, Exit::Failed);
    }
}
