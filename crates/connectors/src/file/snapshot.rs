//! A feed as it was read once, from its first byte to its last, with its rows kept for later pages.

use std::fs::File;
use std::io::{BufReader, Read as _, Seek as _, SeekFrom};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::Timestamp;
use tenure_connect::{Locator, Refusal, RefusalClass};
use tenure_model::{AccountState, Attributes, NativeId, Observed, Value};

use super::config::{Blank, FileConfig, Format};
use super::decode::Decoder;
use super::facts::{FeedFacts, weigh};
use super::memory::{self, Print, Summary};
use super::problem::Problem;
use super::rows::impostor;
use super::source::{Fed, Fetched};
use super::spool::{self, Kept, Room};
use super::survey::{Survey, print_of};
use super::{csv, json, xlsx};
use crate::limits::{FILE_BYTES_MAX, FILE_CHUNK_BYTES, FILE_SAMPLE_BYTES};

/// A feed as it was read once.
pub(super) struct Snapshot {
    pub(super) stamp: Option<String>,
    pub(super) at: Timestamp,
    pub(super) facts: FeedFacts,
    /// How it was written, in words.
    pub(super) manner: String,
    kept: File,
    pub(super) end: u64,
    prints: Vec<Print>,
    names: Vec<String>,
    summary: Summary,
    remembered: AtomicBool,
}

impl Snapshot {
    /// Reads a feed whole, or says what is wrong with it.
    pub(super) fn take(
        config: &FileConfig,
        fetched: Fetched,
        room: &Room,
        memory: &Path,
        at: Timestamp,
    ) -> Result<Self, Refusal> {
        let kept = room.file().map_err(|error| unkept("rows", error))?;
        let mut survey = Survey::new(config, kept);
        let mut manner = Vec::new();
        for fed in fetched.files {
            let before = state(&fed)?;
            survey.begin(&fed.name);
            let words = parse(config, &fed, &mut survey)?;
            survey.finish(fed.declared)?;
            if fed.shared && state(&fed)? != before {
                let what = format!("`{}` was written to while it was read; it is read again later", fed.name);
                return Err(Refusal::new(RefusalClass::Maintenance, what));
            }
            manner.push(words);
        }
        let found = survey.conclude()?;
        let rows = found.prints.len() as u64;
        if rows < config.expect.rows_min && config.delta.is_none() {
            let (least, files) = (config.expect.rows_min, found.files.join("`, `"));
            let what = match rows {
                0 => format!("`{files}`: there is a header and no row; an empty feed is not believed"),
                _ => format!("`{files}`: there are {rows} rows, and at least {least} are expected"),
            };
            let way = "look at whoever writes it, or lower `expect.rowsMin`";
            return Err(Refusal::new(RefusalClass::Invalid, format!("{what}; {way}")));
        }
        let fill = found.names.iter().cloned().zip(found.fill.iter().copied()).collect();
        let summary = Summary { mark: found.mark, rows, fill };
        let last = memory::compare(memory, &found.prints, |_| {}).map_err(|error| unkept("the last reading", error))?;
        let set_aside = found.set_aside.iter().map(ToString::to_string).collect();
        let set_aside = (found.set_aside_count, set_aside);
        let facts = weigh(&summary, set_aside, last, &config.expect, config.delta.is_some());
        Ok(Self {
            stamp: fetched.stamp,
            at,
            facts,
            manner: manner.join("; "),
            kept: found.kept,
            end: found.end,
            prints: found.prints,
            names: found.names,
            summary,
            remembered: AtomicBool::new(false),
        })
    }

    /// Remembers this reading as the last good one, once it was handed over whole and not doubted.
    pub(super) fn remember(&self, memory: &Path) -> Result<(), Refusal> {
        if !self.facts.doubts.is_empty() || self.remembered.swap(true, Ordering::SeqCst) {
            return Ok(());
        }
        memory::store(memory, &self.summary, &self.prints).map_err(|error| unkept("this reading", error))
    }

    /// Where the rows are that are new or changed since the last good reading, in their order; none
    /// if that is another reading than this mark names.
    pub(super) fn changed_since(&self, mark: &str, memory: &Path) -> Result<Option<Vec<u64>>, Refusal> {
        let mut offsets = Vec::new();
        let compared = memory::compare(memory, &self.prints, |print| offsets.push(print.offset));
        let compared = compared.map_err(|error| unkept("the last reading", error))?;
        offsets.sort_unstable();
        Ok(compared.filter(|(before, _)| before.mark == mark).map(|_| offsets))
    }

    /// The row at this place.
    pub(super) fn at(&self, config: &FileConfig, offset: u64) -> Result<Observed, Refusal> {
        Ok(self.observed(config, &self.row(offset)?))
    }

    /// Rows from there on, at most so many, and where the next one is.
    pub(super) fn rows(&self, config: &FileConfig, from: u64, count: u32) -> Result<(Vec<Observed>, u64), Refusal> {
        let (mut found, mut offset) = (Vec::new(), from);
        while offset < self.end && found.len() < count as usize {
            let kept = self.row(offset)?;
            offset = kept.next;
            found.push(self.observed(config, &kept));
        }
        Ok((found, offset))
    }

    fn row(&self, offset: u64) -> Result<Kept, Refusal> {
        spool::read(&self.kept, offset).map_err(|error| unkept("rows", error))
    }

    /// The one row that answers to a locator.
    pub(super) fn find(&self, config: &FileConfig, locator: &Locator) -> Result<Option<Observed>, Refusal> {
        let (name, wanted) = match locator {
            Locator::Native(id) => (config.key.as_str(), id.as_str()),
            Locator::Attribute { name, value } => (name.as_str(), value.as_str()),
        };
        if name == config.key {
            let key = print_of(wanted.as_bytes());
            let place = self.prints.partition_point(|print| print.key <= key);
            // Of several in a delta the last one holds.
            let last = place.checked_sub(1).and_then(|place| self.prints.get(place)).filter(|print| print.key == key);
            return last.map(|print| Ok(self.observed(config, &self.row(print.offset)?))).transpose();
        }
        let Some(column) = self.names.iter().position(|other| other == name) else {
            let there = self.names.join("`, `");
            let what = format!("the feed has no column `{name}`; there are `{there}`");
            return Err(Refusal::new(RefusalClass::Invalid, what));
        };
        let (mut found, mut offset) = (None, 0);
        while offset < self.end {
            let kept = self.row(offset)?;
            offset = kept.next;
            let is = |(place, value): &(usize, Option<Value>)| {
                *place == column && value.as_ref().is_some_and(|value| value.to_string() == wanted)
            };
            if kept.cells.iter().any(is) && found.replace(kept).is_some() && config.delta.is_none() {
                let what = format!("more than one row answers to `{locator}`; use a column that is unique");
                return Err(Refusal::new(RefusalClass::Invalid, what));
            }
        }
        Ok(found.map(|kept| self.observed(config, &kept)))
    }

    /// What a row means.
    fn observed(&self, config: &FileConfig, kept: &Kept) -> Observed {
        let mut attributes = Attributes::new();
        for (place, value) in &kept.cells {
            let Some(name) = self.names.get(*place) else { continue };
            match (value, config.blank) {
                (Some(value), _) => drop(attributes.insert(name.clone(), value.clone())),
                (None, Blank::Cleared) => drop(attributes.insert(name.clone(), Value::Cleared)),
                (None, Blank::Absent) => {}
            }
        }
        let text = |name: &str| attributes.get(name).map(ToString::to_string).unwrap_or_default();
        let state = state_of(config, text);
        let (id, name) = (NativeId::new(text(&config.key)), text(config.naming()));
        Observed { native_id: Some(id), name, state, holds: [].into(), attributes, at: self.at }
    }
}

fn state_of(config: &FileConfig, text: impl Fn(&str) -> String) -> AccountState {
    if let Some(delta) = &config.delta {
        let word = text(&delta.column);
        if delta.delete.contains(&word) {
            return AccountState::Gone;
        }
        if !delta.upsert.contains(&word) {
            return AccountState::Unknown;
        }
    }
    let Some(status) = &config.status else { return AccountState::Active };
    let word = text(&status.column);
    match (status.active.contains(&word), status.disabled.contains(&word)) {
        (true, false) => AccountState::Active,
        (false, true) => AccountState::Disabled,
        _ => AccountState::Unknown,
    }
}

fn unkept(what: &str, error: std::io::Error) -> Refusal {
    let message = format!("{what} of a feed cannot be kept or read again; look at the data folder and its free space");
    Refusal::new(RefusalClass::Maintenance, message).because(error)
}

/// What would be another one if the file was written to.
fn state(fed: &Fed) -> Result<(u64, Option<std::time::SystemTime>), Refusal> {
    let metadata = fed.content.metadata().map_err(|error| unkept("the file", error))?;
    Ok((metadata.len(), metadata.modified().ok()))
}

/// Reads one file into the survey, and says how it was written.
fn parse(config: &FileConfig, fed: &Fed, survey: &mut Survey<'_>) -> Result<String, Problem> {
    let name = &fed.name;
    let unread = |error: std::io::Error| Problem::of(name, format!("cannot be read: {}", error.kind()));
    let mut content = fed.content.try_clone().map_err(unread)?;
    content.seek(SeekFrom::Start(0)).map_err(unread)?;
    let mut head = Vec::new();
    content.by_ref().take(FILE_SAMPLE_BYTES as u64).read_to_end(&mut head).map_err(unread)?;
    content.seek(SeekFrom::Start(0)).map_err(unread)?;
    let format = config.format.word();
    let is_book = matches!(config.format, Format::Xlsx { .. });
    if head.is_empty() {
        return Err(Problem::of(name, "it is empty, without even a header; look at whoever writes it"));
    }
    if let Some(what) = impostor(&head).filter(|_| !is_book || !head.starts_with(b"PK")) {
        return Err(Problem::of(name, format!("{format} was expected, and it is {what}")).at(1, 1));
    }
    let charset = match &config.format {
        Format::Csv { charset, .. } | Format::Json { charset, .. } | Format::JsonLines { charset } => *charset,
        Format::Xlsx { sheet } => {
            xlsx::read(content, name, sheet.as_deref(), survey)?;
            return Ok(format!("`{name}`: {format}"));
        }
    };
    let limited = BufReader::with_capacity(FILE_CHUNK_BYTES, content.take(FILE_BYTES_MAX));
    let decoder = Decoder::new(limited, name, charset)?;
    let written = decoder.charset().word();
    match &config.format {
        Format::Csv { delimiter: Some(sign), .. } => {
            csv::read(decoder, name, u8::try_from(*sign).unwrap_or(b','), survey)?;
            Ok(format!("`{name}`: {format} with {sign:?} as declared, {written}"))
        }
        Format::Json { records, .. } => {
            json::read(decoder, name, records.as_deref(), survey)?;
            Ok(format!("`{name}`: {format}, {written}"))
        }
        Format::JsonLines { .. } => {
            json::read_lines(decoder, name, survey)?;
            Ok(format!("`{name}`: {format}, {written}"))
        }
        Format::Csv { delimiter: None, .. } | Format::Xlsx { .. } => {
            let sample = sample(&head, name, charset);
            let sniffed = csv::sniff(name, &sample)?;
            csv::read(decoder, name, sniffed.delimiter, survey)?;
            let (sign, agree) = (char::from(sniffed.delimiter), sniffed.agree_percent);
            Ok(format!("`{name}`: {format} with {sign:?} as found out ({agree} % of the sample agree), {written}"))
        }
    }
}

/// The beginning of a feed as text, as far as it is text; whatever is wrong is told by the reading.
fn sample(head: &[u8], name: &str, charset: Option<super::decode::Charset>) -> Vec<u8> {
    let mut text = Vec::new();
    if let Ok(mut decoder) = Decoder::new(head, name, charset) {
        // A letter that the sample cuts in two ends it early, which is well.
        drop(decoder.read_to_end(&mut text));
    }
    text
}
