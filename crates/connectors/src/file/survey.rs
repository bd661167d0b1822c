//! One look at every row of a feed before any of it is believed.
//!
//! It types cells, finds rows that do not fit their header, keys that are missing or come twice,
//! and trailers that count otherwise; it keeps the rows for later pages and says what the feed is
//! as a whole, beside what the last good one was. It hands nothing on while it is not through.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write as _};

use tenure_model::Value;

use super::cell::typed;
use super::config::{ColumnType, FileConfig, Whole};
use super::memory::Print;
use super::problem::Problem;
use super::rows::{Cell, Rows};
use super::spool;
use crate::limits::{FILE_PROBLEMS_TOLD_MAX, FILE_ROWS_MAX};

/// What a survey has found, with the rows it kept.
pub(super) struct Surveyed {
    pub(super) kept: File,
    pub(super) end: u64,
    pub(super) prints: Vec<Print>,
    pub(super) names: Vec<String>,
    pub(super) files: Vec<String>,
    pub(super) fill: Vec<u64>,
    pub(super) set_aside: Vec<Problem>,
    pub(super) set_aside_count: u64,
    /// A fingerprint of everything that was read.
    pub(super) mark: String,
}

/// A survey that is under way.
pub(super) struct Survey<'a> {
    config: &'a FileConfig,
    /// The columns of all files together, and what each is.
    names: Vec<String>,
    types: Vec<Option<&'a ColumnType>>,
    /// The order of the columns by name, so that a new order in the feed changes no fingerprint.
    sorted: Vec<usize>,
    /// Where each column of the present file is among all; none for one that is not read.
    layout: Vec<Option<usize>>,
    /// Where each of all columns is in the present file.
    inverse: Vec<Option<usize>>,
    files: Vec<String>,
    kept: BufWriter<File>,
    end: u64,
    prints: Vec<Print>,
    fill: Vec<u64>,
    problems: Vec<Problem>,
    problems_count: u64,
    /// Rows of the present file, and what its trailer says of them.
    file_rows: u64,
    trailer: Option<(u64, Option<u64>)>,
    whole: ring::digest::Context,
    row: Vec<u8>,
    canonical: Vec<u8>,
}

impl<'a> Survey<'a> {
    /// A survey that keeps rows in this file.
    pub(super) fn new(config: &'a FileConfig, kept: File) -> Self {
        Self {
            config,
            names: Vec::new(),
            types: Vec::new(),
            sorted: Vec::new(),
            layout: Vec::new(),
            inverse: Vec::new(),
            files: Vec::new(),
            kept: BufWriter::with_capacity(1 << 18, kept),
            end: 0,
            prints: Vec::new(),
            fill: Vec::new(),
            problems: Vec::new(),
            problems_count: 0,
            file_rows: 0,
            trailer: None,
            whole: ring::digest::Context::new(&ring::digest::SHA256),
            row: Vec::new(),
            canonical: Vec::new(),
        }
    }

    /// Begins with the next file.
    pub(super) fn begin(&mut self, file: &str) {
        self.files.push(file.to_owned());
        self.layout.clear();
        self.file_rows = 0;
        self.trailer = None;
    }

    /// Ends a file; `declared` is how many rows a file beside it says it has.
    pub(super) fn finish(&mut self, declared: Option<u64>) -> Result<(), Problem> {
        let wants_trailer = matches!(self.config.whole, Some(Whole::Trailer { .. }));
        let declared = match (wants_trailer, self.trailer) {
            (false, _) => declared,
            (true, Some((_, Some(declared)))) => Some(declared),
            (true, Some((line, None))) => {
                let what = "the trailer has no number of rows in the field that `whole.field` names";
                return Err(self.problem(what).on(line));
            }
            (true, None) => {
                return Err(self.problem("the trailer is missing, so the feed is cut off or not yet whole"));
            }
        };
        match declared {
            Some(declared) if declared != self.file_rows => {
                let rows = self.file_rows;
                Err(self.problem(format!(
                    "{declared} rows are declared and {rows} are there; the feed is cut off or put together wrongly"
                )))
            }
            _ => Ok(()),
        }
    }

    fn problem(&self, what: impl Into<String>) -> Problem {
        Problem::of(self.files.last().map_or("feed", String::as_str), what)
    }

    /// Ends the survey.
    pub(super) fn conclude(mut self) -> Result<Surveyed, Problem> {
        self.prints.sort_unstable();
        if self.config.delta.is_none() {
            self.repeated()?;
        }
        if self.problems_count > self.config.bad_rows_max {
            return Err(told(&self.problems, self.problems_count));
        }
        let failed = |error: std::io::Error| Problem::of("feed", format!("rows cannot be kept: {}", error.kind()));
        self.kept.flush().map_err(failed)?;
        let kept = self.kept.into_inner().map_err(|error| failed(error.into_error()))?;
        let mark = self.whole.finish().as_ref().first_chunk().copied().map_or(0, u64::from_be_bytes);
        let mark = format!("{mark:016x}");
        Ok(Surveyed {
            kept,
            end: self.end,
            prints: self.prints,
            names: self.names,
            files: self.files,
            fill: self.fill,
            set_aside: self.problems,
            set_aside_count: self.problems_count,
            mark,
        })
    }

    /// Refuses a key that comes twice: nobody could say which of the rows is meant.
    fn repeated(&mut self) -> Result<(), Problem> {
        let twice = |pair: &&[Print]| matches!(pair, [first, second] if first.key == second.key);
        let count = self.prints.windows(2).filter(twice).count();
        let Some([first, second]) = self.prints.windows(2).find(twice) else { return Ok(()) };
        self.kept.flush().map_err(|error| kept_not(&error))?;
        let failed = |error: std::io::Error| kept_not(&error);
        let rows = [first, second].map(|print| spool::read(self.kept.get_ref(), print.offset));
        let [first, second] = rows;
        let (first, second) = (first.map_err(failed)?, second.map_err(failed)?);
        let file = |number: u32| self.files.get(number as usize).map_or("feed", String::as_str);
        let more = if count > 1 { format!(", and {} more come twice", count - 1) } else { String::new() };
        let what = format!(
            "it has the same `{}` as line {} of `{}`{more}; a key must be of one row, so choose another column, or correct the source",
            self.config.key,
            first.line,
            file(first.file),
        );
        Err(Problem::of(file(second.file), what).on(second.line))
    }

    fn set_aside(&mut self, problem: Problem) -> Result<(), Problem> {
        self.problems_count += 1;
        if self.problems.len() < FILE_PROBLEMS_TOLD_MAX {
            self.problems.push(problem);
        }
        // There is no use in reading on when so many are wrong; what was seen is told.
        if self.problems_count > self.config.bad_rows_max && self.problems.len() >= FILE_PROBLEMS_TOLD_MAX {
            return Err(told(&self.problems, self.problems_count));
        }
        Ok(())
    }

    /// Whether this is the trailer, or comes after it.
    fn is_trailer(&mut self, line: u64, cells: &[Cell<'_>]) -> Result<bool, Problem> {
        let Some(Whole::Trailer { starts, field }) = &self.config.whole else { return Ok(false) };
        if let Some((trailer, _)) = self.trailer {
            return Err(self.problem(format!("there is a row after the trailer on line {trailer}")).on(line));
        }
        let first = cells.first().map(text_of).unwrap_or_default();
        if !first.starts_with(starts.as_str()) {
            return Ok(false);
        }
        let declared = cells.get(field.saturating_sub(1)).map(text_of).unwrap_or_default();
        let digits = if *field == 1 { declared.strip_prefix(starts.as_str()).unwrap_or(&declared) } else { &declared };
        self.trailer = Some((line, digits.trim().parse().ok()));
        Ok(true)
    }

    /// Keeps a row, or says what is wrong with it.
    fn keep(&mut self, line: u64, cells: &[Cell<'_>]) -> Result<Option<String>, Problem> {
        let present = self.layout.len();
        if cells.len() != present {
            let count = cells.len();
            return Ok(Some(format!(
                "there are {count} fields and the header has {present}; values are shifted, or one has a delimiter \
                 or line end in it without quotes"
            )));
        }
        self.row.clear();
        self.canonical.clear();
        let mut key = None;
        for at in 0..self.sorted.len() {
            let Some(column) = self.sorted.get(at).copied() else { continue };
            let cell = self.inverse.get(column).copied().flatten().and_then(|place| cells.get(place));
            let (Some(cell), Some(name)) = (cell, self.names.get(column)) else { continue };
            let found = match self.types.get(column).copied().flatten() {
                Some(kind) => typed(cell, kind),
                None => Ok(cell.clone()),
            };
            let cell = match found {
                Ok(cell) => cell,
                Err(why) => return Ok(Some(format!("the value of `{name}` {why}"))),
            };
            if matches!(cell, Cell::Absent) {
                continue;
            }
            let start = self.row.len();
            let number = u32::try_from(column).unwrap_or(u32::MAX);
            spool::put(&mut self.row, number, &cell).map_err(|error| kept_not(&error))?;
            self.canonical.extend_from_slice(name.as_bytes());
            self.canonical.extend_from_slice(self.row.get(start + 4..).unwrap_or_default());
            if let (false, Some(count)) = (matches!(cell, Cell::Blank), self.fill.get_mut(column)) {
                *count += 1;
                if *name == self.config.key {
                    key = Some(print_of(text_of(&cell).as_bytes()));
                }
            }
        }
        let Some(key) = key else { return Ok(Some(format!("the key `{}` is empty", self.config.key))) };
        if self.prints.len() as u64 >= FILE_ROWS_MAX {
            return Err(self.problem(format!("there are more than {FILE_ROWS_MAX} rows, which is the limit")).on(line));
        }
        self.whole.update(&self.canonical);
        let content = ring::digest::digest(&ring::digest::SHA256, &self.canonical);
        let content = content.as_ref().first_chunk().copied().map_or(0, u64::from_le_bytes);
        self.prints.push(Print { key, offset: self.end, content });
        let file = u32::try_from(self.files.len().saturating_sub(1)).unwrap_or(u32::MAX);
        self.end += spool::write(&mut self.kept, file, line, &self.row).map_err(|error| kept_not(&error))?;
        Ok(None)
    }
}

impl Rows for Survey<'_> {
    fn columns(&mut self, names: &[String], line: u64) -> Result<(), Problem> {
        let wanted = &self.config.columns;
        self.layout.clear();
        for name in names {
            let needed = [Some(&self.config.key), self.config.name.as_ref()].into_iter().flatten();
            let needed = needed.chain(self.config.status.as_ref().map(|status| &status.column));
            let mut needed = needed.chain(self.config.delta.as_ref().map(|delta| &delta.column));
            if !wanted.is_empty() && !wanted.contains(name) && !needed.any(|other| other == name) {
                self.layout.push(None);
                continue;
            }
            let known = self.names.iter().position(|other| other == name);
            let place = known.unwrap_or_else(|| {
                self.names.push(name.clone());
                self.types.push(self.config.types.get(name));
                self.fill.push(0);
                self.names.len() - 1
            });
            self.layout.push(Some(place));
        }
        self.sorted = (0..self.names.len()).collect();
        self.sorted.sort_by_key(|place| self.names.get(*place));
        self.inverse = vec![None; self.names.len()];
        for (place, column) in self.layout.iter().enumerate() {
            if let Some(slot) = column.and_then(|column| self.inverse.get_mut(column)) {
                *slot = Some(place);
            }
        }
        missing(self.config, names).map_or(Ok(()), |what| {
            // Columns of JSON turn up row by row, so a missing one is only known at the end.
            let fixed = !matches!(self.config.format, super::Format::Json { .. } | super::Format::JsonLines { .. });
            if fixed { Err(self.problem(what).on(line)) } else { Ok(()) }
        })
    }

    fn row(&mut self, line: u64, cells: &[Cell<'_>]) -> Result<(), Problem> {
        if self.is_trailer(line, cells)? {
            return Ok(());
        }
        self.file_rows += 1;
        match self.keep(line, cells)? {
            None => Ok(()),
            Some(what) => self.set_aside(self.problem(what).on(line)),
        }
    }
}

/// Which of the columns that the settings need is not there.
pub(super) fn missing(config: &FileConfig, names: &[String]) -> Option<String> {
    let needed = [Some(&config.key), config.name.as_ref()].into_iter().flatten();
    let needed = needed.chain(&config.columns).chain(config.types.keys());
    let needed = needed.chain(config.status.as_ref().map(|status| &status.column));
    let mut needed = needed.chain(config.delta.as_ref().map(|delta| &delta.column));
    let lost = needed.find(|name| !names.contains(name))?;
    let there = names.join("`, `");
    Some(format!(
        "column `{lost}` is missing; there are `{there}`; correct the settings, or ask whoever writes the feed"
    ))
}

fn told(problems: &[Problem], count: u64) -> Problem {
    let (first, rest) = problems.split_first().map_or((None, problems), |(first, rest)| (Some(first), rest));
    let Some(first) = first else { return Problem::of("feed", "rows are wrong") };
    let mut by_words: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for problem in rest {
        by_words.entry(&problem.what).or_default().extend(problem.line.map(|line| line.to_string()));
    }
    let others: Vec<String> =
        by_words.into_iter().map(|(what, lines)| format!("line {}: {what}", lines.join(", "))).collect();
    let more = if others.is_empty() {
        String::new()
    } else {
        format!(" ({count} rows are wrong; also {})", others.join("; "))
    };
    Problem { what: format!("{}{more}", first.what), ..first.clone() }
}

fn kept_not(error: &std::io::Error) -> Problem {
    Problem::of("feed", format!("rows cannot be kept: {}; look at the free space of the data folder", error.kind()))
}

/// The text of a cell, as a key is compared.
pub(super) fn text_of(cell: &Cell<'_>) -> String {
    match cell {
        Cell::Absent | Cell::Blank => String::new(),
        Cell::Text(text) => (*text).to_owned(),
        Cell::Typed(value) => Value::to_string(value),
    }
}

/// The fingerprint of a key.
pub(super) fn print_of(key: &[u8]) -> u128 {
    let digest = ring::digest::digest(&ring::digest::SHA256, key);
    digest.as_ref().first_chunk().copied().map_or(0, u128::from_le_bytes)
}
