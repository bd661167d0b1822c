//! `tenure lint`: what is allowed in documents and seldom meant. Needs no server.

use std::path::PathBuf;

use clap::Args;
use tenure_blueprint::{Estate, lint};
use tenure_server::house;

use super::documents::{counted, files_of, folder_of, tell};
use crate::context::Cx;
use crate::error::CliError;
use crate::exit::Exit;

/// Find what is allowed in documents and seldom meant
///
/// Nobody answers for something, nobody can ever come to have a role, a role is given to everybody, the same thing is
/// given twice, a rule stops what two roles give to the same people, a word is almost another one,
/// a step asks a connection for an action that it does not have.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  tenure lint\n  tenure lint estate --json")]
pub struct Lint {
    /// The folder of the documents, or a file
    #[arg(default_value = ".", value_name = "FOLDER")]
    folder: PathBuf,
}

impl Lint {
    /// Does it.
    pub fn run(&self, cx: &Cx) -> Result<Exit, CliError> {
        let files = files_of(&self.folder)?;
        let problems = match Estate::read(files.clone()) {
            Ok(estate) => {
                let mut found = lint(&estate);
                found.extend(house::estate::of_actions(folder_of(&self.folder), &estate));
                found
            }
            Err(problems) => problems,
        };
        if problems.is_empty() {
            cx.output.say(&format!("nothing found in {}", counted(files.len(), "file", "files")));
            return Ok(Exit::Done);
        }
        tell(cx, &files, &problems)?;
        Ok(Exit::Failed)
    }
}
