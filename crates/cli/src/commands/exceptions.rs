//! `tenure exceptions`: who is let off which rule, letting somebody off, and ending it.

use clap::{Args, Subcommand};
use jiff::Timestamp;
use serde_json::json;
use tenure_model::{ExceptionId, Name};

use super::HowMany;
use crate::context::Cx;
use crate::error::CliError;
use crate::exit::Exit;
use crate::places;
use crate::table::{Column, column};

const COLUMNS: &[Column] = &[
    column("Id", "/id"),
    column("Rule", "/rule"),
    column("Person", "/person"),
    column("State", "/state"),
    column("Approved by", "/approvedBy"),
    column("Until", "/validUntil"),
    column("Because", "/because"),
];
const FIELDS: &[Column] = &[
    column("Id", "/id"),
    column("Rule", "/rule"),
    column("Person", "/person"),
    column("State", "/state"),
    column("Approved by", "/approvedBy"),
    column("From", "/validFrom"),
    column("Until", "/validUntil"),
    column("Ended by", "/endedBy"),
    column("Because", "/because"),
    column("Runs", "/runs"),
];

/// What to do with exceptions.
#[derive(Debug, Subcommand)]
pub enum Exceptions {
    List(List),
    Grant(Grant),
    End(End),
}

/// List who was let off which rule
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  tenure exceptions list\n  tenure exceptions list --all --json")]
pub struct List {
    #[command(flatten)]
    how_many: HowMany,
}

/// Let somebody off a rule for a time
///
/// What the rule held back is given at once, and taken away when the exception ends. Nobody lets themselves off, and
/// only as long as the rule allows.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tenure exceptions grant sod-procure --person E1042 --until 2026-12-11T18:00:00Z --because 'Jun is ill'"
)]
pub struct Grant {
    /// The rule document
    rule: Name,
    /// Who: an id, or a key that a source uses
    #[arg(long)]
    person: String,
    /// Until when
    #[arg(long, value_name = "TIME")]
    until: Timestamp,
    /// Why
    #[arg(long, value_name = "TEXT")]
    because: String,
}

/// End an exception before its time
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  tenure exceptions end exception_01k9h3m5n7p9r1t3v5x7z9b1d3")]
pub struct End {
    /// Which exception
    id: ExceptionId,
}

impl Exceptions {
    /// Does it.
    pub async fn run(self, cx: &Cx) -> Result<Exit, CliError> {
        let client = cx.client()?;
        match self {
            Self::List(list) => {
                let items = client.list(&places::LIST_EXCEPTIONS.path(), &[], list.how_many.items_max()).await?;
                cx.output.list(COLUMNS, &items)?;
            }
            Self::Grant(Grant { rule, person, until, because }) => {
                let body = json!({ "rule": rule, "person": person, "until": until, "because": because });
                let made = client.send(&places::GRANT_EXCEPTION.path(), &body).await?;
                cx.output.item(FIELDS, &made)?;
                cx.output.say("it ends by itself; `tenure exceptions end` ends it sooner");
            }
            Self::End(end) => {
                let ended = client.send(&places::END_EXCEPTION.of(&[&end.id]), &json!({})).await?;
                cx.output.item(FIELDS, &ended)?;
            }
        }
        Ok(Exit::Done)
    }
}
