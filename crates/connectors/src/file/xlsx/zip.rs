//! The parts of a ZIP archive that workbooks use: stored and deflated entries, found by the
//! directory at the end. What unfolds to more than it should is stopped while it does.

use std::fs::File;
use std::io::{Error, Read, Result, Seek as _, SeekFrom, Take};

use miniz_oxide::inflate::stream::{InflateState, inflate};
use miniz_oxide::{DataFormat, MZError, MZFlush, MZStatus};

use super::super::problem::{Problem, wrapped};
use super::each_event;
use super::xml::{Event, Xml};
use crate::limits::{
    FILE_CHUNK_BYTES, FILE_XLSX_PART_BYTES_MAX, FILE_XLSX_PARTS_MAX, FILE_XLSX_RATIO_FREE_BYTES, FILE_XLSX_RATIO_MAX,
};

/// An archive whose directory has been read.
pub(super) struct Archive {
    from: File,
    file: String,
    entries: Vec<Entry>,
}

#[derive(Clone)]
struct Entry {
    name: String,
    deflated: bool,
    packed: u64,
    crc: u32,
    offset: u64,
}

impl Archive {
    /// Reads the directory.
    pub(super) fn open(mut from: File, file: &str) -> Result<Self> {
        let broken = |what: &str| wrapped(Problem::of(file, what));
        let length = from.seek(SeekFrom::End(0))?;
        // The end record has 22 bytes and a comment of at most 65,535 behind it.
        let tail = length.min(22 + 65_535);
        from.seek(SeekFrom::Start(length - tail))?;
        let mut end = Vec::new();
        from.by_ref().take(tail).read_to_end(&mut end)?;
        let cut_off = "it is no workbook, or only the beginning of one: the directory at its end is missing";
        let at = end.windows(4).rposition(|window| window == b"PK\x05\x06").ok_or_else(|| broken(cut_off))?;
        let end = end.get(at..).unwrap_or_default();
        let (count, size, start) = (short(end, 10), long(end, 12), long(end, 16));
        let (Some(count), Some(size), Some(start)) = (count, size, start) else { return Err(broken(cut_off)) };
        if usize::from(count) > FILE_XLSX_PARTS_MAX || u64::from(size) > length || start == u32::MAX {
            return Err(broken("the directory of the archive has more parts than a workbook has"));
        }
        from.seek(SeekFrom::Start(u64::from(start)))?;
        let mut directory = Vec::new();
        from.by_ref().take(u64::from(size)).read_to_end(&mut directory)?;
        let entries = entries(&directory, usize::from(count)).ok_or_else(|| broken("the directory is damaged"))?;
        Ok(Self { from, file: file.to_owned(), entries })
    }

    /// A problem with this archive, as `Read` carries it.
    pub(super) fn problem(&self, what: impl Into<String>) -> Error {
        wrapped(Problem::of(&self.file, what))
    }

    /// The XML of a part, if there is one.
    pub(super) fn part(&mut self, name: &str) -> Result<Option<Xml<Part<'_>>>> {
        let Some(entry) = self.entries.iter().find(|entry| entry.name == name).cloned() else { return Ok(None) };
        self.from.seek(SeekFrom::Start(entry.offset))?;
        let mut head = Vec::new();
        self.from.by_ref().take(30).read_to_end(&mut head)?;
        let lengths = short(&head, 26).zip(short(&head, 28)).filter(|_| head.starts_with(b"PK\x03\x04"));
        let (name_length, extra) = lengths.ok_or_else(|| self.problem(format!("the part `{name}` is damaged")))?;
        let skip = i64::from(name_length) + i64::from(extra);
        self.from.seek(SeekFrom::Current(skip))?;
        let file = self.file.clone();
        let state = entry.deflated.then(|| InflateState::new_boxed(DataFormat::Raw));
        let part = Part {
            from: self.from.by_ref().take(entry.packed),
            file: file.clone(),
            name: name.to_owned(),
            state,
            packed: Vec::new(),
            used: 0,
            read: 0,
            given: 0,
            crc: u32::MAX,
            crc_wanted: entry.crc,
            ended: false,
        };
        Ok(Some(Xml::new(part, &file)))
    }

    /// Hands every event of a part on. A part that is not there has none.
    pub(super) fn each(&mut self, name: &str, take: impl FnMut(Event<'_>)) -> Result<()> {
        match self.part(name)? {
            Some(xml) => each_event(xml, take),
            None => Ok(()),
        }
    }
}

fn entries(mut directory: &[u8], count: usize) -> Option<Vec<Entry>> {
    let mut entries = Vec::with_capacity(count);
    for _ in 0..count {
        if !directory.starts_with(b"PK\x01\x02") {
            return None;
        }
        let (flags, method) = (short(directory, 8)?, short(directory, 10)?);
        let (crc, packed, offset) = (long(directory, 16)?, long(directory, 20)?, long(directory, 42)?);
        let lengths = [28, 30, 32].map(|at| short(directory, at).map(usize::from));
        let [Some(name), Some(extra), Some(comment)] = lengths else { return None };
        let text = String::from_utf8_lossy(directory.get(46..46 + name)?).into_owned();
        // Encrypted parts and other ways to pack them are not of workbooks that can be read.
        if flags & 1 == 0 && matches!(method, 0 | 8) {
            entries.push(Entry {
                name: text,
                deflated: method == 8,
                packed: u64::from(packed),
                crc,
                offset: u64::from(offset),
            });
        }
        directory = directory.get(46 + name + extra + comment..)?;
    }
    Some(entries)
}

fn short(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn long(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

/// What a part unfolds to.
pub(super) struct Part<'a> {
    from: Take<&'a mut File>,
    file: String,
    name: String,
    state: Option<Box<InflateState>>,
    packed: Vec<u8>,
    used: usize,
    read: u64,
    given: u64,
    crc: u32,
    crc_wanted: u32,
    ended: bool,
}

impl Part<'_> {
    fn problem(&self, what: &str) -> Error {
        wrapped(Problem::of(&self.file, format!("the part `{}` {what}", self.name)))
    }

    fn refill(&mut self) -> Result<()> {
        self.packed.resize(FILE_CHUNK_BYTES, 0);
        let count = self.from.read(&mut self.packed)?;
        self.packed.truncate(count);
        self.used = 0;
        self.read += count as u64;
        Ok(())
    }

    fn unpack(&mut self, into: &mut [u8]) -> Result<usize> {
        loop {
            if self.used == self.packed.len() {
                self.refill()?;
            }
            let last = self.packed.is_empty();
            let input = self.packed.get(self.used..).unwrap_or_default();
            let Some(state) = &mut self.state else {
                let mut input = input;
                let count = input.read(into)?;
                self.used += count;
                return Ok(count);
            };
            let done = inflate(state, input, into, MZFlush::None);
            self.used += done.bytes_consumed;
            match done.status {
                Ok(MZStatus::StreamEnd) => {
                    self.ended = true;
                    return Ok(done.bytes_written);
                }
                Ok(_) | Err(MZError::Buf) if done.bytes_written > 0 => return Ok(done.bytes_written),
                Ok(_) | Err(MZError::Buf) if !last => {}
                _ => return Err(self.problem("is damaged or cut off; have the workbook saved or sent again")),
            }
        }
    }

    fn guard(&self) -> Result<()> {
        let folded = self.read.max(1);
        let bomb = self.given > FILE_XLSX_RATIO_FREE_BYTES && self.given / folded > FILE_XLSX_RATIO_MAX;
        if bomb || self.given > FILE_XLSX_PART_BYTES_MAX {
            return Err(self.problem("unfolds to far more than it is, which no workbook of people does"));
        }
        Ok(())
    }
}

impl Read for Part<'_> {
    fn read(&mut self, into: &mut [u8]) -> Result<usize> {
        if into.is_empty() {
            return Ok(0);
        }
        let count = if self.ended { 0 } else { self.unpack(into)? };
        if count == 0 {
            return if !self.crc == self.crc_wanted { Ok(0) } else { Err(self.problem("does not have its checksum")) };
        }
        self.given += count as u64;
        self.crc = crc32(self.crc, into.get(..count).unwrap_or_default());
        self.guard()?;
        Ok(count)
    }
}

/// The checksum of ZIP (CRC-32 of IEEE 802.3), going on from an earlier piece.
fn crc32(mut crc: u32, bytes: &[u8]) -> u32 {
    const TABLE: [u32; 256] = {
        let mut table = [0; 256];
        let mut at = 0u32;
        while at < 256 {
            let mut value = at;
            let mut bit = 0;
            while bit < 8 {
                value = if value & 1 == 1 { 0xEDB8_8320 ^ (value >> 1) } else { value >> 1 };
                bit += 1;
            }
            #[expect(
                clippy::indexing_slicing,
                reason = "worked out at compile time, where a wrong place does not build"
            )]
            {
                table[at as usize] = value;
            }
            at += 1;
        }
        table
    };
    for byte in bytes {
        let place = (crc ^ u32::from(*byte)) & 0xFF;
        crc = TABLE.get(place as usize).copied().unwrap_or_default() ^ (crc >> 8);
    }
    crc
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_the_one_of_zip() {
        assert_eq!(!crc32(u32::MAX, b"123456789"), 0xCBF4_3926);
    }
}
