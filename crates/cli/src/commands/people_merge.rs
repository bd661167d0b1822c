//! `tenure people merge`, `split`, `unmerge`, `merges`, `name` and `sponsor`: who somebody is, what they
//! are called, and who answers for them.

use clap::Args;
use serde_json::json;
use tenure_model::{AccountId, MergeId};

use super::HowMany;
use super::people::find;
use crate::client::Client;
use crate::context::Cx;
use crate::error::CliError;
use crate::exit::Exit;
use crate::places;
use crate::table::{Column, cell, column};

const FIELDS: &[Column] = &[
    column("Id", "/id"),
    column("Kind", "/kind"),
    column("Kept", "/kept"),
    column("Other", "/other"),
    column("Moved", "/moved"),
    column("Reason", "/reason"),
    column("By", "/by"),
    column("At", "/at"),
    column("Undone", "/undoneAt"),
    column("Undone by", "/undoneBy"),
];
const COLUMNS: &[Column] = &[
    column("Id", "/id"),
    column("Kind", "/kind"),
    column("Kept", "/kept"),
    column("Other", "/other"),
    column("At", "/at"),
    column("By", "/by"),
    column("Undone", "/undoneAt"),
];
const NAMED: &[Column] = &[column("Person", "/person"), column("Generator", "/generator"), column("Name", "/name")];
const SPONSORED: &[Column] = &[column("Person", "/person"), column("Sponsor", "/sponsor")];

/// Say that two people are one
///
/// Gives everything of the second person to the first: engagements, accounts, grants, values and names. Nothing is
/// written in a connected system by it; a run then brings the access of the first in line. `unmerge` takes it back.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  tenure people merge E1042 C77 --reason 'the contractor was hired'")]
pub struct Merge {
    /// Who stays: an id, a key such as E1042, or letters that only one person has
    person: String,
    /// Who turns out to be the same
    other: String,
    /// Why, for the record
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

/// Say that one person is two
///
/// Gives some of the engagements, and the accounts that you name, to somebody new. `unmerge` takes it back.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  tenure people split E1042 --engagement C77 --reason 'two people of one name'")]
pub struct Split {
    /// Who: an id, a key such as E1042, or letters that only one person has
    person: String,
    /// An engagement that goes, as its source calls it
    #[arg(long = "engagement", value_name = "KEY", required = true)]
    engagements: Vec<String>,
    /// An account that goes
    #[arg(long = "account", value_name = "ID")]
    accounts: Vec<AccountId>,
    /// Why, for the record
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

/// Take a merge or a split back
///
/// Both people are as they were. What was heard of them since stays with the one of whom its source speaks.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  tenure people unmerge merge_01k9h3m5n7p9r1t3v5x7z9b1d3")]
pub struct Unmerge {
    /// Which merge or split; `tenure people merges` lists them
    merge: MergeId,
}

/// List merges and splits, the newest first
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  tenure people merges\n  tenure people merges --person E1042")]
pub struct Merges {
    /// Only those of this person
    #[arg(long)]
    person: Option<String>,
    #[command(flatten)]
    how_many: HowMany,
}

/// Give a person another name of a generator
///
/// Gives the name that you choose, or the next one by rule. The name before is given to nobody for the time that
/// the generator says.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tenure people name E1042 user-name\n  tenure people name E1042 user-name --name yamada"
)]
pub struct Name {
    /// Who: an id, a key such as E1042, or letters that only one person has
    person: String,
    /// Which generator
    generator: tenure_model::Name,
    /// The name; the next one by rule if none
    #[arg(long)]
    name: Option<String>,
}

/// Say who answers for an agent, an account of a service or a guest
///
/// Whoever answers for it is somebody who is there. When they leave or move, somebody is asked for another one.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tenure people sponsor reporting-agent --to E1042 --reason 'she runs the reports now'"
)]
pub struct Sponsor {
    /// For whom or what: an id, a key such as E1042, or letters that only one person has
    person: String,
    /// Who answers for it from now on
    #[arg(long, value_name = "PERSON")]
    to: String,
    /// Why, for the record
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

impl Merge {
    pub(super) async fn run(self, cx: &Cx, client: &Client) -> Result<Exit, CliError> {
        let (kept, other) = (find(client, &self.person).await?, find(client, &self.other).await?);
        let body = json!({ "other": other.to_string(), "reason": self.reason });
        let merge = client.send(&places::MERGE_PEOPLE.of(&[&kept]), &body).await?;
        told(cx, &merge)
    }
}

impl Split {
    pub(super) async fn run(self, cx: &Cx, client: &Client) -> Result<Exit, CliError> {
        let person = find(client, &self.person).await?;
        let body = json!({ "engagements": self.engagements, "accounts": self.accounts, "reason": self.reason });
        let split = client.send(&places::SPLIT_PERSON.of(&[&person]), &body).await?;
        told(cx, &split)
    }
}

impl Unmerge {
    pub(super) async fn run(self, cx: &Cx, client: &Client) -> Result<Exit, CliError> {
        let undone = client.send(&places::UNDO_MERGE.of(&[&self.merge]), &json!({})).await?;
        cx.output.item(FIELDS, &undone)?;
        Ok(Exit::Done)
    }
}

impl Merges {
    pub(super) async fn run(self, cx: &Cx, client: &Client) -> Result<Exit, CliError> {
        let query: Vec<_> = match self.person {
            None => Vec::new(),
            Some(words) => vec![("person", find(client, &words).await?.to_string())],
        };
        let items = client.list(&places::LIST_MERGES.path(), &query, self.how_many.items_max()).await?;
        cx.output.list(COLUMNS, &items)?;
        Ok(Exit::Done)
    }
}

impl Name {
    pub(super) async fn run(self, cx: &Cx, client: &Client) -> Result<Exit, CliError> {
        let person = find(client, &self.person).await?;
        let body = json!({ "generator": self.generator, "name": self.name });
        let named = client.send(&places::NAME_PERSON.of(&[&person]), &body).await?;
        cx.output.item(NAMED, &named)?;
        Ok(Exit::Done)
    }
}

impl Sponsor {
    pub(super) async fn run(self, cx: &Cx, client: &Client) -> Result<Exit, CliError> {
        let (person, to) = (find(client, &self.person).await?, find(client, &self.to).await?);
        let body = json!({ "sponsor": to.to_string(), "reason": self.reason });
        let answer = client.send(&places::SPONSOR_PERSON.of(&[&person]), &body).await?;
        cx.output.item(SPONSORED, &answer)?;
        Ok(Exit::Done)
    }
}

fn told(cx: &Cx, merge: &serde_json::Value) -> Result<Exit, CliError> {
    cx.output.item(FIELDS, merge)?;
    cx.output.say(&format!("`tenure people unmerge {}` takes it back", cell(merge.get("id"))));
    Ok(Exit::Done)
}
