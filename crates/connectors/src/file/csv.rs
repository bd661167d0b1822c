//! Delimited text: RFC 4180 with any delimiter, read in bounded memory.
//!
//! It turns text into records and nothing more: what a record means is for `survey` to say. A
//! quote that opens and never closes is named by the line on which it opens.

use std::io::BufRead;

use super::problem::{Problem, unwrapped};
use super::rows::{Cell, Rows, check_header};
use crate::limits::{FILE_COLUMNS_MAX, FILE_RECORD_BYTES_MAX, FILE_SAMPLE_BYTES, FILE_SAMPLE_RECORDS};

/// The delimiters that can be found out.
const CANDIDATES: [u8; 4] = [b',', b';', b'\t', b'|'];

/// One record: its text without quotes, and where each field ends in it.
#[derive(Debug, Default)]
pub(super) struct Record {
    text: Vec<u8>,
    ends: Vec<usize>,
    /// The line on which it begins.
    pub(super) line: u64,
    /// Whether a line end closed it.
    pub(super) closed: bool,
}

impl Record {
    /// Its fields. The reader under it hands out UTF-8 only, so none is lost.
    pub(super) fn fields(&self) -> impl Iterator<Item = &str> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts
            .zip(&self.ends)
            .map(|(start, end)| std::str::from_utf8(self.text.get(start..*end).unwrap_or_default()).unwrap_or_default())
    }

    fn is_blank(&self) -> bool {
        self.text.is_empty() && self.ends.len() <= 1
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before the first letter of a field.
    Start,
    /// In a field without quotes.
    Plain,
    /// Between quotes.
    Quoted,
    /// After a quote that closes, or is the first of two.
    Closing,
    /// After the first half of a line end.
    Return,
}

/// Reads records one after the other.
pub(super) struct Parser<R> {
    from: R,
    file: String,
    delimiter: u8,
    line: u64,
    /// Where the quote that is open was opened.
    opened: (u64, u64),
    /// Bytes of the line so far, to say where a fault is.
    column: u64,
}

impl<R: BufRead> Parser<R> {
    /// A reader of records with this delimiter.
    pub(super) fn new(from: R, file: &str, delimiter: u8) -> Self {
        Self { from, file: file.to_owned(), delimiter, line: 1, opened: (1, 1), column: 1 }
    }

    /// Reads the next record that is not an empty line; false at the end.
    pub(super) fn next(&mut self, record: &mut Record) -> Result<bool, Problem> {
        loop {
            record.text.clear();
            record.ends.clear();
            record.line = self.line;
            record.closed = false;
            let found = self.record(record)?;
            if !found || !record.is_blank() {
                return Ok(found);
            }
        }
    }

    fn record(&mut self, record: &mut Record) -> Result<bool, Problem> {
        let mut state = State::Start;
        let mut seen = false;
        loop {
            let buffer = self.from.fill_buf().map_err(|error| unwrapped(&self.file, &error))?;
            if buffer.is_empty() {
                return self.end(record, state, seen);
            }
            seen = true;
            let piece = Piece { delimiter: self.delimiter, line: self.line, column: self.column };
            let step = piece.scan(buffer, &mut state, record, &mut self.opened);
            let (used, line, column, done) =
                step.map_err(|(line, column, what)| Problem::of(&self.file, what).at(line, column))?;
            self.from.consume(used);
            (self.line, self.column) = (line, column);
            if record.text.len() > FILE_RECORD_BYTES_MAX || record.ends.len() > FILE_COLUMNS_MAX {
                return Err(self.too_large(state, record.line));
            }
            if done {
                return Ok(true);
            }
        }
    }

    fn end(&self, record: &mut Record, state: State, seen: bool) -> Result<bool, Problem> {
        if state == State::Quoted {
            return Err(self.never_closed());
        }
        if seen {
            record.ends.push(record.text.len());
        }
        Ok(seen)
    }

    fn never_closed(&self) -> Problem {
        let what =
            "a quote opens here and is never closed; the feed is cut off, or a quote within a value is not doubled";
        Problem::of(&self.file, what).at(self.opened.0, self.opened.1)
    }

    fn too_large(&self, state: State, line: u64) -> Problem {
        if state == State::Quoted {
            return self.never_closed();
        }
        let what = format!(
            "a record has more than {FILE_COLUMNS_MAX} fields or {FILE_RECORD_BYTES_MAX} bytes; check the delimiter"
        );
        Problem::of(&self.file, what).on(line)
    }
}

/// What is known while a piece of text is scanned.
struct Piece {
    delimiter: u8,
    line: u64,
    column: u64,
}

/// Bytes used, the line and column after them, and whether the record is done.
type Step = (usize, u64, u64, bool);

impl Piece {
    fn scan(
        mut self,
        buffer: &[u8],
        state: &mut State,
        record: &mut Record,
        opened: &mut (u64, u64),
    ) -> Result<Step, (u64, u64, String)> {
        let mut at = 0;
        while let Some(&byte) = buffer.get(at) {
            match *state {
                State::Plain | State::Quoted => {
                    let rest = buffer.get(at..).unwrap_or_default();
                    let stop = if *state == State::Plain { self.plain_length(rest) } else { quoted_length(rest) };
                    record.text.extend_from_slice(rest.get(..stop).unwrap_or_default());
                    self.column += stop as u64;
                    at += stop;
                    let Some(&byte) = buffer.get(at) else { break };
                    at += 1;
                    if *state == State::Plain {
                        if self.close(byte, state, record) {
                            return Ok((at, self.line, self.column, true));
                        }
                    } else {
                        self.quoted(byte, state, record);
                    }
                }
                State::Start if byte == b'"' => {
                    *opened = (self.line, self.column);
                    (at, self.column, *state) = (at + 1, self.column + 1, State::Quoted);
                }
                State::Closing if byte == b'"' => {
                    record.text.push(b'"');
                    (at, self.column, *state) = (at + 1, self.column + 1, State::Quoted);
                }
                State::Return if byte != b'\n' => {
                    let what = "a carriage return stands alone; have lines end with a line feed, or put it in quotes";
                    return Err((self.line, self.column, what.to_owned()));
                }
                State::Start | State::Closing | State::Return if self.closes(byte) => {
                    at += 1;
                    if self.close(byte, state, record) {
                        return Ok((at, self.line, self.column, true));
                    }
                }
                State::Start => *state = State::Plain,
                State::Closing | State::Return => {
                    let what = "after a quote that closes there is something else than a delimiter or line end; double \
                                a quote within a value";
                    return Err((self.line, self.column, what.to_owned()));
                }
            }
        }
        Ok((at, self.line, self.column, false))
    }

    fn closes(&self, byte: u8) -> bool {
        byte == self.delimiter || byte == b'\n' || byte == b'\r'
    }

    fn plain_length(&self, rest: &[u8]) -> usize {
        rest.iter().position(|byte| self.closes(*byte)).unwrap_or(rest.len())
    }

    /// A delimiter or line end outside quotes; true when the record is done.
    fn close(&mut self, byte: u8, state: &mut State, record: &mut Record) -> bool {
        *state = State::Start;
        self.column += 1;
        match byte {
            b'\r' => {
                *state = State::Return;
                false
            }
            b'\n' => {
                record.ends.push(record.text.len());
                record.closed = true;
                (self.line, self.column) = (self.line + 1, 1);
                true
            }
            _ => {
                record.ends.push(record.text.len());
                false
            }
        }
    }

    fn quoted(&mut self, byte: u8, state: &mut State, record: &mut Record) {
        self.column += 1;
        if byte == b'"' {
            *state = State::Closing;
        } else {
            record.text.push(byte);
            (self.line, self.column) = (self.line + 1, 1);
        }
    }
}

fn quoted_length(rest: &[u8]) -> usize {
    rest.iter().position(|byte| *byte == b'"' || *byte == b'\n').unwrap_or(rest.len())
}

/// Reads a whole feed: the header, then rows.
pub(super) fn read(from: impl BufRead, file: &str, delimiter: u8, rows: &mut dyn Rows) -> Result<(), Problem> {
    let mut parser = Parser::new(from, file, delimiter);
    let mut record = Record::default();
    if !parser.next(&mut record)? {
        return Err(Problem::of(file, "it is empty, without even a header; look at whoever writes it"));
    }
    let names: Vec<String> = record.fields().map(str::to_owned).collect();
    check_header(file, &names, record.line)?;
    rows.columns(&names, record.line)?;
    while parser.next(&mut record)? {
        let cell = |text| if str::is_empty(text) { Cell::Blank } else { Cell::Text(text) };
        let cells: Vec<Cell<'_>> = record.fields().map(cell).collect();
        rows.row(record.line, &cells)?;
    }
    Ok(())
}

/// The delimiter that was found out, and how many of the records of the sample agree with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sniffed {
    /// It.
    pub(super) delimiter: u8,
    /// In percent.
    pub(super) agree_percent: u64,
}

/// Finds the delimiter out from the beginning of a feed, or says that it cannot.
pub(super) fn sniff(file: &str, sample: &[u8]) -> Result<Sniffed, Problem> {
    let sample = sample.get(..FILE_SAMPLE_BYTES.min(sample.len())).unwrap_or_default();
    let mut found: Vec<(u64, usize, u8)> = CANDIDATES
        .into_iter()
        .filter_map(|sign| agreement(sample, sign).map(|(agree, count)| (agree, count, sign)))
        .collect();
    found.sort_unstable();
    let (best, second) = (found.pop(), found.pop());
    match (best, second) {
        (None, _) => Ok(Sniffed { delimiter: b',', agree_percent: 100 }),
        (Some((agree, ..)), Some((other, ..))) if agree == other => Err(Problem::of(
            file,
            "the delimiter cannot be told from the first records; declare it, such as `delimiter: \";\"`",
        )),
        (Some((agree, ..)), _) if agree < 90 => Err(Problem::of(
            file,
            "no delimiter fits nine of ten of the first records; declare it, such as `delimiter: \";\"`",
        )),
        (Some((agree_percent, _, delimiter)), _) => Ok(Sniffed { delimiter, agree_percent }),
    }
}

/// How many of the first records have as many fields as the header, if that has more than one.
fn agreement(sample: &[u8], delimiter: u8) -> Option<(u64, usize)> {
    let mut parser = Parser::new(sample, "", delimiter);
    let mut record = Record::default();
    if !parser.next(&mut record).ok()? {
        return None;
    }
    let columns = record.ends.len();
    let (mut agree, mut all) = (0, 0);
    while all < FILE_SAMPLE_RECORDS && parser.next(&mut record).unwrap_or(false) && record.closed {
        all += 1;
        agree += u64::from(record.ends.len() == columns);
    }
    (columns > 1).then(|| ((agree * 100).checked_div(all).unwrap_or(100), columns))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(text: &str) -> Result<Vec<(u64, Vec<String>)>, String> {
        let mut found = Vec::new();
        // One byte at a time: no record may depend on where a piece ends.
        let mut parser = Parser::new(std::io::BufReader::with_capacity(1, text.as_bytes()), "f", b',');
        let mut record = Record::default();
        while parser.next(&mut record).map_err(|problem| problem.to_string())? {
            found.push((record.line, record.fields().map(str::to_owned).collect()));
        }
        Ok(found)
    }

    #[test]
    fn quotes_newlines_and_line_ends() {
        let text = "a,b\r\n\"x,\"\"y\"\"\nz\",\r\n\n,\"\"\n1,2\" x";
        let found = records(text).unwrap();
        let plain: Vec<(u64, Vec<&str>)> =
            found.iter().map(|(line, fields)| (*line, fields.iter().map(String::as_str).collect())).collect();
        assert_eq!(
            plain,
            [(1, vec!["a", "b"]), (2, vec!["x,\"y\"\nz", ""]), (5, vec!["", ""]), (6, vec!["1", "2\" x"])]
        );
    }

    #[test]
    fn a_quote_that_never_closes_is_named_where_it_opens() {
        assert!(records("a,b\n1,\"x\n2,y\n").unwrap_err().starts_with("`f` line 2 column 3: a quote opens here"));
        assert!(records("a\n\"x\"y\n").unwrap_err().starts_with("`f` line 2 column 4: after a quote"));
    }

    #[test]
    fn delimiters_are_found_out_or_asked_for() {
        let sniffed = |text: &str| sniff("f", text.as_bytes()).map(|found| (found.delimiter, found.agree_percent));
        assert_eq!(sniffed("a;b\n1;2,5\n2;3\n").unwrap(), (b';', 100));
        assert_eq!(sniffed("a\tb\n1\t2\n").unwrap(), (b'\t', 100));
        assert_eq!(sniffed("a\n1\n").unwrap(), (b',', 100));
        assert!(sniffed("a;b,c\n1;2,3\n").is_err());
        assert!(sniffed("a,b\n1\n2\n3\n").is_err());
    }
}
