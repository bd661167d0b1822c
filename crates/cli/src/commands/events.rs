//! `tenure events`: what sources said, and saying something as a source.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::Value;
use tenure_model::ConnectionName;

use super::HowMany;
use crate::client::Client;
use crate::context::{Cx, read_text};
use crate::error::{CliError, code};
use crate::exit::Exit;
use crate::limits::INPUT_BYTES_MAX;
use crate::report;
use crate::table::{Column, column};

const COLUMNS: &[Column] = &[
    column("Received", "/receivedAt"),
    column("Source", "/connection"),
    column("Their id", "/externalId"),
    column("Type", "/type"),
    column("About", "/subject"),
    column("Status", "/answer/status"),
    column("Id", "/id"),
];
const ANSWERS: &[Column] = &[
    column("Event", "/event"),
    column("Status", "/status"),
    column("Person", "/person"),
    column("Runs", "/runs"),
    column("Case", "/case"),
];

/// What to do with events.
#[derive(Debug, Subcommand)]
pub enum Events {
    List(List),
    Send(Send),
}

/// List events, newest first
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  tenure events list\n  tenure events list --connection hr --limit 10")]
pub struct List {
    /// Only events of this source
    #[arg(long, value_name = "NAME")]
    connection: Option<ConnectionName>,
    #[command(flatten)]
    how_many: HowMany,
}

/// Send events as a source would
///
/// Sends one event, or a JSON list of them in order. The same id again is the same event: the first answer comes
/// back and nothing happens twice. When some of several are refused it ends with 6.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  tenure events send --connection hr leaver.json
  tenure events send --connection hr --data '{\"id\":\"hr-991\",\"type\":\"employment.ended\",\"person\":{\"employeeId\":\"E1042\"},\"lastDay\":\"2026-11-30\"}'
  feed | tenure events send --connection hr -")]
pub struct Send {
    /// As which source
    #[arg(long, value_name = "NAME")]
    connection: ConnectionName,
    /// A JSON file; `-` reads standard input
    #[arg(required_unless_present = "data", conflicts_with = "data")]
    file: Option<PathBuf>,
    /// The JSON itself
    #[arg(long, value_name = "JSON")]
    data: Option<String>,
}

impl Events {
    /// Does it.
    pub async fn run(self, cx: &Cx) -> Result<Exit, CliError> {
        match self {
            Self::List(list) => {
                let query: Vec<_> = list.connection.iter().map(|name| ("connection", name.to_string())).collect();
                let items = cx.client()?.list("/v1/events", &query, list.how_many.items_max()).await?;
                cx.output.list(COLUMNS, &items)?;
                Ok(Exit::Done)
            }
            Self::Send(send) => send.run(cx).await,
        }
    }
}

impl Send {
    async fn run(self, cx: &Cx) -> Result<Exit, CliError> {
        let path = format!("/v1/connections/{}/events", self.connection);
        let text = match (&self.data, &self.file) {
            (Some(data), _) => data.clone(),
            (None, file) => read_text(file.as_deref().unwrap_or(Path::new("-")), INPUT_BYTES_MAX)?,
        };
        let json: Value = serde_json::from_str(&text).map_err(|error| {
            CliError::new(Exit::Usage, code::CANNOT_READ, "the event is not JSON").caused_by(&error)
        })?;
        let client = cx.client()?;
        match json {
            Value::Array(events) => send_all(cx, &client, &path, &events).await,
            event => {
                let answer = client.post(&path, Some(&event)).await?;
                cx.output.item(ANSWERS, &answer)?;
                Ok(Exit::Done)
            }
        }
    }
}

/// Goes on after a refusal, as later events may be about other people; stops when nobody answers.
async fn send_all(cx: &Cx, client: &Client, path: &str, events: &[Value]) -> Result<Exit, CliError> {
    let mut answers = Vec::new();
    let mut stopped = None;
    for event in events {
        match client.post(path, Some(event)).await {
            Ok(answer) => answers.push(answer),
            Err(error) if error.exit == Exit::Unreachable => {
                stopped = Some(error);
                break;
            }
            Err(error) => report(&error, cx.output.paint_talk()),
        }
    }
    cx.output.list(ANSWERS, &answers)?;
    match stopped {
        Some(error) if answers.is_empty() => Err(error),
        None if answers.len() == events.len() => Ok(Exit::Done),
        stopped => {
            let exit = if answers.is_empty() { Exit::Failed } else { Exit::Partial };
            let message = format!("{} of {} events were accepted", answers.len(), events.len());
            let error = CliError::new(exit, code::PARTIAL, message)
                .hint("send the file again when it is corrected; what was accepted is not done twice");
            Err(stopped.into_iter().fold(error, |error, why| error.cause(why.message)))
        }
    }
}
