//! `tenure pack`: services that are described as data.

use std::fs;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::Value;
use tenure_server::packs;

use crate::context::Cx;
use crate::error::{CliError, code, printable};
use crate::exit::Exit;
use crate::output::talk;
use crate::table::{Column, column};

const COLUMNS: &[Column] =
    &[column("Pack", "/pack"), column("What", "/what"), column("Can", "/can"), column("Note", "/note")];

/// What to do with packs.
#[derive(Debug, Subcommand)]
pub enum Pack {
    Check(Check),
}

/// Check a pack, and say what it can do
///
/// Reads every pack of a file and says all that is wrong with it, each with its line and a way out. Of packs that
/// are right it says what can be done by them and what cannot. Asks no server and sends nothing.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  tenure pack check shop.yaml\n  tenure pack check shop.yaml --json")]
pub struct Check {
    /// The file
    file: PathBuf,
}

impl Pack {
    /// Does it.
    pub fn run(self, cx: &Cx) -> Result<Exit, CliError> {
        match self {
            Self::Check(check) => check.run(cx),
        }
    }
}

impl Check {
    fn run(self, cx: &Cx) -> Result<Exit, CliError> {
        let shown = self.file.display().to_string();
        let text = fs::read_to_string(&self.file).map_err(|error| {
            CliError::new(Exit::Failed, code::CANNOT_READ, format!("`{shown}` cannot be read")).caused_by(&error)
        })?;
        let read = packs::read(&shown, &text).map_err(|problems| {
            for problem in &problems {
                talk(&format!("{}\n", printable(&problem.to_string())));
            }
            CliError::new(Exit::Failed, code::NOT_WELL, format!("`{shown}` has {} faults", problems.len()))
                .hint("docs/howto/write-a-pack.md explains every key")
        })?;
        if read.is_empty() {
            let message = format!("`{shown}` holds no pack");
            return Err(CliError::new(Exit::Failed, code::NOT_WELL, message)
                .hint("a pack is a document of `kind: Pack`; see docs/howto/write-a-pack.md"));
        }
        let mut facts = Vec::new();
        for one in &read {
            for fact in packs::facts::of(&one.pack) {
                let mut fact = serde_json::to_value(fact).unwrap_or_default();
                if let Value::Object(fields) = &mut fact {
                    fields.insert("pack".to_owned(), one.written.name.as_str().into());
                }
                facts.push(fact);
            }
        }
        cx.output.list(COLUMNS, &facts)?;
        Ok(Exit::Done)
    }
}
