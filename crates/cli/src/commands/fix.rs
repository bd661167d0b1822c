//! `tenure fix`: puts slips right that have one way out. Needs no server.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;
use tenure_blueprint::edit::splice;
use tenure_blueprint::{Estate, Problem, lint, repair};
use tenure_server::house;

use super::documents::{Files, counted, files_of};
use super::fmt::replace;
use crate::context::Cx;
use crate::error::{CliError, code};
use crate::exit::Exit;
use crate::table::{Column, column};

const FIXED: &[Column] = &[column("File", "/file"), column("Was", "/was"), column("Is", "/is")];

/// Put slips right that have one way out
///
/// Where `tenure validate` or `tenure lint` asks \"did you mean\", this writes the word that was meant. A file is
/// written only if fewer problems are left than before; comments and everything else stay as they are.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tenure fix TEN-E2010 roles/staff.yaml\n  tenure fix TEN-E2003 roles/staff.yaml --folder estate --dry-run"
)]
pub struct Fix {
    /// The code of the problem, as `tenure validate` tells it
    #[arg(value_name = "CODE")]
    code: String,
    /// The file
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The folder of all documents, which the file may name; the folder of the file if none
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,
    /// Only say what would be written
    #[arg(long)]
    dry_run: bool,
}

impl Fix {
    /// Does it.
    pub fn run(&self, cx: &Cx) -> Result<Exit, CliError> {
        let parent = self.file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let folder = self.folder.as_deref().unwrap_or(parent);
        let mut files = files_of(folder)?;
        let meant = self.file.canonicalize().ok();
        let is_it = |(path, _): &(String, String)| meant.is_some() && Path::new(path).canonicalize().ok() == meant;
        let Some(at) = files.iter().position(is_it) else {
            let message = format!("`{}` is not a document below `{}`", self.file.display(), folder.display());
            return Err(CliError::new(Exit::Usage, code::CANNOT_READ, message).hint("name the folder with --folder"));
        };
        let mut rows = Vec::new();
        while let Some((was, is)) = self.one(folder, &mut files, at) {
            rows.push(json!({ "file": self.file, "was": was, "is": is }));
        }
        if rows.is_empty() {
            cx.output.say(&format!("nothing of {} in it can be put right by itself", self.code));
            return Ok(Exit::Failed);
        }
        if let Some((path, text)) = files.get(at).filter(|_| !self.dry_run) {
            replace(Path::new(path), text)?;
        }
        cx.output.list(FIXED, &rows)?;
        let word = if self.dry_run { "could be put right" } else { "put right" };
        cx.output.say(&format!("{} {word}", counted(rows.len(), "slip", "slips")));
        Ok(Exit::Done)
    }

    /// Puts the first slip right that makes the whole better; the word that was and the one that is.
    fn one(&self, folder: &Path, files: &mut Files, at: usize) -> Option<(String, String)> {
        let before = problems(folder, files.clone());
        let (file, text) = files.get(at)?.clone();
        for problem in before.iter().filter(|one| one.code.word() == self.code && one.file == file) {
            let Some(repair) = repair(&text, problem) else { continue };
            let was = text.get(repair.at..repair.at + repair.length)?.to_owned();
            let mut after = files.clone();
            after.get_mut(at)?.1 = splice(&text, std::slice::from_ref(&repair))?;
            if problems(folder, after.clone()).len() < before.len() {
                *files = after;
                return Some((was, repair.text));
            }
        }
        None
    }
}

/// Everything that is wrong, or if nothing is, what is seldom meant.
fn problems(folder: &Path, files: Files) -> Vec<Problem> {
    let wrong = house::estate::problems(folder, files.clone());
    if !wrong.is_empty() {
        return wrong;
    }
    Estate::read(files).map(|estate| lint(&estate)).unwrap_or_default()
}
