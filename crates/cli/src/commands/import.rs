//! `tenure import`: workflows of others become documents.

use std::fs;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use tenure_blueprint::entra;

use crate::context::Cx;
use crate::error::{CliError, code, printable};
use crate::exit::Exit;
use crate::output::talk;

/// What to import.
#[derive(Debug, Subcommand)]
pub enum Import {
    Entra(Entra),
}

/// Turn a lifecycle workflow of Microsoft Entra into a document
///
/// Reads one workflow as Microsoft Graph exports it, with its tasks, and writes a document of `kind: Workflow` that
/// does the same. What has no equivalent is said, and stands as a comment at the head of the document.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tenure import entra leaver.json > workflows/leaver.yaml\n  tenure import entra leaver.json --into workflows/leaver.yaml"
)]
pub struct Entra {
    /// The export
    file: PathBuf,
    /// Write the document to this file instead of showing it
    #[arg(long, value_name = "FILE")]
    into: Option<PathBuf>,
}

impl Import {
    /// Does it.
    pub fn run(self, cx: &Cx) -> Result<Exit, CliError> {
        match self {
            Self::Entra(entra) => entra.run(cx),
        }
    }
}

impl Entra {
    fn run(self, cx: &Cx) -> Result<Exit, CliError> {
        let shown = self.file.display().to_string();
        let text = fs::read_to_string(&self.file).map_err(|error| {
            CliError::new(Exit::Failed, code::CANNOT_READ, format!("`{shown}` cannot be read")).caused_by(&error)
        })?;
        let bad = |reason: String| {
            CliError::new(Exit::Failed, code::NOT_WELL, format!("`{shown}` is no workflow of Entra: {reason}"))
                .hint("export one with `GET /identityGovernance/lifecycleWorkflows/workflows/ID?$expand=tasks`")
        };
        let export = serde_json::from_str(&text).map_err(|error| bad(error.to_string()))?;
        let imported = entra::import(&export).map_err(bad)?;
        for note in &imported.notes {
            talk(&format!("note: {}\n", printable(note)));
        }
        match &self.into {
            None => crate::output::write(&imported.text)?,
            Some(file) => {
                fs::write(file, &imported.text).map_err(|error| crate::output::cannot_write(file, &error))?;
                cx.output.say(&format!("wrote `{}`", file.display()));
            }
        }
        Ok(Exit::Done)
    }
}
