//! `tenure access`: who has something, and which rules would explain it.

use clap::{Args, Subcommand};

use super::HowMany;
use crate::context::Cx;
use crate::error::{CliError, code};
use crate::exit::Exit;
use crate::output::Format;
use crate::places;
use crate::table::{Column, cell, column};

const HOLDERS: &[Column] =
    &[column("Who", "/displayName"), column("Roles", "/roles"), column("Held", "/held"), column("Id", "/person")];
const PROPOSALS: &[Column] = &[
    column("When", "/when"),
    column("Fit", "/fits"),
    column("Of these hold it", "/hits"),
    column("Precision ‰", "/precision"),
    column("Recall ‰", "/recall"),
    column("Would gain", "/wouldGain"),
    column("Such as", "/whoWouldGain"),
    column("Left over", "/leftOver"),
];

/// What to look at.
#[derive(Debug, Subcommand)]
pub enum Access {
    Who(Who),
    Mine(Mine),
}

/// List who has something, by rules or by grants
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tenure access who ldap/group/finance\n  tenure access who ldap/group/finance --all -o jsonl"
)]
pub struct Who {
    /// Which access: the system and what it is there, such as `ldap/group/finance`
    access: String,
    #[command(flatten)]
    how_many: HowMany,
}

/// Propose rules that would explain who holds something
///
/// Holds every value of every attribute, and pairs of them, against who holds an entitlement, and proposes conditions
/// for a role: how many fit, how many of those hold it, who would gain it and who would be left over. Only people who
/// are here count. Nothing is changed.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tenure access mine ldap/group/finance\n  tenure access mine ldap/group/finance --json"
)]
pub struct Mine {
    /// Which access: the system and what it is there, such as `ldap/group/finance`
    access: String,
}

impl Access {
    /// Asks.
    pub async fn run(self, cx: &Cx) -> Result<Exit, CliError> {
        let client = cx.client()?;
        match self {
            Self::Who(who) => {
                let query = query(&who.access)?;
                let items = client.list(&places::LIST_HOLDERS.path(), &query, who.how_many.items_max()).await?;
                cx.output.list(HOLDERS, &items)?;
            }
            Self::Mine(mine) => {
                let found = client.query(&places::MINE_RULES.path(), &query(&mine.access)?).await?;
                if cx.output.format == Format::Table {
                    cx.output.say(&format!("{} people who are here hold it", cell(found.get("holders"))));
                    cx.output.part("Rules that would explain it", PROPOSALS, found.get("proposals"))?;
                } else {
                    cx.output.item(&[], &found)?;
                }
            }
        }
        Ok(Exit::Done)
    }
}

/// The system and what it is there, from one word.
fn query(access: &str) -> Result<Vec<(&'static str, String)>, CliError> {
    match access.split_once('/') {
        Some((connection, entitlement)) if !connection.is_empty() && !entitlement.is_empty() => {
            Ok(vec![("connection", connection.to_owned()), ("entitlement", entitlement.to_owned())])
        }
        _ => {
            let what = format!("`{access}` does not name a system and what it is there");
            let hint = "say both, such as `ldap/group/finance`";
            Err(CliError::new(Exit::Usage, code::CANNOT_READ, what).hint(hint))
        }
    }
}
