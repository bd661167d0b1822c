//! `tenure validate`: are the documents of a folder right? Needs no server.

use std::path::PathBuf;

use clap::Args;
use tenure_server::house;

use super::documents::{counted, files_of, folder_of, tell};
use crate::context::Cx;
use crate::error::CliError;
use crate::exit::Exit;

/// Check documents, without a server
///
/// Reads every YAML file of a folder, or one file, and tells everything that is wrong with it: what cannot be read,
/// what names something that is not there, what goes in circles, and what contradicts.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tenure validate\n  tenure validate examples/first-estate\n  tenure validate estate --json"
)]
pub struct Validate {
    /// The folder of the documents, or a file
    #[arg(default_value = ".", value_name = "FOLDER")]
    folder: PathBuf,
}

impl Validate {
    /// Does it.
    pub fn run(&self, cx: &Cx) -> Result<Exit, CliError> {
        let files = files_of(&self.folder)?;
        let problems = house::estate::problems(folder_of(&self.folder), files.clone());
        if problems.is_empty() {
            cx.output.say(&format!("{} read well", counted(files.len(), "file", "files")));
            return Ok(Exit::Done);
        }
        tell(cx, &files, &problems)?;
        cx.output.say(&format!(
            "\n{} in {}",
            counted(problems.len(), "problem", "problems"),
            counted(files.len(), "file", "files")
        ));
        Ok(Exit::Failed)
    }
}
