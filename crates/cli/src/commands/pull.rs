//! `tenure pull`: brings the documents in force into a folder, letter by letter, comments kept.

use std::path::{Component, Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};

use super::diff::in_force;
use crate::context::Cx;
use crate::error::{CliError, code, printable};
use crate::exit::Exit;
use crate::places;
use crate::table::{Column, column};

const COLUMNS: &[Column] = &[column("File", "/path"), column("What", "/did")];

/// Bring the documents in force into a folder
///
/// Writes the documents in force into a folder, as they were put into force, comments and all. Files of the
/// folder that are not in force are named and left alone, unless `--delete` says otherwise.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tenure pull -d estate\n  tenure pull -d estate --dry-run\n  tenure pull -d estate roles/staff.yaml"
)]
pub struct Pull {
    /// The folder
    #[arg(short, long, value_name = "FOLDER")]
    dir: PathBuf,
    /// Only this file
    file: Option<String>,
    /// Only say what would be written
    #[arg(long)]
    dry_run: bool,
    /// Delete documents of the folder that are not in force
    #[arg(long)]
    delete: bool,
}

impl Pull {
    /// Does it.
    pub async fn run(self, cx: &Cx) -> Result<Exit, CliError> {
        let files = in_force(&cx.client()?, &places::READ_ESTATE.path()).await?;
        let wanted = |path: &str| self.file.as_deref().is_none_or(|only| only == path);
        let mut rows = Vec::new();
        for (path, text) in files.iter().filter(|(path, _)| wanted(path)) {
            let place = self.dir.join(inside(path)?);
            let did = match std::fs::read_to_string(&place) {
                Ok(there) if there == *text => continue,
                Ok(_) => "changed",
                Err(_) => "new",
            };
            if !self.dry_run {
                write(&place, text)?;
            }
            rows.push(json!({ "path": path, "did": did }));
        }
        if self.dir.is_dir() && self.file.is_none() {
            for file in super::plan_folder::read_folder(&self.dir).unwrap_or_default() {
                if !files.iter().any(|(path, _)| *path == file.path) {
                    let place = self.dir.join(&file.path);
                    if self.delete && !self.dry_run {
                        std::fs::remove_file(&place).map_err(|error| crate::output::cannot_write(&place, &error))?;
                    }
                    let did = if self.delete { "deleted" } else { "not in force" };
                    rows.push(json!({ "path": file.path, "did": did }));
                }
            }
        }
        if rows.is_empty() {
            cx.output.say("the folder says what is in force");
        }
        let rows: Vec<Value> = rows;
        cx.output.list(COLUMNS, &rows)?;
        Ok(Exit::Done)
    }
}

/// A path of a server, as long as it leads nowhere but below the folder.
fn inside(path: &str) -> Result<&Path, CliError> {
    let plain = Path::new(path).components().all(|part| matches!(part, Component::Normal(_)));
    if plain && !path.is_empty() {
        return Ok(Path::new(path));
    }
    let message = format!("the server names a file outside of the folder: `{}`", printable(path));
    Err(CliError::new(Exit::Refused, code::CANNOT_WRITE, message))
}

fn write(place: &Path, text: &str) -> Result<(), CliError> {
    let failed = |error: std::io::Error| crate::output::cannot_write(place, &error);
    if let Some(parent) = place.parent() {
        std::fs::create_dir_all(parent).map_err(failed)?;
    }
    std::fs::write(place, text).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_server_writes_outside_of_the_folder() {
        assert!(inside("roles/staff.yaml").is_ok());
        for bad in ["", "../x", "/etc/passwd", "roles/../../x", "./x"] {
            assert!(inside(bad).is_err(), "{bad}");
        }
    }
}
