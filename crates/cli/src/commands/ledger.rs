//! `tenure ledger`: the audit record.

use clap::{Args, Subcommand};

use super::{HowMany, ledger_verify};
use crate::context::Cx;
use crate::error::CliError;
use crate::exit::Exit;
use crate::places;
use crate::table::{Column, column};

const COLUMNS: &[Column] = &[
    column("Index", "/index"),
    column("At", "/at"),
    column("Actor", "/actor"),
    column("Action", "/action"),
    column("Subject", "/subject"),
];

/// What to do with the audit record.
#[derive(Debug, Subcommand)]
pub enum Ledger {
    List(List),
    Verify(ledger_verify::Verify),
}

/// List entries, newest first
///
/// Lists entries, newest first. With `-o jsonl --all` it is the file that `ledger verify --entries` reads.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tenure ledger list --limit 20\n  tenure ledger list --all -o jsonl > entries.jsonl"
)]
pub struct List {
    #[command(flatten)]
    how_many: HowMany,
}

impl Ledger {
    /// Does it.
    pub async fn run(self, cx: &Cx) -> Result<Exit, CliError> {
        match self {
            Self::List(list) => {
                let items = cx.client()?.list(&places::LIST_LEDGER.path(), &[], list.how_many.items_max()).await?;
                cx.output.list(COLUMNS, &items)?;
                Ok(Exit::Done)
            }
            Self::Verify(verify) => verify.run(cx).await,
        }
    }
}
