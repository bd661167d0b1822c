//! What the last good reading was, kept in a file: how many rows, how full each column, and a
//! fingerprint of every key and row. The fingerprints say what came, went and changed, and hold
//! nothing that could be read back.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead as _, BufReader, BufWriter, Read as _, Result, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use serde::{Deserialize, Serialize};

/// A row by its fingerprints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Print {
    /// Of its key.
    pub(super) key: u128,
    /// Where it is kept.
    pub(super) offset: u64,
    /// Of its content.
    pub(super) content: u64,
}

/// What is remembered beside the fingerprints.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Summary {
    /// What the reading was made from.
    pub(super) mark: String,
    /// How many rows.
    pub(super) rows: u64,
    /// How many rows had a value in each column.
    pub(super) fill: BTreeMap<String, u64>,
}

/// How a reading differs from the last good one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Differences {
    /// Keys that are new.
    pub(super) new: u64,
    /// Keys that are gone.
    pub(super) lost: u64,
    /// Rows whose content is another.
    pub(super) changed: u64,
}

/// Remembers a reading. Its prints must be in the order of their keys.
pub(super) fn store(path: &Path, summary: &Summary, prints: &[Print]) -> Result<()> {
    let beside = path.with_extension("new");
    let open = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
    let mut into = BufWriter::new(open);
    serde_json::to_writer(&mut into, summary)?;
    into.write_all(b"\n")?;
    for print in prints {
        into.write_all(&print.key.to_le_bytes())?;
        into.write_all(&print.content.to_le_bytes())?;
    }
    into.into_inner()?.sync_all()?;
    std::fs::rename(beside, path)
}

/// What is remembered, and how these prints, in the order of their keys, differ from it. Each that
/// is new or changed is handed to `differs`.
pub(super) fn compare(
    path: &Path,
    prints: &[Print],
    mut differs: impl FnMut(&Print),
) -> Result<Option<(Summary, Differences)>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut from = BufReader::new(file);
    let mut line = Vec::new();
    from.read_until(b'\n', &mut line)?;
    let summary: Summary = serde_json::from_slice(&line)?;
    let mut now = prints.iter().peekable();
    let mut found = Differences::default();
    let mut before = next(&mut from)?;
    loop {
        match (before, now.peek()) {
            (None, None) => return Ok(Some((summary, found))),
            (_, Some(print)) if before.is_none_or(|(key, _)| key > print.key) => {
                found.new += 1;
                differs(print);
                now.next();
            }
            (Some((key, content)), Some(print)) if key == print.key => {
                if content != print.content {
                    found.changed += 1;
                    differs(print);
                }
                now.next();
                before = next(&mut from)?;
            }
            _ => {
                found.lost += 1;
                before = next(&mut from)?;
            }
        }
    }
}

fn next(from: &mut impl std::io::Read) -> Result<Option<(u128, u64)>> {
    let mut bytes = Vec::with_capacity(24);
    from.take(24).read_to_end(&mut bytes)?;
    let key = bytes.get(..16).and_then(|bytes| bytes.try_into().ok()).map(u128::from_le_bytes);
    let content = bytes.get(16..24).and_then(|bytes| bytes.try_into().ok()).map(u64::from_le_bytes);
    Ok(key.zip(content))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_went_and_changed_is_counted() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("hr.last");
        let print = |key, content| Print { key, offset: 0, content };
        assert!(compare(&path, &[], |_| {}).unwrap().is_none());
        let summary = Summary { mark: "m".into(), rows: 3, fill: [("id".to_owned(), 3)].into() };
        store(&path, &summary, &[print(1, 1), print(2, 2), print(5, 5)]).unwrap();
        let now = [print(0, 9), print(1, 1), print(2, 7), print(9, 9)];
        let mut differ = Vec::new();
        let (before, found) = compare(&path, &now, |print| differ.push(print.key)).unwrap().unwrap();
        assert_eq!(differ, [0, 2, 9]);
        assert_eq!((before, found), (summary, Differences { new: 2, lost: 1, changed: 1 }));
        assert_eq!(compare(&path, &[], |_| {}).unwrap().unwrap().1.lost, 3);
    }
}
