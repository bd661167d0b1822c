//! `tenure deputies`: who stands in for whom, saying who does, and ending it.

use clap::{Args, Subcommand};
use jiff::Timestamp;
use serde_json::json;
use tenure_model::DeputyId;

use super::HowMany;
use crate::context::Cx;
use crate::error::CliError;
use crate::exit::Exit;
use crate::places;
use crate::table::{Column, column};

const COLUMNS: &[Column] = &[
    column("Id", "/id"),
    column("For", "/for"),
    column("Deputy", "/deputy"),
    column("State", "/state"),
    column("From", "/from"),
    column("Until", "/until"),
    column("Reason", "/reason"),
];
const FIELDS: &[Column] = &[
    column("Id", "/id"),
    column("For", "/for"),
    column("Deputy", "/deputy"),
    column("State", "/state"),
    column("From", "/from"),
    column("Until", "/until"),
    column("Reason", "/reason"),
    column("Said by", "/by"),
    column("Ended by", "/endedBy"),
];

/// What to do with deputies.
#[derive(Debug, Subcommand)]
pub enum Deputies {
    List(List),
    Add(Add),
    End(End),
}

/// List who stands in for whom
///
/// Lists who stands in for whom, the oldest first: all of it for those who see to it, and otherwise where you are
/// either side.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tenure deputies list\n  tenure deputies list --mine\n  tenure deputies list --for bob"
)]
pub struct List {
    /// Only those who stand in for this name
    #[arg(long = "for", value_name = "NAME")]
    whom: Option<String>,
    /// Only where you are either side
    #[arg(long)]
    mine: bool,
    #[command(flatten)]
    how_many: HowMany,
}

/// Say who stands in for you, or for somebody else, for a time
///
/// Until then the deputy sees and does what you are asked to do, but for what is barred to either of you. Nobody makes
/// themselves the deputy of others, and nobody stands in for a deputy.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tenure deputies add --deputy carol --until 2026-12-11T18:00:00Z --reason 'on leave'\n  tenure deputies add --for bob --deputy carol --from 2026-12-01T08:00:00Z --until 2026-12-11T18:00:00Z --reason 'on leave'"
)]
pub struct Add {
    /// For whom, by the name under which they act; for you if not given
    #[arg(long = "for", value_name = "NAME")]
    whom: Option<String>,
    /// Who stands in, by the name under which they act
    #[arg(long, value_name = "NAME")]
    deputy: String,
    /// From when; from now on if not given
    #[arg(long, value_name = "TIME")]
    from: Option<Timestamp>,
    /// Until when, at most a year
    #[arg(long, value_name = "TIME")]
    until: Timestamp,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

/// End that somebody stands in, before its time
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  tenure deputies end deputy_01k9h3m5n7p9r1t3v5x7z9b1d3")]
pub struct End {
    /// Which one
    id: DeputyId,
}

impl Deputies {
    /// Does it.
    pub async fn run(self, cx: &Cx) -> Result<Exit, CliError> {
        let client = cx.client()?;
        match self {
            Self::List(List { whom, mine, how_many }) => {
                let mine = mine.then(|| ("mine", "true".to_owned()));
                let query: Vec<(&str, String)> = whom.map(|name| ("for", name)).into_iter().chain(mine).collect();
                let items = client.list(&places::LIST_DEPUTIES.path(), &query, how_many.items_max()).await?;
                cx.output.list(COLUMNS, &items)?;
            }
            Self::Add(Add { whom, deputy, from, until, reason }) => {
                let mut body = json!({ "deputy": deputy, "until": until, "reason": reason });
                if let Some(fields) = body.as_object_mut() {
                    fields.extend(whom.map(|name| ("for".to_owned(), name.into())));
                    fields.extend(from.map(|from| ("from".to_owned(), from.to_string().into())));
                }
                let added = client.send(&places::ADD_DEPUTY.path(), &body).await?;
                cx.output.item(FIELDS, &added)?;
                cx.output.say("it ends by itself; `tenure deputies end` ends it sooner");
            }
            Self::End(end) => {
                let ended = client.send(&places::END_DEPUTY.of(&[&end.id]), &json!({})).await?;
                cx.output.item(FIELDS, &ended)?;
            }
        }
        Ok(Exit::Done)
    }
}
