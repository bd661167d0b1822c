//! `tenure connect`: connected systems.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::Value;
use tenure_model::ConnectionName;
use tenure_server::house::conform::{self, ConformOptions};

use super::connect_new::New;
use super::connect_read::{Answer, Read, Readings, Reject};
use super::{HowMany, in_process};
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
    Test(Test),
    New(New),
    Read(Read),
    Readings(Readings),
    Accept(Answer),
    Reject(Reject),
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

/// Hold a connection against the contract of connectors
///
/// Runs the conformance suite of the contract against a connection of the estate, in this process. It makes
/// accounts of its own, changes them and takes them away again; nothing else is touched. It says first what it will
/// write, and writes to a system that is not on this machine only with --write.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tenure connect test ldap\n  tenure connect test ldap --write --json\n  tenure connect test ldap --only grant --entitlement staff --entitlement finance"
)]
pub struct Test {
    /// Which connection
    name: ConnectionName,
    /// The configuration
    #[arg(short, long, env = "TENURE_CONFIG", hide_env_values = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Write to a system that people may work with
    #[arg(long)]
    write: bool,
    /// A value that new accounts need; `{name}` in it is another text each time
    #[arg(long, value_name = "ATTRIBUTE=VALUE", value_parser = pair)]
    set: Vec<(String, String)>,
    /// An entitlement that may be given and taken; twice, or those of the connection
    #[arg(long, value_name = "NAME")]
    entitlement: Vec<String>,
    /// Only cases whose name contains this
    #[arg(long, value_name = "PART")]
    only: Option<String>,
}

const CASES: &[Column] = &[column("Ending", "/ending"), column("Case", "/case"), column("Why", "/why")];

fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write it as ATTRIBUTE=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

impl Test {
    async fn run(self, cx: &Cx) -> Result<Exit, CliError> {
        let options = ConformOptions {
            config: self.config,
            connection: self.name.clone(),
            set: self.set.into_iter().collect(),
            entitlements: self.entitlement,
            only: self.only,
        };
        let rehearsal = conform::rehearse(options).await.map_err(in_process::failed)?;
        cx.output.say(&format!("{}; this test", rehearsal.peer));
        for line in &rehearsal.writes {
            cx.output.say(&format!("- {line}"));
        }
        if let Some(reason) = rehearsal.in_use.as_ref().filter(|_| !self.write) {
            let message = format!("people may work with `{}`: {reason}", self.name);
            return Err(CliError::new(Exit::Refused, code::NOT_CONFIRMED, message)
                .hint("read above what it would write, and give --write if that may be"));
        }
        let found = rehearsal.run().await;
        cx.output.list(CASES, &found.cases)?;
        for left in &found.left {
            cx.output.say(&format!("left behind: {left}"));
        }
        cx.output.say(&found.summary);
        if found.green {
            return Ok(Exit::Done);
        }
        let message = format!("`{}` failed {} cases of the contract", self.name, found.failed);
        Err(CliError::new(Exit::Failed, code::NOT_WELL, message))
    }
}

impl Connect {
    /// Does it.
    pub async fn run(self, cx: &Cx) -> Result<Exit, CliError> {
        match self {
            Self::Test(test) => test.run(cx).await,
            Self::New(new) => new.run(cx),
            Self::Read(read) => read.run(cx).await,
            Self::Readings(readings) => readings.run(cx).await,
            Self::Accept(answer) => answer.run(cx).await,
            Self::Reject(answer) => answer.run(cx).await,
            Self::List(list) => {
                let client = cx.client()?;
                let items = client.list(&places::LIST_CONNECTIONS.path(), &[], list.how_many.items_max()).await?;
                cx.output.list(COLUMNS, &items)?;
                Ok(Exit::Done)
            }
            Self::Check(check) => {
                let client = cx.client()?;
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
