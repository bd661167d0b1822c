//! Whether the file of a SQLite database is still in its place.
//!
//! Whoever has a file open can write into it after it was removed or renamed, and SQLite does not
//! notice in WAL mode: commits would be acknowledged that nobody will ever find again.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::StoreError;

/// A file as it was when it was opened.
pub(super) struct Place {
    path: PathBuf,
    file: (u64, u64),
}

impl Place {
    /// The file that is there now.
    pub(super) fn of(path: &Path) -> std::io::Result<Self> {
        Ok(Self { path: path.to_owned(), file: file_at(path)? })
    }

    /// Fails if it is not there any more or another one is.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        let found = file_at(&self.path);
        if found.as_ref().is_ok_and(|file| *file == self.file) {
            return Ok(());
        }
        let what = format!("`{}` is not the file that was opened; put that back, or restart", self.path.display());
        let source = found.err().unwrap_or_else(|| std::io::Error::other("another file is in its place"));
        Err(StoreError::Unavailable { what, source: Arc::new(source) })
    }
}

fn file_at(path: &Path) -> std::io::Result<(u64, u64)> {
    std::fs::metadata(path).map(|found| (found.dev(), found.ino()))
}
