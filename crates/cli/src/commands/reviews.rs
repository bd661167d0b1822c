//! `tenure reviews`: campaigns of reviews, how far they are, and what became of them.

use clap::{Args, Subcommand};
use jiff::Timestamp;
use serde_json::Value;
use tenure_model::Name;

use super::HowMany;
use crate::context::Cx;
use crate::error::CliError;
use crate::exit::Exit;
use crate::output::Format;
use crate::places;
use crate::table::{Column, column};

const COLUMNS: &[Column] = &[
    column("Workflow", "/workflow"),
    column("Since", "/since"),
    column("People", "/people"),
    column("Asked", "/questions/asked"),
    column("Decided", "/questions/decided"),
    column("Open", "/questions/open"),
    column("Overdue", "/questions/overdue"),
    column("Unanswered", "/questions/unanswered"),
];
const FIELDS: &[Column] = &[
    column("Workflow", "/workflow"),
    column("Since", "/since"),
    column("People", "/people"),
    column("Not all counted", "/more"),
    column("Runs", "/runs"),
    column("Questions", "/questions/asked"),
    column("Decided", "/questions/decided"),
    column("Open", "/questions/open"),
    column("Overdue", "/questions/overdue"),
    column("Reminded", "/questions/reminded"),
    column("Unanswered", "/questions/unanswered"),
    column("Things shown", "/things/shown"),
    column("Undecided", "/things/undecided"),
    column("Kept", "/things/kept"),
    column("Being taken away", "/things/going"),
    column("Gone, read back", "/things/gone"),
    column("Objected to", "/things/objected"),
    column("Withheld by a brake", "/things/withheld"),
];
const REVIEWERS: &[Column] = &[
    column("Reviewer", "/reviewer"),
    column("Asked", "/asked"),
    column("Decided", "/decided"),
    column("Open", "/open"),
    column("Overdue", "/overdue"),
    column("Reminded", "/reminded"),
    column("Unanswered", "/unanswered"),
    column("Kept", "/kept"),
    column("To take away", "/chosen"),
    column("Last answer", "/lastAt"),
];

/// What to do with reviews.
#[derive(Debug, Subcommand)]
pub enum Reviews {
    List(List),
    Show(Show),
}

/// List campaigns of reviews, and how far they are
///
/// A campaign is a workflow with a review: everything that it has asked since its schedule, or a set of people, last
/// began it.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  tenure reviews list\n  tenure reviews list --all --json")]
pub struct List {
    #[command(flatten)]
    how_many: HowMany,
}

/// Show a campaign: who was asked, how far each is, and what became of it
///
/// What is gone was taken away and read back as gone. The reviewer with most open questions comes first.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tenure reviews show access-review\n  tenure reviews show access-review --since 2026-01-01T00:00:00Z --json"
)]
pub struct Show {
    /// The workflow
    workflow: Name,
    /// Count what began then or later; otherwise what began since it last began for many
    #[arg(long, value_name = "TIME")]
    since: Option<Timestamp>,
}

impl Reviews {
    /// Does it.
    pub async fn run(self, cx: &Cx) -> Result<Exit, CliError> {
        let client = cx.client()?;
        match self {
            Self::List(list) => {
                let items = client.list(&places::LIST_REVIEWS.path(), &[], list.how_many.items_max()).await?;
                cx.output.list(COLUMNS, &items)?;
            }
            Self::Show(wanted) => {
                let place = places::READ_REVIEW.of(&[&wanted.workflow]);
                let query: Vec<_> = wanted.since.iter().map(|since| ("since", since.to_string())).collect();
                let found = client.query(&place, &query).await?;
                cx.output.item(FIELDS, &found)?;
                if cx.output.format == Format::Table {
                    cx.output.list(REVIEWERS, &reviewers(&found))?;
                }
            }
        }
        Ok(Exit::Done)
    }
}

/// Those who were asked, with most open questions first.
fn reviewers(found: &Value) -> Vec<Value> {
    let mut all = found.get("reviewers").and_then(Value::as_array).cloned().unwrap_or_default();
    let open = |one: &Value| one.get("open").and_then(Value::as_i64).unwrap_or(0);
    all.sort_by_key(|one| std::cmp::Reverse(open(one)));
    all
}
