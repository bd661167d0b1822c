//! Reading sources: a file, a table or a directory becomes facts about people.
//!
//! A reading is surveyed as a whole before anything of it is believed ([`survey`]); policy weighs
//! it beside what was known (`policy::feed`); what is not withheld is taken in as events, several
//! hundred rows a transaction ([`apply`]). What became of each row is kept as hashes, so that a
//! reading in which nothing changed writes nothing. Another mapping reads all of it anew ([`remap`]).
//! [`read`] is the whole way.

pub(crate) mod apply;
pub mod list;
pub(crate) mod mark;
pub mod read;
pub(crate) mod remap;
pub(crate) mod survey;

use serde::{Deserialize, Serialize};
use tenure_policy::feed::{Columns, Guard, Reading, Verdict};
use tenure_store::StoreError;
use tenure_store::source_readings::{ReadingRow, Stage};

use crate::error::AppError;

/// How a source is read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Feed {
    /// Every so many minutes; only when somebody asks if none.
    pub every_minutes: Option<u32>,
    /// Which columns speak of the engagement.
    pub columns: Columns,
    /// What it means that somebody is not in a whole reading any more.
    pub absent: Absent,
    /// When to stop and ask.
    pub guard: Guard,
}

/// What it means that somebody is not in a whole reading any more.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Absent {
    /// Their engagement ends with the day of the reading.
    #[default]
    End,
    /// Nothing.
    Keep,
}

/// What of a reading was taken over.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Applied {
    /// People that are new.
    pub new: u64,
    /// People of whom something else is said.
    pub changed: u64,
    /// People who are not in it any more.
    pub gone: u64,
    /// Rows of which something is withheld.
    pub withheld: u64,
    /// Rows that were put aside.
    pub quarantined: u64,
    /// The first of those, each with its key and the reason.
    pub quarantined_first: Vec<String>,
}

impl Applied {
    fn put_aside(&mut self, why: String) {
        self.quarantined += 1;
        if self.quarantined_first.len() < crate::limits::QUARANTINED_SHOWN_MAX {
            self.quarantined_first.push(why);
        }
    }
}

/// A reading as it is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Its row. A dry run has the number that the next reading will have.
    pub row: ReadingRow,
    /// What it found.
    pub found: Reading,
    /// Why it could not be read, if so.
    pub failure: Option<String>,
    /// What of it is withheld.
    pub verdict: Verdict,
    /// What was taken over.
    pub applied: Applied,
}

/// What is kept of a reading beside its stage.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Found {
    #[serde(flatten)]
    reading: Reading,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    failure: Option<String>,
}

impl Report {
    fn of(row: ReadingRow) -> Result<Self, AppError> {
        fn parse<T: for<'de> Deserialize<'de>>(text: &str) -> Result<T, AppError> {
            serde_json::from_str(text).map_err(|error| AppError::Corrupt(error.to_string()))
        }
        let found: Found = parse(&row.found)?;
        let (verdict, applied) = (parse(&row.verdict)?, parse(&row.applied)?);
        Ok(Self { found: found.reading, failure: found.failure, verdict, applied, row })
    }

    /// Its row with everything that is known by now.
    fn to_row(&self, stage: Stage, now: jiff::Timestamp) -> Result<ReadingRow, AppError> {
        let found = Found { reading: self.found.clone(), failure: self.failure.clone() };
        Ok(ReadingRow {
            stage,
            touched_at: now,
            found: text(&found)?,
            verdict: text(&self.verdict)?,
            applied: text(&self.applied)?,
            ..self.row.clone()
        })
    }
}

fn text<T: Serialize>(value: &T) -> Result<String, AppError> {
    serde_json::to_string(value).map_err(|error| AppError::Corrupt(error.to_string()))
}

fn stored(error: StoreError) -> AppError {
    AppError::from(error)
}
