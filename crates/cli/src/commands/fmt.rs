//! `tenure fmt`: documents in the one way to write them. Needs no server.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use super::documents::{Files, counted, files_of, tell};
use crate::context::Cx;
use crate::error::CliError;
use crate::exit::Exit;
use crate::output;
use crate::table::{Column, column};

const CHANGED: &[Column] = &[column("File", "/file"), column("Lines", "/lines")];

/// Write documents in the one way to write them
///
/// Keys in the order of the reference, two spaces for each level, comments where they belong. Nothing that a document
/// says is changed; a file that cannot be laid out so stays as it is and is told.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  tenure fmt\n  tenure fmt estate/roles\n  tenure fmt --check")]
pub struct Fmt {
    /// The folder of the documents, or a file
    #[arg(default_value = ".", value_name = "FOLDER")]
    folder: PathBuf,
    /// Only say which files would change; exit code 3 if there are any
    #[arg(long)]
    check: bool,
}

impl Fmt {
    /// Does it.
    pub fn run(&self, cx: &Cx) -> Result<Exit, CliError> {
        let files = files_of(&self.folder)?;
        let (mut changed, mut problems): (Files, Vec<_>) = (Vec::new(), Vec::new());
        for (file, text) in &files {
            match tenure_blueprint::format(file, text) {
                Ok(written) if written == *text => {}
                Ok(written) => changed.push((file.clone(), written)),
                Err(problem) => problems.push(problem),
            }
        }
        if !problems.is_empty() {
            tell(cx, &files, &problems)?;
        }
        if !self.check {
            for (file, text) in &changed {
                replace(Path::new(file), text)?;
            }
        }
        if !changed.is_empty() {
            let lines = |text: &str| text.lines().count();
            let rows: Vec<_> =
                changed.iter().map(|(file, text)| json!({ "file": file, "lines": lines(text) })).collect();
            cx.output.list(CHANGED, &rows)?;
        }
        let word = if self.check { "would be written anew" } else { "written anew" };
        let stay = files.len() - changed.len() - problems.len();
        cx.output.say(&format!("{} {word}, {stay} as they were", counted(changed.len(), "file", "files")));
        Ok(match (problems.is_empty(), self.check && !changed.is_empty()) {
            (false, _) => Exit::Failed,
            (true, true) => Exit::Changes,
            (true, false) => Exit::Done,
        })
    }
}

/// Puts a text into the place of a file's: whole, or not at all.
pub(super) fn replace(path: &Path, text: &str) -> Result<(), CliError> {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let beside = path.with_file_name(format!(".{name}.new"));
    let mode = fs::metadata(path).map(|known| known.permissions());
    let written = fs::write(&beside, text)
        .and_then(|()| mode.and_then(|mode| fs::set_permissions(&beside, mode)))
        .and_then(|()| fs::rename(&beside, path));
    written.map_err(|error| {
        drop(fs::remove_file(&beside));
        output::cannot_write(path, &error)
    })
}
