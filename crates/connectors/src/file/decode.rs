//! From the bytes of a feed to UTF-8, without guessing: a byte that the charset does not have, or a
//! feed that contradicts its charset, is a problem with file, line and column.

use std::io::{BufRead, Read};

use serde::{Deserialize, Serialize};

use super::problem::{Problem, wrapped};
use crate::limits::FILE_CHUNK_BYTES;

/// How letters are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Charset {
    /// UTF-8, with or without a byte order mark.
    #[serde(rename = "utf-8")]
    Utf8,
    /// UTF-16, low byte first.
    #[serde(rename = "utf-16le")]
    Utf16Le,
    /// UTF-16, high byte first.
    #[serde(rename = "utf-16be")]
    Utf16Be,
    /// Western European, as Windows writes it.
    #[serde(rename = "windows-1252")]
    Windows1252,
    /// Western European, as ISO wrote it.
    #[serde(rename = "iso-8859-1")]
    Iso8859,
}

impl Charset {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Utf8 => "utf-8",
            Self::Utf16Le => "utf-16le",
            Self::Utf16Be => "utf-16be",
            Self::Windows1252 => "windows-1252",
            Self::Iso8859 => "iso-8859-1",
        }
    }
}

/// The characters of windows-1252 from 0x80 to 0x9F; zero where it has none.
const WINDOWS: [u16; 32] = [
    0x20AC, 0, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0, 0x017D, 0, 0,
    0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0, 0x017E, 0x0178,
];

/// A reader of UTF-8 over a reader of some charset.
pub(super) struct Decoder<R> {
    from: R,
    file: String,
    charset: Charset,
    /// Bytes that were read and not yet turned into text.
    raw: Vec<u8>,
    /// Text that was not yet handed out, from `given` on.
    text: Vec<u8>,
    given: usize,
    ended: bool,
    line: u64,
    column: u64,
    evidence: Evidence,
}

/// What speaks for a feed in one byte per letter being UTF-8 in truth.
#[derive(Default)]
struct Evidence {
    first: Option<(u64, u64)>,
    for_utf8: u64,
    against: u64,
    /// How many more bytes the sequence that is under way needs.
    pending: u8,
}

impl<R: Read> Decoder<R> {
    /// Looks at the beginning for a byte order mark and holds it against what was declared.
    pub(super) fn new(mut from: R, file: &str, declared: Option<Charset>) -> Result<Self, Problem> {
        let mut raw = Vec::new();
        let head = from.by_ref().take(3).read_to_end(&mut raw);
        head.map_err(|error| Problem::of(file, format!("cannot be read: {}", error.kind())))?;
        let (marked, length) = match raw.as_slice() {
            [0xEF, 0xBB, 0xBF, ..] => (Some(Charset::Utf8), 3),
            [0xFF, 0xFE, ..] => (Some(Charset::Utf16Le), 2),
            [0xFE, 0xFF, ..] => (Some(Charset::Utf16Be), 2),
            _ => (None, 0),
        };
        if let (Some(marked), Some(declared)) = (marked, declared)
            && marked != declared
        {
            let (marked, declared) = (marked.word(), declared.word());
            let what = format!(
                "it begins with the byte order mark of {marked}, and {declared} is declared; write `charset: {marked}`"
            );
            return Err(Problem::of(file, what).at(1, 1));
        }
        raw.drain(..length);
        let charset = marked.or(declared).unwrap_or(Charset::Utf8);
        let (text, evidence) = (Vec::new(), Evidence::default());
        let file = file.to_owned();
        Ok(Self { from, file, charset, raw, text, given: 0, ended: false, line: 1, column: 1, evidence })
    }

    /// The charset that the feed is read in.
    pub(super) fn charset(&self) -> Charset {
        self.charset
    }

    fn problem(&self, what: impl Into<String>) -> std::io::Error {
        wrapped(Problem::of(&self.file, what).at(self.line, self.column))
    }

    /// Reads and decodes more; false at the end.
    fn more(&mut self) -> std::io::Result<bool> {
        if self.ended {
            return Ok(false);
        }
        let start = self.raw.len();
        self.raw.resize(start + FILE_CHUNK_BYTES, 0);
        let room = self.raw.get_mut(start..).unwrap_or_default();
        let read = self.from.read(room)?;
        self.raw.truncate(start + read);
        self.ended = read == 0;
        self.text.clear();
        self.given = 0;
        match self.charset {
            Charset::Utf8 => self.utf8()?,
            Charset::Utf16Le => self.utf16(u16::from_le_bytes)?,
            Charset::Utf16Be => self.utf16(u16::from_be_bytes)?,
            Charset::Windows1252 | Charset::Iso8859 => self.single()?,
        }
        if self.ended {
            self.conclude()?;
        }
        Ok(true)
    }

    fn utf8(&mut self) -> std::io::Result<()> {
        let (good, bad) = match std::str::from_utf8(&self.raw) {
            Ok(_) => (self.raw.len(), false),
            Err(error) => (error.valid_up_to(), error.error_len().is_some() || self.ended),
        };
        let rest = self.raw.split_off(good);
        std::mem::swap(&mut self.text, &mut self.raw);
        self.raw = rest;
        let text = std::mem::take(&mut self.text);
        let nul = text.iter().position(|byte| *byte == 0);
        self.advance(text.get(..nul.unwrap_or(text.len())).unwrap_or_default());
        self.text = text;
        if nul.is_some() {
            return Err(self.problem(
                "there is a zero byte, as UTF-16 without a byte order mark has; if it is that, write `charset: utf-16le`",
            ));
        }
        match self.raw.first() {
            Some(byte) if bad => Err(self.problem(format!(
                "byte 0x{byte:02X} is not UTF-8 here; have the feed written in UTF-8, or declare its charset, such as \
                 `charset: windows-1252`"
            ))),
            _ => Ok(()),
        }
    }

    fn utf16(&mut self, unit: fn([u8; 2]) -> u16) -> std::io::Result<()> {
        let mut units: Vec<u16> = self.raw.chunks_exact(2).filter_map(|pair| pair.try_into().ok().map(unit)).collect();
        let mut rest = self.raw.split_off(units.len() * 2);
        if self.ended && !rest.is_empty() {
            return Err(self.problem("it ends in the middle of a letter of UTF-16; it is not whole"));
        }
        if !self.ended && units.last().is_some_and(|last| (0xD800..0xDC00).contains(last)) {
            units.pop();
            let half = self.raw.split_off(units.len() * 2);
            rest.splice(0..0, half);
        }
        self.raw = rest;
        for letter in char::decode_utf16(units) {
            let name = self.charset.word();
            let letter = letter
                .ok()
                .filter(|letter| *letter != '\0')
                .ok_or_else(|| self.problem(format!("there is no letter of {name} here; declare another charset")))?;
            self.push(letter);
        }
        Ok(())
    }

    fn single(&mut self) -> std::io::Result<()> {
        for byte in std::mem::take(&mut self.raw) {
            let code = match (byte, self.charset) {
                (0, _) => return Err(self.problem("there is a zero byte, so this is no text in one byte per letter")),
                (0x80..=0x9F, Charset::Windows1252) => {
                    WINDOWS.get(usize::from(byte - 0x80)).copied().filter(|code| *code != 0)
                }
                (0x80..=0x9F, _) => None,
                _ => Some(u16::from(byte)),
            };
            let Some(letter) = code.and_then(|code| char::from_u32(u32::from(code))) else {
                let name = self.charset.word();
                let other = if self.charset == Charset::Iso8859 { "windows-1252" } else { "utf-8" };
                return Err(self.problem(format!(
                    "byte 0x{byte:02X} is no letter of {name}; find out how the feed is written, perhaps in {other}"
                )));
            };
            self.evidence.weigh(byte, (self.line, self.column));
            self.push(letter);
        }
        Ok(())
    }

    fn push(&mut self, letter: char) {
        let mut room = [0; 4];
        self.text.extend_from_slice(letter.encode_utf8(&mut room).as_bytes());
        if letter == '\n' {
            (self.line, self.column) = (self.line + 1, 1);
        } else {
            self.column += 1;
        }
    }

    #[expect(clippy::naive_bytecount, reason = "the compiler makes it fast enough; a crate for it is not worth it")]
    fn advance(&mut self, text: &[u8]) {
        let lines = text.iter().filter(|byte| **byte == b'\n').count() as u64;
        let last = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        // A byte that goes on with a letter is no letter of its own.
        let letters = text.iter().skip(last).filter(|byte| (**byte & 0xC0) != 0x80).count() as u64;
        self.column = if lines > 0 { 1 + letters } else { self.column + letters };
        self.line += lines;
    }

    /// At the end: a feed whose every letter beyond ASCII is a sequence of UTF-8 was misdeclared.
    fn conclude(&self) -> std::io::Result<()> {
        match self.evidence {
            Evidence { first: Some((line, column)), for_utf8: count @ 1.., against: 0, pending: 0 } => {
                let name = self.charset.word();
                let what = format!(
                    "{name} is declared, and all {count} places beyond ASCII, here the first, are letters of UTF-8; write `charset: utf-8`"
                );
                Err(wrapped(Problem::of(&self.file, what).at(line, column)))
            }
            _ => Ok(()),
        }
    }
}

impl Evidence {
    fn weigh(&mut self, byte: u8, place: (u64, u64)) {
        match (byte, self.pending) {
            (0..=0x7F, 0) => {}
            (0x80..=0xBF, 1) => (self.pending, self.for_utf8) = (0, self.for_utf8 + 1),
            (0x80..=0xBF, 2..) => self.pending -= 1,
            (0xC2..=0xF4, 0) => {
                self.first.get_or_insert(place);
                self.pending = if byte < 0xE0 {
                    1
                } else if byte < 0xF0 {
                    2
                } else {
                    3
                };
            }
            _ => (self.pending, self.against) = (0, self.against + 1),
        }
    }
}

impl<R: Read> BufRead for Decoder<R> {
    fn fill_buf(&mut self) -> std::io::Result<&[u8]> {
        while self.given >= self.text.len() && self.more()? {}
        Ok(self.text.get(self.given..).unwrap_or_default())
    }

    fn consume(&mut self, count: usize) {
        self.given += count;
    }
}

impl<R: Read> Read for Decoder<R> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let count = self.fill_buf()?.read(into)?;
        self.consume(count);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::problem::unwrapped;

    fn decode(bytes: &[u8], charset: Option<Charset>) -> Result<String, String> {
        // One byte at a time: no letter may depend on where a piece ends.
        struct Slow<'a>(&'a [u8]);
        impl Read for Slow<'_> {
            fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
                let count = 1.min(self.0.len()).min(into.len());
                (&mut self.0).take(count as u64).read(into)
            }
        }
        let mut decoder = Decoder::new(Slow(bytes), "f", charset).map_err(|problem| problem.to_string())?;
        let mut text = String::new();
        let read = decoder.read_to_string(&mut text);
        read.map(|_| text).map_err(|error| unwrapped("f", &error).to_string())
    }

    #[test]
    fn each_charset_gives_the_same_text() {
        let text = "Zoë, €5\nŁukasz 李 😀\n";
        assert_eq!(decode(text.as_bytes(), None).unwrap(), text);
        assert_eq!(decode(&[b"\xEF\xBB\xBF", text.as_bytes()].concat(), None).unwrap(), text);
        let le: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let be: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(decode(&[b"\xFF\xFE", le.as_slice()].concat(), None).unwrap(), text);
        assert_eq!(decode(&[b"\xFE\xFF", be.as_slice()].concat(), None).unwrap(), text);
        assert_eq!(decode(&le, Some(Charset::Utf16Le)).unwrap(), text);
        assert_eq!(decode(b"Zo\xEB, \x805", Some(Charset::Windows1252)).unwrap(), "Zoë, €5");
        assert_eq!(decode(b"Zo\xEB", Some(Charset::Iso8859)).unwrap(), "Zoë");
    }

    #[test]
    fn a_wrong_charset_is_named_with_its_place_and_never_guessed() {
        for (bytes, charset, wanted) in [
            (b"id\nZo\xEB".as_slice(), None, "line 2 column 3: byte 0xEB is not UTF-8"),
            (b"i\0d\0", None, "line 1 column 2: there is a zero byte"),
            (b"\xEF\xBB\xBFid", Some(Charset::Windows1252), "line 1 column 1: it begins with the byte order mark"),
            (b"id\nZo\xC3\xAB", Some(Charset::Windows1252), "line 2 column 3: windows-1252 is declared, and all 1"),
            (b"a\x81", Some(Charset::Windows1252), "line 1 column 2: byte 0x81 is no letter of windows-1252"),
            (b"a\x93", Some(Charset::Iso8859), "perhaps in windows-1252"),
            (b"\xFF\xFEa\0b", None, "ends in the middle of a letter"),
            (b"ab\xC3", None, "line 1 column 3: byte 0xC3 is not UTF-8"),
        ] {
            let said = decode(bytes, charset).unwrap_err();
            assert!(said.contains(wanted), "{said}");
        }
    }
}
