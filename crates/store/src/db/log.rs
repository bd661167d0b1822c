//! Whether the write-ahead log of a SQLite file still holds what was acknowledged.
//!
//! SQLite takes the first page that does not check out for the end of the log: after a crash in
//! the middle of a write it is, but after damage of the disk everything behind it would be gone
//! without a word. The index beside the log survives the death of a process and counts the pages
//! of commits that were synced, so a log that is shorter than that has lost some. Both layouts are
//! part of the file format of SQLite (`fileformat2.html`, `walformat.html`).

use std::ffi::OsString;
use std::fs::File;
use std::io::{BufReader, ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::OpenError;

const HEADER_BYTES: usize = 32;
const FRAME_HEADER_BYTES: usize = 24;
const PAGE_BYTES_MAX: u32 = 65_536;
/// The least and the most significant bytes of the magic number; its last bit tells how words are read.
const MAGIC: u32 = 0x377f_0682;

/// What the index says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Index {
    salts: [u8; 8],
    /// Pages in the log that belong to commits.
    pages: u32,
    /// Of these, so many are in the database already.
    folded: u32,
}

/// What the log holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Held {
    salts: [u8; 8],
    /// Pages of whole commits that check out, from the first on.
    pages: u32,
    /// Where they end.
    bytes: u64,
}

/// Fails if acknowledged commits are missing at the end of the log. Before anything opens the
/// file, because opening repairs the index.
pub(super) fn check(database: &Path) -> Result<(), OpenError> {
    let (log, index) = (beside(database, "-wal"), beside(database, "-shm"));
    let unreadable = |path: &Path, source: std::io::Error| OpenError::Unreachable {
        place: path.display().to_string(),
        source: Arc::new(source),
    };
    let Some(said) = read_index(&index).map_err(|error| unreadable(&index, error))? else { return Ok(()) };
    let held = walk(&log).map_err(|error| unreadable(&log, error))?;
    let there = match held {
        Some(held) if held.salts == said.salts => held,
        // An older index says nothing of a log that was begun after it.
        Some(held) if held.bytes > 0 => return Ok(()),
        // No log, or one without a beginning: what is in the database already needs none.
        _ if said.pages > said.folded => Held::default(),
        _ => return Ok(()),
    };
    // Somebody who works on it meanwhile may have begun the log anew.
    let still = read_index(&index).map_err(|error| unreadable(&index, error))? == Some(said);
    if there.pages >= said.pages || !still {
        return Ok(());
    }
    let way_out = if there.pages < said.folded {
        "restore a backup".to_owned()
    } else {
        let (log, index, bytes) = (log.display(), index.display(), there.bytes);
        format!("restore a backup, or, to go on without them, remove `{index}` and cut `{log}` to {bytes} bytes")
    };
    let lost = said.pages - there.pages;
    Err(OpenError::Damaged { log: log.display().to_string(), lost, pages: said.pages, way_out })
}

fn beside(database: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(database);
    name.push(ending);
    PathBuf::from(name)
}

fn open(path: &Path) -> std::io::Result<Option<File>> {
    match File::open(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// None without an index, and with one that was being written.
fn read_index(path: &Path) -> std::io::Result<Option<Index>> {
    let Some(mut file) = open(path)? else { return Ok(None) };
    let mut bytes = [0u8; 100];
    if !fill(&mut file, &mut bytes)? {
        return Ok(None);
    }
    let (first, second) = (bytes.get(..48), bytes.get(48..96));
    let made = bytes.get(12).is_some_and(|made| *made == 1);
    if first != second || !made {
        return Ok(None);
    }
    let native = |at| u32::from_ne_bytes(part(&bytes, at));
    Ok(Some(Index { salts: part(&bytes, 32), pages: native(16), folded: native(96) }))
}

/// None without a log; nothing held where it has no beginning that checks out.
fn walk(path: &Path) -> std::io::Result<Option<Held>> {
    let Some(file) = open(path)? else { return Ok(None) };
    let mut log = BufReader::new(file);
    let mut header = [0u8; HEADER_BYTES];
    if !fill(&mut log, &mut header)? {
        return Ok(Some(Held::default()));
    }
    let word = |at| u32::from_be_bytes(part(&header, at));
    let (magic, page_bytes) = (word(0), if word(8) == 1 { PAGE_BYTES_MAX } else { word(8) });
    let mut sum = Sum { big: magic & 1 == 1, words: (0, 0) };
    sum.take(header.get(..24).unwrap_or_default());
    let whole = magic & !1 == MAGIC && sum.words == (word(24), word(28));
    if !whole || !page_bytes.is_power_of_two() || !(512..=PAGE_BYTES_MAX).contains(&page_bytes) {
        return Ok(Some(Held::default()));
    }
    let salts: [u8; 8] = part(&header, 16);
    let mut held = Held { salts, pages: 0, bytes: HEADER_BYTES as u64 };
    let mut frame = vec![0u8; FRAME_HEADER_BYTES + page_bytes as usize];
    let mut pages = 0;
    while fill(&mut log, &mut frame)? {
        let word = |at| u32::from_be_bytes(part(&frame, at));
        sum.take(frame.get(..8).unwrap_or_default());
        sum.take(frame.get(FRAME_HEADER_BYTES..).unwrap_or_default());
        if part::<8>(&frame, 8) != salts || sum.words != (word(16), word(20)) {
            break;
        }
        pages += 1;
        if word(4) > 0 {
            held = Held { salts, pages, bytes: HEADER_BYTES as u64 + u64::from(pages) * frame.len() as u64 };
        }
    }
    Ok(Some(held))
}

/// The running checksum of the log, over pairs of words.
struct Sum {
    big: bool,
    words: (u32, u32),
}

impl Sum {
    fn take(&mut self, bytes: &[u8]) {
        for pair in bytes.chunks_exact(8) {
            let [one, two] = [0, 4].map(|at| {
                let word = part(pair, at);
                if self.big { u32::from_be_bytes(word) } else { u32::from_le_bytes(word) }
            });
            self.words.0 = self.words.0.wrapping_add(one).wrapping_add(self.words.1);
            self.words.1 = self.words.1.wrapping_add(two).wrapping_add(self.words.0);
        }
    }
}

/// So many bytes from there; zeros where there are none.
fn part<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    bytes.get(at..at + N).and_then(|part| part.try_into().ok()).unwrap_or([0; N])
}

/// Reads as many bytes as fit, and says whether there were so many.
fn fill(from: &mut impl Read, bytes: &mut [u8]) -> std::io::Result<bool> {
    match from.read_exact(bytes) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}
