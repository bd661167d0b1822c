//! `tenure ledger verify`: recomputes the log from its entries and compares it with what was signed.
//!
//! The key is pinned by whoever asks and never taken from the server. With files it needs no server.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};
use tenure_ledger::{Hash, PublicKey, Record, Verdict, canonical_bytes, verify};

use crate::context::{Cx, read_text};
use crate::error::{CliError, code};
use crate::exit::Exit;
use crate::limits::INPUT_BYTES_MAX;
use crate::places;
use crate::table::{Column, column};

const FIELDS: &[Column] = &[
    column("Verdict", "/verdict"),
    column("Entries", "/entries"),
    column("Root", "/root"),
    column("Not yet signed", "/unsigned"),
];

/// Check that nothing was changed, removed or added
///
/// Recomputes every leaf and the root from the entries, and compares them with the signed checkpoint. The key is
/// yours: pin it when the installation is set up, and keep it where whoever runs the server cannot change it.
/// Ends with 0 when all is as it was signed, and with 1 and the first bad entry when not.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  tenure ledger verify --key-file ledger.pub
  tenure ledger verify --key-file ledger.pub --entries entries.jsonl --checkpoint checkpoint.txt    without a server")]
pub struct Verify {
    /// The pinned public key, as one line `name+id+key`
    #[arg(long, value_name = "FILE")]
    key_file: PathBuf,
    /// Entries, one JSON a line, as `ledger list --all -o jsonl` writes them; in any order
    #[arg(long, value_name = "FILE", requires = "checkpoints")]
    entries: Option<PathBuf>,
    /// A signed checkpoint; may be given several times, and earlier ones narrow down the place
    #[arg(long = "checkpoint", value_name = "FILE")]
    checkpoints: Vec<PathBuf>,
}

impl Verify {
    /// Verifies.
    pub async fn run(self, cx: &Cx) -> Result<Exit, CliError> {
        let pinned = read_key(&self.key_file)?;
        let mut signed = Vec::new();
        for path in &self.checkpoints {
            signed.push(read_text(path, INPUT_BYTES_MAX)?);
        }
        let views = if let Some(path) = &self.entries {
            read_entries(path)?
        } else {
            let client = cx.client()?;
            // The checkpoint first: entries that come meanwhile are newer, and never missing.
            let checkpoint = client.ask(&places::READ_CHECKPOINT.path()).await?;
            signed.extend(checkpoint.get("note").and_then(Value::as_str).map(ToOwned::to_owned));
            client.list(&places::LIST_LEDGER.path(), &[], usize::MAX).await?
        };
        let entries = sort(views)?;
        let records = entries.iter().map(|entry| Record { bytes: &entry.bytes, leaf: entry.leaf });
        tell(cx, &verify(records, signed.iter().map(String::as_str), &pinned))
    }
}

fn read_key(path: &Path) -> Result<PublicKey, CliError> {
    read_text(path, INPUT_BYTES_MAX)?.trim().parse().map_err(|error| {
        CliError::new(Exit::Usage, code::CANNOT_READ, format!("`{}` is not a public key of a ledger", path.display()))
            .caused_by(&error)
    })
}

/// An entry as it was handed out.
struct Stored {
    index: u64,
    bytes: Vec<u8>,
    leaf: Option<Hash>,
}

fn read_entries(path: &Path) -> Result<Vec<Value>, CliError> {
    let failed = || CliError::new(Exit::Failed, code::CANNOT_READ, format!("cannot read `{}`", path.display()));
    let file = std::fs::File::open(path).map_err(|error| failed().caused_by(&error))?;
    let mut entries = Vec::new();
    for (number, line) in BufReader::new(file).lines().enumerate() {
        let line = line.map_err(|error| failed().caused_by(&error))?;
        let entry = serde_json::from_str(&line)
            .map_err(|error| failed().cause(format!("line {} is not JSON", number + 1)).caused_by(&error))?;
        entries.push(entry);
    }
    Ok(entries)
}

/// The sealed entries by index. A gap or a double is a fault of the log and told with its place.
fn sort(views: Vec<Value>) -> Result<Vec<Stored>, CliError> {
    let mut entries = Vec::new();
    for view in views {
        // What is not sealed yet has no place in the log.
        if let Some(index) = view.get("index").and_then(Value::as_u64) {
            entries.push(stored(index, &view)?);
        }
    }
    entries.sort_by_key(|entry| entry.index);
    for (wanted, entry) in (0_u64..).zip(&entries) {
        if entry.index != wanted {
            return Err(not_sound(format!("entry {} stands where {wanted} belongs", entry.index)));
        }
    }
    Ok(entries)
}

fn stored(index: u64, view: &Value) -> Result<Stored, CliError> {
    let body = view.get("body").unwrap_or(&Value::Null);
    let bytes = canonical_bytes(body)
        .map_err(|error| not_sound(format!("entry {index} has no canonical form")).caused_by(&error))?;
    let leaf = view.get("leafHash").and_then(Value::as_str).map(str::parse).transpose();
    let leaf = leaf.map_err(|error| not_sound(format!("the hash of entry {index} is broken")).caused_by(&error))?;
    Ok(Stored { index, bytes, leaf })
}

fn tell(cx: &Cx, verdict: &Verdict) -> Result<Exit, CliError> {
    let error = match verdict {
        Verdict::Sound { head, unsigned } => {
            let found = json!({
                "verdict": "sound", "entries": head.size, "root": head.root.to_string(), "unsigned": unsigned,
            });
            cx.output.item(FIELDS, &found)?;
            return Ok(Exit::Done);
        }
        Verdict::BadCheckpoint { place, why } => {
            not_sound(format!("checkpoint {} is not what the pinned key signed", place + 1)).caused_by(why)
        }
        Verdict::NothingSigned => not_sound("there is no signed checkpoint to compare with"),
        Verdict::Forked { size } => not_sound(format!("there are two signed histories of {size} entries")),
        Verdict::BadEntry { index, why } => not_sound(format!("entry {index} is not an entry")).caused_by(why),
        Verdict::Changed { index } => not_sound(format!("entry {index} was changed")),
        Verdict::Differs { from, to } => {
            not_sound(format!("from entry {from} on, before {to}, an entry was changed, removed, added or moved"))
                .hint("earlier checkpoints, given with --checkpoint, narrow down the place")
        }
        Verdict::Missing { from, signed } => {
            not_sound(format!("entries from {from} on are missing; {signed} were signed"))
        }
    };
    Err(error)
}

fn not_sound(message: impl Into<String>) -> CliError {
    CliError::new(Exit::Failed, code::LEDGER_NOT_SOUND, message)
        .hint("keep a copy of the database and of the checkpoints before anything else is done")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(index: u64) -> Value {
        json!({"index": index, "body": {"v": 1}})
    }

    #[test]
    fn entries_come_in_any_order_and_without_gaps() {
        let order = |views: Vec<Value>| sort(views).map(|all| all.iter().map(|entry| entry.index).collect::<Vec<_>>());
        assert_eq!(order(vec![view(2), view(0), json!({"index": null, "body": {}}), view(1)]), Ok(vec![0, 1, 2]));
        assert_eq!(order(vec![view(0), view(2)]).unwrap_err().message, "entry 2 stands where 1 belongs");
        assert_eq!(order(vec![view(0), view(0)]).unwrap_err().message, "entry 0 stands where 1 belongs");
    }

    #[test]
    fn a_broken_hash_is_told_with_its_place() {
        let views = vec![json!({"index": 0, "body": {}, "leafHash": "zz"})];
        assert_eq!(sort(views).err().unwrap().message, "the hash of entry 0 is broken");
    }
}
