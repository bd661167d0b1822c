//! `tenure cases`: questions that only a human can answer, and answering them.

use clap::{ArgGroup, Args, Subcommand};
use serde_json::Value;
use tenure_api::CaseResolution;
use tenure_model::CaseId;

use super::{HowMany, people};
use crate::client::Client;
use crate::context::Cx;
use crate::error::{CliError, code};
use crate::exit::Exit;
use crate::places;
use crate::table::{Column, cell, column};

const COLUMNS: &[Column] = &[
    column("Id", "/id"),
    column("Kind", "/kind"),
    column("State", "/state"),
    column("Question", "/question"),
    column("Opened", "/openedAt"),
];
const FIELDS: &[Column] = &[
    column("Id", "/id"),
    column("Kind", "/kind"),
    column("State", "/state"),
    column("Question", "/question"),
    column("Event", "/event"),
    column("Opened", "/openedAt"),
    column("Answered by", "/resolvedBy"),
    column("Answer", "/resolution"),
];
const CANDIDATES: &[Column] =
    &[column("Id", "/id"), column("Name", "/displayName"), column("Standing", "/standing"), column("Since", "/since")];

/// What to do with cases.
#[derive(Debug, Subcommand)]
pub enum Cases {
    List(List),
    Show(Show),
    Resolve(Resolve),
}

/// List questions that wait for a human
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  tenure cases list\n  tenure cases list --limit 10 --json")]
pub struct List {
    #[command(flatten)]
    how_many: HowMany,
}

/// Show a question and whom it could be about
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  tenure cases show case_01k9h3m5n7p9r1t3v5x7z9b1d3")]
pub struct Show {
    /// Which case
    id: CaseId,
}

/// Answer a question
///
/// Answers a question. What follows from the answer begins at once.
#[derive(Debug, Args)]
#[command(
    group = ArgGroup::new("answer").required(true).args(["person", "new_person", "dismiss", "release"]),
    after_help = "Examples:\n  tenure cases resolve case_01k9h3m5n7p9r1t3v5x7z9b1d3 --person ada\n  tenure cases resolve case_01k9h3m5n7p9r1t3v5x7z9b1d3 --new-person\n  tenure cases resolve case_01k9h3m5n7p9r1t3v5x7z9b1d3 --dismiss --comment 'test record of HR'"
)]
pub struct Resolve {
    /// Which case
    id: CaseId,
    /// It is this person: an id, or letters that only one person has
    #[arg(long)]
    person: Option<String>,
    /// It is somebody who is not known yet
    #[arg(long)]
    new_person: bool,
    /// The event means nothing
    #[arg(long, requires = "comment")]
    dismiss: bool,
    /// The change that a brake holds may go on
    #[arg(long, requires = "comment")]
    release: bool,
    /// Why, for the ledger
    #[arg(long, value_name = "TEXT")]
    comment: Option<String>,
}

impl Cases {
    /// Does it.
    pub async fn run(self, cx: &Cx) -> Result<Exit, CliError> {
        let client = cx.client()?;
        match self {
            Self::List(list) => {
                let items = client.list(&places::LIST_CASES.path(), &[], list.how_many.items_max()).await?;
                cx.output.list(COLUMNS, &items)?;
            }
            Self::Show(show) => {
                let case = client.ask(&places::READ_CASE.of(&[&show.id])).await?;
                cx.output.item(FIELDS, &case)?;
                cx.output.part("Could be", CANDIDATES, case.get("candidates"))?;
            }
            Self::Resolve(resolve) => {
                let place = places::RESOLVE_CASE.of(&[&resolve.id]);
                let case = client.send(&place, &resolve.body(&client).await?).await?;
                cx.output.item(FIELDS, &case)?;
                cx.output.say(&format!("it is {} now", cell(case.get("state"))));
            }
        }
        Ok(Exit::Done)
    }
}

impl Resolve {
    async fn body(self, client: &Client) -> Result<Value, CliError> {
        // Where a comment is needed, the parser has seen to it.
        let said = self.comment.clone().unwrap_or_default();
        let answer = if let Some(words) = &self.person {
            CaseResolution::Person { person: people::find(client, words).await?, comment: self.comment }
        } else if self.new_person {
            CaseResolution::NewPerson { comment: self.comment }
        } else if self.dismiss {
            CaseResolution::Dismiss { comment: said }
        } else {
            CaseResolution::Release { comment: said }
        };
        serde_json::to_value(&answer).map_err(|error| {
            CliError::new(Exit::Failed, code::CANNOT_WRITE, "cannot write the answer").caused_by(&error)
        })
    }
}
