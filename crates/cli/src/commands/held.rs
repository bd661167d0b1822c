//! `tenure held`: what the brakes withhold, and saying yes or no to it.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::HowMany;
use crate::client::Client;
use crate::context::Cx;
use crate::error::CliError;
use crate::exit::Exit;
use crate::places;
use crate::table::{Column, column};

const COLUMNS: &[Column] = &[
    column("Id", "/id"),
    column("State", "/state"),
    column("Brake", "/brake"),
    column("People", "/people"),
    column("Removals", "/removals"),
    column("Why", "/because"),
    column("Since", "/openedAt"),
];
const FIELDS: &[Column] = &[
    column("Id", "/id"),
    column("State", "/state"),
    column("Brake", "/brake"),
    column("Why", "/because"),
    column("People", "/people"),
    column("Removals", "/removals"),
    column("Asked by", "/askedBy"),
    column("Plan", "/plan"),
    column("Since", "/openedAt"),
    column("Yes needed", "/yesNeeded"),
];
const ANSWERS: &[Column] = &[
    column("By", "/by"),
    column("Answer", "/answer"),
    column("Saw", "/size"),
    column("Why", "/reason"),
    column("At", "/at"),
];
const REMOVALS: &[Column] = &[
    column("Person", "/name"),
    column("System", "/connection"),
    column("Loses", "/kind"),
    column("What", "/what"),
    column("Let go", "/letAt"),
];

const STARTS: &[Column] = &[
    column("Person", "/name"),
    column("Workflow", "/workflow"),
    column("Run", "/run"),
    column("State", "/state"),
    column("Since", "/at"),
];

/// What to do with what is held.
#[derive(Debug, Subcommand)]
pub enum Held {
    List(List),
    Show(Show),
    Approve(Approve),
    Refuse(Refuse),
}

/// List what the brakes hold
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  tenure held list\n  tenure held list --state approved --json")]
pub struct List {
    /// Only those that stand so: open, approved or refused
    #[arg(long, value_name = "STATE")]
    state: Option<String>,
    #[command(flatten)]
    how_many: HowMany,
}

/// Show what is held, why, and who would lose what or for whom a workflow would begin
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  tenure held show held_01k9h3m5n7p9r1t3v5x7z9b1d3")]
pub struct Show {
    /// Which set
    id: String,
    #[command(flatten)]
    how_many: HowMany,
}

/// Say yes to what is held
///
/// Says yes to what is held, as it was shown: exactly that may go on, for a day, and is worked out anew. Two
/// different people must say so, and nobody to what they asked for themselves. Where a workflow began too often,
/// one yes begins every start that waits, in its order.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tenure held approve held_01k9h3m5n7p9r1t3v5x7z9b1d3 --removals 42 --reason 'site closed, change 8123'"
)]
pub struct Approve {
    /// Which set
    id: String,
    /// How many removals or starts you have seen; refused if there are more by now
    #[arg(long, value_name = "NUMBER")]
    removals: i64,
    /// Why, for the ledger
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

/// Say no to what is held
///
/// Says no to what is held. People keep what they have; what rules say comes up again when they are next looked at.
/// Starts of a workflow that wait are dropped.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tenure held refuse held_01k9h3m5n7p9r1t3v5x7z9b1d3 --reason 'the HR file was half'"
)]
pub struct Refuse {
    /// Which set
    id: String,
    /// Why, for the ledger
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

impl Held {
    /// Does it.
    pub async fn run(self, cx: &Cx) -> Result<Exit, CliError> {
        let client = cx.client()?;
        match self {
            Self::List(list) => {
                let query: Vec<_> = list.state.into_iter().map(|state| ("state", state)).collect();
                let items = client.list(&places::LIST_HELD.path(), &query, list.how_many.items_max()).await?;
                cx.output.list(COLUMNS, &items)?;
                Ok(Exit::Done)
            }
            Self::Show(show) => show.run(cx, &client).await,
            Self::Approve(approve) => approve.run(cx, &client).await,
            Self::Refuse(refuse) => {
                let place = places::REFUSE_HELD.of(&[&refuse.id]);
                let held = client.send(&place, &json!({ "reason": refuse.reason })).await?;
                cx.output.item(FIELDS, &held)?;
                cx.output.say("what was held does not happen");
                Ok(Exit::Done)
            }
        }
    }
}

impl Show {
    async fn run(self, cx: &Cx, client: &Client) -> Result<Exit, CliError> {
        let mut held = client.ask(&places::SHOW_HELD.of(&[&self.id])).await?;
        let is_of_starts = held.get("brake").and_then(Value::as_str) == Some("starts");
        let (place, title, columns) = if is_of_starts {
            (places::HELD_STARTS, "Would begin", STARTS)
        } else {
            (places::HELD_REMOVALS, "Would lose", REMOVALS)
        };
        let list = client.list(&place.of(&[&self.id]), &[], self.how_many.items_max()).await?;
        if let Some(fields) = held.as_object_mut() {
            fields.insert("list".to_owned(), Value::Array(list));
        }
        cx.output.item(FIELDS, &held)?;
        cx.output.part(title, columns, held.get("list"))?;
        cx.output.part("Said", ANSWERS, held.get("answers"))?;
        Ok(Exit::Done)
    }
}

impl Approve {
    async fn run(self, cx: &Cx, client: &Client) -> Result<Exit, CliError> {
        let body = json!({ "removals": self.removals, "reason": self.reason });
        let held = client.send(&places::APPROVE_HELD.of(&[&self.id]), &body).await?;
        cx.output.item(FIELDS, &held)?;
        if held.get("state").and_then(Value::as_str) == Some("approved") {
            cx.output.say("it goes on now; what it comes to is worked out anew");
            return Ok(Exit::Done);
        }
        cx.output.say("noted; somebody else must say yes too");
        Ok(Exit::Partial)
    }
}
