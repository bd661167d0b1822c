//! `tenure events`: what sources said.

use clap::{Args, Subcommand};
use tenure_model::ConnectionName;

use super::{HowMany, events_send};
use crate::context::Cx;
use crate::error::CliError;
use crate::exit::Exit;
use crate::places;
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
/// How the answer to an event is shown.
pub const ANSWERS: &[Column] = &[
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
    Send(Box<events_send::Send>),
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

impl Events {
    /// Does it.
    pub async fn run(self, cx: &Cx) -> Result<Exit, CliError> {
        match self {
            Self::List(list) => {
                let query: Vec<_> = list.connection.iter().map(|name| ("connection", name.to_string())).collect();
                let items = cx.client()?.list(&places::LIST_EVENTS.path(), &query, list.how_many.items_max()).await?;
                cx.output.list(COLUMNS, &items)?;
                Ok(Exit::Done)
            }
            Self::Send(send) => send.run(cx).await,
        }
    }
}
