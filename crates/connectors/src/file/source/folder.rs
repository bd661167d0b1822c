//! Feeds in a folder of this machine.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::time::UNIX_EPOCH;

use tenure_connect::{Refusal, RefusalClass};

use super::{CONTROL_BYTES_MAX, Fed, Fetched, Listed, Wanted, declared, too_large};
use crate::limits::{FILE_BYTES_MAX, FILE_FOLDER_ENTRIES_MAX};

/// Opens the files that are wanted, unless they still have this stamp.
pub(super) fn fetch(path: &Path, wanted: &Wanted, known: Option<&str>) -> Result<Option<Fetched>, Refusal> {
    let place = path.display().to_string();
    let (chosen, stamp) = wanted.choose(&place, &list(path)?)?;
    if known == Some(stamp.as_str()) {
        return Ok(None);
    }
    let mut files = Vec::with_capacity(chosen.len());
    for listed in chosen {
        if listed.bytes > FILE_BYTES_MAX {
            return Err(too_large(&listed.name));
        }
        let content = open(&path.join(&listed.name))?;
        let declared = match &wanted.suffix {
            None => None,
            Some(suffix) => {
                let name = format!("{}{suffix}", listed.name);
                let mut text = Vec::new();
                let read = open(&path.join(&name))?.take(CONTROL_BYTES_MAX).read_to_end(&mut text);
                read.map_err(|error| unreadable(&name, error))?;
                Some(declared(&name, &text)?)
            }
        };
        files.push(Fed { name: listed.name, content, declared, shared: true });
    }
    Ok(Some(Fetched { stamp: Some(stamp), files }))
}

fn list(path: &Path) -> Result<Vec<Listed>, Refusal> {
    let place = path.display().to_string();
    let mut found = Vec::new();
    for entry in std::fs::read_dir(path).map_err(|error| unreadable(&place, error))? {
        let entry = entry.map_err(|error| unreadable(&place, error))?;
        // Names that are no text cannot be named in the settings either.
        let Ok(name) = entry.file_name().into_string() else { continue };
        let Ok(metadata) = std::fs::metadata(entry.path()) else { continue };
        if !metadata.is_file() {
            continue;
        }
        if found.len() >= FILE_FOLDER_ENTRIES_MAX {
            let what = format!("`{place}` has more than {FILE_FOLDER_ENTRIES_MAX} files; move the old ones away");
            return Err(Refusal::new(RefusalClass::Invalid, what));
        }
        let modified = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        let modified = modified.map_or(0, |time| time.as_nanos());
        found.push(Listed { name, bytes: metadata.len(), modified });
    }
    Ok(found)
}

fn open(path: &Path) -> Result<File, Refusal> {
    File::open(path).map_err(|error| unreadable(&path.display().to_string(), error))
}

fn unreadable(place: &str, error: std::io::Error) -> Refusal {
    let (class, way) = match error.kind() {
        std::io::ErrorKind::NotFound => (RefusalClass::Gone, "correct `from`, or have the feed written there"),
        std::io::ErrorKind::PermissionDenied => (RefusalClass::Permission, "give us the right to read it"),
        _ => (RefusalClass::Maintenance, "look at the disk"),
    };
    Refusal::new(class, format!("`{place}` cannot be read: {}; {way}", error.kind())).because(error)
}
