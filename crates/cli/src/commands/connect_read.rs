//! `tenure connect read`, `readings`, `accept` and `reject`: reading a source, and answering what is
//! withheld of it.

use clap::Args;
use serde_json::{Value, json};
use tenure_model::ConnectionName;

use crate::context::Cx;
use crate::error::{CliError, code};
use crate::exit::Exit;
use crate::places;
use crate::table::{Column, cell, column};

const COLUMNS: &[Column] = &[
    column("Reading", "/number"),
    column("State", "/state"),
    column("Begun", "/startedAt"),
    column("Rows", "/rows"),
    column("New", "/taken/new"),
    column("Changed", "/taken/changed"),
    column("Gone", "/taken/gone"),
    column("Withheld", "/withheld"),
    column("Answer", "/answer"),
];
const FIELDS: &[Column] = &[
    column("Reading", "/number"),
    column("State", "/state"),
    column("Begun", "/startedAt"),
    column("Rows", "/rows"),
    column("Known before", "/known"),
    column("Found new", "/found/new"),
    column("Found changed", "/found/changed"),
    column("Found gone", "/found/gone"),
    column("Taken new", "/taken/new"),
    column("Taken changed", "/taken/changed"),
    column("Taken gone", "/taken/gone"),
    column("Withheld", "/withheld"),
    column("Why", "/why"),
    column("Put aside", "/quarantined"),
    column("The first of them", "/quarantinedFirst"),
    column("Failure", "/failure"),
    column("Answer", "/answer"),
];

/// Read a source now
///
/// Reads a source from its first row to its last, weighs it as a whole, and takes in what is not withheld. Ends with
/// 4 when something is withheld, and then says why.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tenure connect read hr --dry-run\n  tenure connect read hr\n  tenure connect read hr --json"
)]
pub struct Read {
    /// Which connection
    name: ConnectionName,
    /// Only tell what would be taken in
    #[arg(long)]
    dry_run: bool,
}

/// List the last readings of a source
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  tenure connect readings hr")]
pub struct Readings {
    /// Which connection
    name: ConnectionName,
}

/// Accept what a reading withholds
///
/// Reads the source again and takes in as much as that reading withheld, for the same reasons and not more. A feed
/// that got worse in the meantime is withheld again.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  tenure connect accept hr 42")]
pub struct Answer {
    /// Which connection
    name: ConnectionName,
    /// Which reading
    number: i64,
}

/// Refuse what a reading withholds
///
/// It stays withheld, and the same feed is not told of again.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  tenure connect reject hr 42")]
pub struct Reject {
    /// Which connection
    name: ConnectionName,
    /// Which reading
    number: i64,
}

impl Read {
    pub(super) async fn run(self, cx: &Cx) -> Result<Exit, CliError> {
        let asked = json!({ "dryRun": self.dry_run });
        let reading = cx.client()?.send(&places::READ_SOURCE.of(&[&self.name]), &asked).await?;
        told(cx, &self.name, &reading)
    }
}

impl Readings {
    pub(super) async fn run(self, cx: &Cx) -> Result<Exit, CliError> {
        let readings = cx.client()?.ask(&places::LIST_SOURCE_READINGS.of(&[&self.name])).await?;
        cx.output.list(COLUMNS, readings.as_array().map(Vec::as_slice).unwrap_or_default())?;
        Ok(Exit::Done)
    }
}

impl Answer {
    pub(super) async fn run(self, cx: &Cx) -> Result<Exit, CliError> {
        let reading = cx.client()?.ask(&places::ACCEPT_READING.of(&[&self.name, &self.number])).await?;
        told(cx, &self.name, &reading)
    }
}

impl Reject {
    pub(super) async fn run(self, cx: &Cx) -> Result<Exit, CliError> {
        let reading = cx.client()?.ask(&places::REJECT_READING.of(&[&self.name, &self.number])).await?;
        cx.output.item(FIELDS, &reading)?;
        Ok(Exit::Done)
    }
}

fn told(cx: &Cx, name: &ConnectionName, reading: &Value) -> Result<Exit, CliError> {
    cx.output.item(FIELDS, reading)?;
    let number = cell(reading.get("number"));
    let whys = reading.get("why").and_then(Value::as_array).is_some_and(|whys| !whys.is_empty());
    match reading.get("state").and_then(Value::as_str) {
        Some("failed") => Err(CliError::new(Exit::Failed, code::NOT_WELL, format!("`{name}` could not be read"))
            .cause(cell(reading.get("failure")))),
        Some("held") => Err(CliError::new(Exit::Refused, code::NOT_WELL, format!("something of `{name}` is withheld"))
            .cause(cell(reading.get("why")))
            .hint(format!("`tenure connect accept {name} {number}` takes it in, `reject` leaves it out"))),
        Some("dry-run") if whys => Ok(Exit::Changes),
        _ => Ok(Exit::Done),
    }
}
