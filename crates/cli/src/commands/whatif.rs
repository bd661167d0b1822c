//! `tenure whatif`: what would change for everybody or for one person, without changing anything.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::{Map, Value};
use tenure_model::Name;

use super::whatif_person::Person;
use crate::context::{Cx, read_text};
use crate::error::{CliError, code};
use crate::exit::Exit;
use crate::limits::{INPUT_BYTES_MAX, LIST_ITEMS_DEFAULT};
use crate::output::Format;
use crate::places;
use crate::table::{Column, cell, column};

const ENTITLEMENTS: &[Column] = &[
    column("System", "/connection"),
    column("Access", "/entitlement"),
    column("Gain", "/gain"),
    column("Lose", "/lose"),
    column("Have it then", "/after"),
];
const CHANGES: &[Column] = &[
    column("Change", "/change"),
    column("Who", "/displayName"),
    column("System", "/connection"),
    column("Access", "/entitlement"),
    column("Id", "/person"),
];
const LEFT_OUT: &[Column] = &[column("Role", "/role"), column("Why", "/why")];

/// What to try.
#[derive(Debug, Subcommand)]
pub enum Whatif {
    Rule(Rule),
    Person(Person),
}

/// Tell who would gain and lose what if a role were another
///
/// Reads documents of kind Role from a file and tells what would change for everybody if they were in force, in the
/// place of the roles of the same name or beside them. Nothing is written anywhere. Ends with 3 when something would
/// change. Periods of grace and what somebody has for another reason are left to `tenure people plan`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  tenure whatif rule roles/finance.yaml
  tenure whatif rule roles/finance.yaml --limit 200 --json
  tenure whatif rule --without finance")]
pub struct Rule {
    /// A file with documents of kind Role; `-` for standard input
    #[arg(value_name = "FILE", required_unless_present = "without")]
    file: Option<PathBuf>,
    /// A role that is taken away; may be given several times
    #[arg(long, value_name = "ROLE")]
    without: Vec<Name>,
    /// How many of those whom it concerns are named at most
    #[arg(long, value_name = "NUMBER", default_value_t = LIST_ITEMS_DEFAULT)]
    limit: usize,
    /// How many of them are left out at the front
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    skip: u32,
}

impl Whatif {
    /// Asks.
    pub async fn run(self, cx: &Cx) -> Result<Exit, CliError> {
        match self {
            Self::Rule(rule) => rule.run(cx).await,
            Self::Person(person) => person.run(cx).await,
        }
    }
}

impl Rule {
    async fn run(self, cx: &Cx) -> Result<Exit, CliError> {
        let mut body = Map::new();
        if let Some(file) = &self.file {
            body.insert("document".to_owned(), read_text(file, INPUT_BYTES_MAX)?.into());
        }
        let without: Vec<Value> = self.without.iter().map(|name| name.as_str().into()).collect();
        body.insert("without".to_owned(), without.into());
        body.insert("skip".to_owned(), self.skip.into());
        let limit = u32::try_from(self.limit.max(1)).map_err(|_| {
            CliError::new(Exit::Usage, code::CANNOT_READ, "--limit is larger than any answer").hint("say less")
        })?;
        body.insert("limit".to_owned(), limit.into());
        let told = cx.client()?.send(&places::WHAT_IF_RULE.path(), &body.into()).await?;
        let list = |name: &str| told.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
        let changes = !list("entitlements").is_empty();
        if cx.output.format == Format::Table {
            let number = |name: &str| cell(told.get(name));
            cx.output.say(&format!(
                "of {} people, {} would gain something and {} would lose something",
                number("people"),
                number("peopleGaining"),
                number("peopleLosing")
            ));
            cx.output.part("By entitlement", ENTITLEMENTS, told.get("entitlements"))?;
            cx.output.part("Whom it concerns", CHANGES, told.get("changes"))?;
            if !list("leftOut").is_empty() {
                cx.output.part("Not asked of everybody", LEFT_OUT, told.get("leftOut"))?;
            }
            if let Some(next) = told.get("next").filter(|next| !next.is_null()) {
                cx.output.say(&format!("there are more; `--skip {}` goes on", cell(Some(next))));
            }
        } else {
            cx.output.item(&[], &told)?;
        }
        Ok(if changes { Exit::Changes } else { Exit::Done })
    }
}
