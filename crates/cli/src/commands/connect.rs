//! `tenure connect`: connected systems.

use clap::{Args, Subcommand};
use serde_json::Value;
use tenure_model::ConnectionName;

use super::HowMany;
use crate::context::Cx;
use crate::error::{CliError, code};
use crate::exit::Exit;
use crate::places;
use crate::table::{Column, cell, column};

const COLUMNS: &[Column] = &[
    column("Name", "/name"),
    column("Title", "/title"),
    column("Connector", "/connector"),
    column("Direction", "/direction"),
    column("State", "/state"),
    column("Checked", "/checkedAt"),
    column("Reason", "/reason"),
];

/// What to do with connected systems.
#[derive(Debug, Subcommand)]
pub enum Connect {
    List(List),
    Check(Check),
}

/// List connected systems
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  tenure connect list\n  tenure connect list -o jsonl")]
pub struct List {
    #[command(flatten)]
    how_many: HowMany,
}

/// Ask a system whether it answers
///
/// Asks a connected system now whether it answers and lets us in. Changes nothing there.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  tenure connect check ldap\n  tenure connect check ldap --json")]
pub struct Check {
    /// Which connection
    name: ConnectionName,
}

impl Connect {
    /// Does it.
    pub async fn run(self, cx: &Cx) -> Result<Exit, CliError> {
        let client = cx.client()?;
        match self {
            Self::List(list) => {
                let items = client.list(&places::LIST_CONNECTIONS.path(), &[], list.how_many.items_max()).await?;
                cx.output.list(COLUMNS, &items)?;
                Ok(Exit::Done)
            }
            Self::Check(check) => {
                let connection = client.ask(&places::CHECK_CONNECTION.of(&[&check.name])).await?;
                cx.output.item(COLUMNS, &connection)?;
                verdict(&check.name, &connection)
            }
        }
    }
}

fn verdict(name: &ConnectionName, connection: &Value) -> Result<Exit, CliError> {
    if connection.get("state").and_then(Value::as_str) == Some("ok") {
        return Ok(Exit::Done);
    }
    Err(CliError::new(Exit::Failed, code::NOT_WELL, format!("`{name}` is not well"))
        .cause(cell(connection.get("reason"))))
}
