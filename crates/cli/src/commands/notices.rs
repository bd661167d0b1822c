//! `tenure notices`: what the outside was told and did not take.

use clap::{Args, Subcommand};
use serde_json::json;
use tenure_model::NoticeId;

use super::HowMany;
use super::notices_preview::Preview;
use crate::context::Cx;
use crate::error::CliError;
use crate::exit::Exit;
use crate::places;
use crate::table::{Column, column};

const COLUMNS: &[Column] = &[
    column("Id", "/id"),
    column("Type", "/type"),
    column("Channel", "/channel"),
    column("To", "/to"),
    column("State", "/state"),
    column("Tries", "/attempts"),
    column("Next try", "/nextTry"),
    column("Reason", "/reason"),
];

/// What to do with notices.
#[derive(Debug, Subcommand)]
pub enum Notices {
    List(List),
    Retry(Retry),
    Drop(Drop),
    Preview(Preview),
}

/// List notices that did not arrive, and why
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  tenure notices list\n  tenure notices list --state given-up --json")]
pub struct List {
    /// Only those `waiting`, or only those `given-up`
    #[arg(long, value_name = "STATE")]
    state: Option<String>,
    #[command(flatten)]
    how_many: HowMany,
}

/// Try a notice again now
///
/// Tries a notice again now, as if it had never been tried. It keeps its id, by which the receiver can tell a repeat.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  tenure notices retry notice_01k9h3m5n7p9r1t3v5x7z9b1d3")]
pub struct Retry {
    /// Which notice
    id: NoticeId,
}

/// Put a notice aside for good
///
/// Puts a notice aside for good. That it was dropped, and by whom, is sealed in the ledger.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tenure notices drop notice_01k9h3m5n7p9r1t3v5x7z9b1d3 --reason 'told them by phone'"
)]
pub struct Drop {
    /// Which notice
    id: NoticeId,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

impl Notices {
    /// Does it.
    pub async fn run(self, cx: &Cx) -> Result<Exit, CliError> {
        match self {
            Self::Preview(preview) => return preview.run(cx).await,
            Self::List(list) => {
                let query: Vec<(&str, String)> = list.state.into_iter().map(|state| ("state", state)).collect();
                let client = cx.client()?;
                let items = client.list(&places::LIST_NOTICES.path(), &query, list.how_many.items_max()).await?;
                cx.output.list(COLUMNS, &items)?;
            }
            Self::Retry(retry) => {
                let notice = cx.client()?.ask(&places::RETRY_NOTICE.of(&[&retry.id])).await?;
                cx.output.item(COLUMNS, &notice)?;
                cx.output.say("it is tried again now; this is how it was");
            }
            Self::Drop(drop) => {
                let body = json!({ "reason": drop.reason });
                let notice = cx.client()?.send(&places::DROP_NOTICE.of(&[&drop.id]), &body).await?;
                cx.output.item(COLUMNS, &notice)?;
                cx.output.say("it is put aside; this is how it was");
            }
        }
        Ok(Exit::Done)
    }
}
