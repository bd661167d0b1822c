//! Files of our own that nobody else sees and that are gone with us: what was fetched, and the
//! rows of a reading in a form that a page can be taken from.
//!
//! Such a file is unlinked as soon as it is open, so that a crash leaves no personal data behind.

use std::fs::{File, OpenOptions};
use std::io::{Error, ErrorKind, Result, Write};
use std::os::unix::fs::{DirBuilderExt as _, FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use tenure_model::Value;

use super::rows::Cell;

/// Where such files are made.
#[derive(Debug)]
pub(super) struct Room {
    folder: PathBuf,
    next: AtomicU64,
}

impl Room {
    /// In this folder, which is made when it is first needed.
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder, next: AtomicU64::new(0) }
    }

    /// The folder.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// A new file without a name.
    pub(super) fn file(&self) -> Result<File> {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.folder)?;
        loop {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            let path = self.folder.join(format!(".spool-{}-{number}", std::process::id()));
            match OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&path) {
                Ok(file) => {
                    std::fs::remove_file(&path)?;
                    return Ok(file);
                }
                // One that a crash left between the two steps above.
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
    }
}

const TEXT: u8 = 0;
const BLANK: u8 = 1;
const TYPED: u8 = 2;

/// Puts one cell into a row that is being made. An absent one leaves no trace.
pub(super) fn put(row: &mut Vec<u8>, column: u32, cell: &Cell<'_>) -> Result<()> {
    let mut field = |tag: u8, bytes: &[u8]| -> Result<()> {
        row.extend_from_slice(&column.to_le_bytes());
        row.push(tag);
        let length = u32::try_from(bytes.len()).map_err(|_| Error::from(ErrorKind::InvalidData))?;
        row.extend_from_slice(&length.to_le_bytes());
        row.extend_from_slice(bytes);
        Ok(())
    };
    match cell {
        Cell::Absent => Ok(()),
        Cell::Blank => field(BLANK, &[]),
        Cell::Text(text) => field(TEXT, text.as_bytes()),
        Cell::Typed(Value::Text(text)) => field(TEXT, text.as_bytes()),
        Cell::Typed(value) => field(TYPED, &serde_json::to_vec(value)?),
    }
}

/// A row as it was kept.
#[derive(Debug)]
pub(super) struct Kept {
    /// In which of the files.
    pub(super) file: u32,
    /// On which line.
    pub(super) line: u64,
    /// Its cells by column; none for an empty one.
    pub(super) cells: Vec<(usize, Option<Value>)>,
    /// Where the next row is.
    pub(super) next: u64,
}

/// The length, file and line before the cells of a row.
const HEAD_BYTES: usize = 16;

/// Writes a row.
pub(super) fn write(into: &mut impl Write, file: u32, line: u64, cells: &[u8]) -> Result<u64> {
    let length = u32::try_from(cells.len()).map_err(|_| Error::from(ErrorKind::InvalidData))?;
    into.write_all(&length.to_le_bytes())?;
    into.write_all(&file.to_le_bytes())?;
    into.write_all(&line.to_le_bytes())?;
    into.write_all(cells)?;
    Ok(u64::from(length) + HEAD_BYTES as u64)
}

/// Reads the row at this place.
pub(super) fn read(from: &File, offset: u64) -> Result<Kept> {
    let mut head = [0; HEAD_BYTES];
    from.read_exact_at(&mut head, offset)?;
    let damaged = || Error::from(ErrorKind::InvalidData);
    let length = number(&head, 0).ok_or_else(damaged)?;
    let file = number(&head, 4).ok_or_else(damaged)?;
    let line = head.get(8..).and_then(|bytes| bytes.try_into().ok()).map(u64::from_le_bytes).ok_or_else(damaged)?;
    let mut bytes = vec![0; length as usize];
    from.read_exact_at(&mut bytes, offset + HEAD_BYTES as u64)?;
    let mut cells = Vec::new();
    let mut rest = bytes.as_slice();
    while !rest.is_empty() {
        let (cell, behind) = cell(rest).ok_or_else(damaged)?;
        cells.push(cell);
        rest = behind;
    }
    Ok(Kept { file, line, cells, next: offset + HEAD_BYTES as u64 + u64::from(length) })
}

type KeptCell = (usize, Option<Value>);

fn cell(bytes: &[u8]) -> Option<(KeptCell, &[u8])> {
    let column = number(bytes, 0)? as usize;
    let tag = *bytes.get(4)?;
    let length = number(bytes, 5)? as usize;
    let (value, rest) = bytes.get(9..)?.split_at_checked(length)?;
    let value = match tag {
        BLANK => None,
        TEXT => Some(Value::from(std::str::from_utf8(value).ok()?)),
        _ => Some(serde_json::from_slice(value).ok()?),
    };
    Some(((column, value), rest))
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}
