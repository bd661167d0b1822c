//! `tenure diff`: what is different between two folders or versions, by meaning.

use std::path::Path;

use clap::Args;
use serde_json::{Value, json};
use tenure_blueprint::diff::difference;

use super::plan_folder::read_folder;
use super::plan_text;
use crate::client::Client;
use crate::context::Cx;
use crate::error::{CliError, code};
use crate::exit::Exit;
use crate::output::{self, Format};
use crate::places::{self, Path as Place};

/// Show what is different between two folders or versions, by meaning
///
/// Compares two sets of documents, each a folder, a version such as `v3`, or `live` for what is in force.
/// Spaces, comments, the order of keys and names of files do not count. Ends with 0 if they mean the same, and
/// with 3 otherwise.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tenure diff live estate       what the folder says otherwise than what is in force\n  tenure diff v3 v4             what version 4 changed\n  tenure diff old/ new/         two folders; no server is asked"
)]
pub struct Diff {
    /// A folder, `vNUMBER` or `live`
    before: String,
    /// A folder, `vNUMBER` or `live`
    after: String,
}

impl Diff {
    /// Compares.
    pub async fn run(self, cx: &Cx) -> Result<Exit, CliError> {
        let (before, after) = (files(cx, &self.before).await?, files(cx, &self.after).await?);
        let found = difference(&before, &after);
        let same = found.documents.is_empty();
        let documents = serde_json::to_value(&found).map_err(|error| {
            CliError::new(Exit::Failed, code::CANNOT_WRITE, "cannot write the difference").caused_by(&error)
        })?;
        if cx.output.format == Format::Table {
            output::write(&plan_text::documents_of(&json!({ "documents": documents })))?;
        } else {
            cx.output.item(&[], &documents)?;
        }
        Ok(if same { Exit::Done } else { Exit::Changes })
    }
}

/// The documents that a word means.
async fn files(cx: &Cx, said: &str) -> Result<Vec<(String, String)>, CliError> {
    let version =
        said.strip_prefix('v').filter(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()));
    let place: Place = match version {
        Some(number) => places::READ_VERSION.of(&[&number]),
        None if said == "live" => places::READ_ESTATE.path(),
        None => {
            let files = read_folder(Path::new(said))?;
            return Ok(files.into_iter().map(|file| (file.path, file.text)).collect());
        }
    };
    in_force(&cx.client()?, &place).await
}

/// The documents of a version, by their paths.
pub(super) async fn in_force(client: &Client, place: &Place) -> Result<Vec<(String, String)>, CliError> {
    Ok(files_of(&client.ask(place).await?))
}

/// The files of an estate, by their paths.
pub(super) fn files_of(estate: &Value) -> Vec<(String, String)> {
    let files = estate.get("files").and_then(Value::as_array).cloned().unwrap_or_default();
    let text = |file: &Value, key: &str| file.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    files.iter().map(|file| (text(file, "path"), text(file, "text"))).collect()
}
