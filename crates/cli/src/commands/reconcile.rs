//! `tenure reconcile`: have connected systems read now, and tell what came of it.

use std::time::Duration;

use clap::Args;
use jiff::Timestamp;
use serde_json::Value;
use tenure_model::{Clock as _, ConnectionName, SystemClock};

use crate::args::duration;
use crate::client::Client;
use crate::context::Cx;
use crate::error::{CliError, code};
use crate::exit::Exit;
use crate::places;
use crate::table::{Column, column};

const COLUMNS: &[Column] = &[
    column("Connection", "/connection"),
    column("True since", "/trueSince"),
    column("Read", "/read"),
    column("New", "/new"),
    column("Linked", "/linked"),
    column("Orphans", "/orphans"),
    column("Changed", "/changed"),
    column("Missing", "/missing"),
    column("Drift", "/drifts"),
    column("Doubt", "/doubt"),
    column("Failure", "/failure"),
];

/// Read a connected system now and find what others changed there
///
/// Reads every account of a connected system and compares it with what was last seen. Nothing is written there. Without
/// a name every target is read.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tenure reconcile ldap\n  tenure reconcile\n  tenure reconcile --list          how old what is known is"
)]
pub struct Reconcile {
    /// Which connection; every target when left out
    connection: Option<ConnectionName>,
    /// Only tell how old what is known is
    #[arg(long, conflicts_with = "connection")]
    list: bool,
    /// How long to wait for the end, such as 30s or 10m
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "10m")]
    wait: Duration,
    /// How often to look
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "500ms", hide = true)]
    every: Duration,
}

impl Reconcile {
    /// Asks, and waits for the end.
    pub async fn run(self, cx: &Cx) -> Result<Exit, CliError> {
        let client = cx.client()?;
        if self.list {
            let readings = client.ask(&places::LIST_READINGS.path()).await?;
            cx.output.list(COLUMNS, readings.as_array().map(Vec::as_slice).unwrap_or_default())?;
            return Ok(Exit::Done);
        }
        let names = match &self.connection {
            Some(name) => vec![name.to_string()],
            None => targets(&client).await?,
        };
        let mut asked = Vec::with_capacity(names.len());
        for name in names {
            let reading = client.send(&places::RECONCILE.of(&[&name]), &Value::Null).await?;
            asked.push((name, moment(&reading, "/askedAt")));
        }
        let mut done = Vec::with_capacity(asked.len());
        for (name, since) in asked {
            done.push(self.until_read(&client, &name, since).await?);
        }
        cx.output.list(COLUMNS, &done)?;
        let failed = done.iter().any(|reading| reading.get("failure").is_some() || reading.get("doubt").is_some());
        Ok(if failed { Exit::Failed } else { Exit::Done })
    }

    async fn until_read(&self, client: &Client, name: &str, since: Option<Timestamp>) -> Result<Value, CliError> {
        let clock = SystemClock::new();
        loop {
            let reading = client.ask(&places::READ_READING.of(&[&name])).await?;
            if moment(&reading, "/triedAt") >= since {
                return Ok(reading);
            }
            if clock.elapsed() > self.wait {
                let what = format!("`{name}` was not read to its end within the time");
                return Err(CliError::new(Exit::Failed, code::TOO_SLOW, what)
                    .hint("the reading goes on; `tenure reconcile --list` tells when it is done"));
            }
            tokio::time::sleep(self.every).await;
        }
    }
}

async fn targets(client: &Client) -> Result<Vec<String>, CliError> {
    let readings = client.ask(&places::LIST_READINGS.path()).await?;
    let names = readings.as_array().into_iter().flatten().filter_map(|reading| reading.get("connection")?.as_str());
    Ok(names.map(ToOwned::to_owned).collect())
}

fn moment(reading: &Value, pointer: &str) -> Option<Timestamp> {
    reading.pointer(pointer).and_then(Value::as_str).and_then(|text| text.parse().ok())
}
