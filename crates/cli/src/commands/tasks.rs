//! `tenure tasks`: what humans are asked to do, and doing it.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use tenure_model::{TaskEntryId, TaskId};

use super::HowMany;
use super::tasks_decide::{Approve, Done, Refuse};
use super::tasks_evidence::{Bring, Fetch};
use crate::context::Cx;
use crate::error::CliError;
use crate::exit::Exit;
use crate::places;
use crate::table::{Column, column};

const COLUMNS: &[Column] = &[
    column("Id", "/id"),
    column("Kind", "/kind"),
    column("State", "/state"),
    column("For", "/for"),
    column("Title", "/title"),
    column("Due", "/dueAt"),
    column("Overdue", "/overdue"),
];
pub(super) const FIELDS: &[Column] = &[
    column("Id", "/id"),
    column("Kind", "/kind"),
    column("State", "/state"),
    column("Title", "/title"),
    column("For", "/for"),
    column("Can end as", "/outcomes"),
    column("About", "/person"),
    column("System", "/connection"),
    column("Run", "/run"),
    column("Opened", "/openedAt"),
    column("Due", "/dueAt"),
    column("In hand of", "/claimedBy"),
    column("Ended as", "/end/outcome"),
    column("Ended by", "/end/by"),
    column("By the word of", "/end/via"),
    column("In the place of", "/end/insteadOf"),
    column("Ended at", "/end/at"),
    column("Chosen", "/end/chosen"),
    column("Said", "/end/comment"),
    column("Instructions", "/instructions"),
];
const ENTRIES: &[Column] = &[
    column("Id", "/id"),
    column("At", "/at"),
    column("By", "/by"),
    column("Text", "/text"),
    column("SHA-256", "/sha256"),
    column("Kept here as", "/mediaType"),
];

const CHOICES: &[Column] = &[column("Number", "/number"), column("What", "/name"), column("Why", "/says")];

const TICKETS: &[Column] = &[
    column("Connection", "/connection"),
    column("Ticket", "/id"),
    column("State", "/state"),
    column("Seen as", "/seen"),
    column("Link", "/link"),
    column("In the way", "/note"),
    column("Next look", "/nextLookAt"),
];

/// What to do with tasks.
#[derive(Debug, Subcommand)]
pub enum Tasks {
    List(List),
    Show(Show),
    Claim(Claim),
    Done(Done),
    Approve(Approve),
    Refuse(Refuse),
    Comment(Comment),
    Evidence(Evidence),
    Reassign(Reassign),
}

/// List what humans are asked to do
///
/// Lists what humans are asked to do, the oldest first: all of it for those who see to it, and otherwise your own.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tenure tasks list\n  tenure tasks list --mine\n  tenure tasks list --closed --json"
)]
pub struct List {
    /// Only what is for you, your roles and your teams
    #[arg(long)]
    mine: bool,
    /// Also what is over
    #[arg(long)]
    closed: bool,
    #[command(flatten)]
    how_many: HowMany,
}

/// Show a task, how it is done, and what was said about it
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  tenure tasks show task_01k9h3m5n7p9r1t3v5x7z9b1d3")]
pub struct Show {
    /// Which task
    id: TaskId,
}

/// Take a task in hand, so that nobody else does it
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  tenure tasks claim task_01k9h3m5n7p9r1t3v5x7z9b1d3")]
pub struct Claim {
    /// Which task
    id: TaskId,
}

/// Say something about a task
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tenure tasks comment task_01k9h3m5n7p9r1t3v5x7z9b1d3 'the printer is out of order'"
)]
pub struct Comment {
    /// Which task
    id: TaskId,
    /// What
    text: String,
}

/// Bring evidence of what was done, or fetch it
///
/// Brings a small file, which is kept with the task, or says where evidence is kept. With `--fetch` it writes a file that was brought.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tenure tasks evidence task_01k9h3m5n7p9r1t3v5x7z9b1d3 --file badge.png\n  tenure tasks evidence task_01k9h3m5n7p9r1t3v5x7z9b1d3 --reference 'form 4711'\n  tenure tasks evidence task_01k9h3m5n7p9r1t3v5x7z9b1d3 --fetch entry_01k9h3m5n7p9r1t3v5x7z9b1d3 --to badge.png"
)]
pub struct Evidence {
    /// Of which task
    id: TaskId,
    /// A small file, to be kept with the task
    #[arg(long, value_name = "FILE", conflicts_with_all = ["reference", "fetch"])]
    file: Option<PathBuf>,
    /// Where it is kept
    #[arg(long, value_name = "TEXT", conflicts_with = "fetch")]
    reference: Option<String>,
    /// The SHA-256 of what is kept elsewhere
    #[arg(long, value_name = "DIGITS", requires = "reference")]
    sha256: Option<String>,
    /// Which piece of evidence to fetch
    #[arg(long, value_name = "ENTRY", requires = "to")]
    fetch: Option<TaskEntryId>,
    /// Where to write it
    #[arg(long, value_name = "FILE", requires = "fetch")]
    to: Option<PathBuf>,
}

/// Give a task to somebody else
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tenure tasks reassign task_01k9h3m5n7p9r1t3v5x7z9b1d3 --to team:facilities --reason 'on leave'"
)]
pub struct Reassign {
    /// Which task
    id: TaskId,
    /// For whom it is from now on: `person:`, `role:` or `team:` and a name
    #[arg(long, value_name = "WHO")]
    to: String,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

impl Tasks {
    /// Does it.
    pub async fn run(self, cx: &Cx) -> Result<Exit, CliError> {
        match self {
            Self::List(list) => list.run(cx).await?,
            Self::Show(show) => {
                let task = cx.client()?.ask(&places::READ_TASK.of(&[&show.id])).await?;
                cx.output.item(FIELDS, &task)?;
                cx.output.part("Asks about", CHOICES, numbered(&task).as_ref())?;
                cx.output.part("Tickets", TICKETS, task.get("tickets"))?;
                cx.output.part("Said and brought", ENTRIES, task.get("entries"))?;
            }
            Self::Claim(claim) => {
                let task = cx.client()?.ask(&places::CLAIM_TASK.of(&[&claim.id])).await?;
                cx.output.item(FIELDS, &task)?;
            }
            Self::Done(done) => return done.run(cx).await,
            Self::Approve(approve) => return approve.run(cx).await,
            Self::Refuse(refuse) => return refuse.run(cx).await,
            Self::Comment(comment) => {
                let place = places::COMMENT_TASK.of(&[&comment.id]);
                let said = cx.client()?.send(&place, &json!({ "text": comment.text })).await?;
                cx.output.item(ENTRIES, &said)?;
            }
            Self::Evidence(evidence) => evidence.run(cx).await?,
            Self::Reassign(reassign) => {
                let body = json!({ "to": reassign.to, "reason": reassign.reason });
                let task = cx.client()?.send(&places::REASSIGN_TASK.of(&[&reassign.id]), &body).await?;
                cx.output.item(FIELDS, &task)?;
            }
        }
        Ok(Exit::Done)
    }
}

/// What a task asks about, with the numbers by which it can be chosen.
fn numbered(task: &Value) -> Option<Value> {
    let choices = task.get("choices")?.as_array()?;
    let rows = choices
        .iter()
        .zip(1..)
        .map(|(choice, number)| json!({ "number": number, "name": choice.get("name"), "says": choice.get("says") }));
    Some(rows.collect())
}

impl List {
    async fn run(self, cx: &Cx) -> Result<(), CliError> {
        let wanted = [("mine", self.mine), ("closed", self.closed)].into_iter().filter(|(_, wanted)| *wanted);
        let query: Vec<(&str, String)> = wanted.map(|(name, _)| (name, "true".to_owned())).collect();
        let items = cx.client()?.list(&places::LIST_TASKS.path(), &query, self.how_many.items_max()).await?;
        cx.output.list(COLUMNS, &items)
    }
}

impl Evidence {
    async fn run(self, cx: &Cx) -> Result<(), CliError> {
        if let (Some(entry), Some(to)) = (self.fetch, &self.to) {
            return Fetch { task: self.id, entry, to }.run(cx).await;
        }
        let bring = match (&self.file, self.reference) {
            (Some(file), _) => Bring::file(Path::new(file))?,
            (None, Some(reference)) => Bring::reference(reference, self.sha256),
            (None, None) => return Err(Bring::nothing()),
        };
        let added = bring.send(cx, self.id).await?;
        cx.output.item(ENTRIES, &added)
    }
}
