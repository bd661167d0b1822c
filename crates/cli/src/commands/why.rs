//! `tenure why`: the chain of reasons, on one screen.

use clap::Args;
use jiff::Timestamp;
use serde_json::Value;

use super::people;
use crate::context::Cx;
use crate::error::{CliError, printable};
use crate::exit::Exit;
use crate::output::{self, Format};
use crate::places;
use crate::table::{Column, cell, column};

const CHAIN: &[Column] =
    &[column("What", "/kind"), column("Says", "/says"), column("When", "/at"), column("Id", "/id")];

/// Tell why somebody has an access, or does not
///
/// Tells why somebody has an access, or does not: from the access back to the rule, the engagement and the event.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tenure why ada                       everything she has\n  tenure why ada ldap/group/finance    one access\n  tenure why E1042 --json\n  tenure why ada --at 2026-11-21T08:00:00Z   as it was decided then"
)]
pub struct Why {
    /// An id, a key such as E1042, or letters that only one person has
    person: String,
    /// Which access, such as `ldap/group/finance`; everything when left out
    access: Option<String>,
    /// As it was decided at this moment, from what was known then
    #[arg(long, value_name = "TIME")]
    at: Option<Timestamp>,
}

impl Why {
    /// Asks.
    pub async fn run(self, cx: &Cx) -> Result<Exit, CliError> {
        let client = cx.client()?;
        let id = people::find(&client, &self.person).await?;
        let mut query: Vec<_> = self.access.into_iter().map(|access| ("access", access)).collect();
        query.extend(self.at.map(|at| ("at", at.to_string())));
        let why = client.query(&places::READ_WHY.of(&[&id]), &query).await?;
        if cx.output.format != Format::Table {
            cx.output.item(&[], &why)?;
            return Ok(Exit::Done);
        }
        output::write(&format!("{}\n", printable(&cell(why.get("answer")))))?;
        let chain = why.get("chain").filter(|chain| chain.as_array().is_some_and(|chain| !chain.is_empty()));
        cx.output.part("Because", CHAIN, chain.or(Some(&Value::Null)))?;
        Ok(Exit::Done)
    }
}
