//! Values on their way in and rows on their way out.
//!
//! A getter names the table, the column and the row when something is not as it was written.

use std::fmt::Display;
use std::str::FromStr;
use std::sync::Arc;

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use tenure_model::Id;
use uuid::Uuid;

use crate::error::StoreError;

/// A value for a place in a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Param {
    /// Nothing.
    Null,
    /// A number, a flag (0 or 1) or a time in microseconds.
    Int(i64),
    /// A text; JSON too.
    Text(String),
    /// Bytes.
    Blob(Vec<u8>),
    /// An id, as its 16 bytes.
    Id(Uuid),
}

/// An id as a value.
pub(crate) fn id(id: impl Id) -> Param {
    Param::Id(id.uuid())
}

/// An id that may be missing, as a value.
pub(crate) fn opt_id<I: Id>(wanted: Option<I>) -> Param {
    wanted.map_or(Param::Null, id)
}

impl From<i64> for Param {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}
impl From<u16> for Param {
    fn from(number: u16) -> Self {
        Self::Int(number.into())
    }
}
impl From<bool> for Param {
    fn from(flag: bool) -> Self {
        Self::Int(flag.into())
    }
}
impl From<&str> for Param {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}
impl From<String> for Param {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}
impl From<&String> for Param {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}
impl From<Timestamp> for Param {
    fn from(moment: Timestamp) -> Self {
        Self::Int(moment.as_microsecond())
    }
}
impl From<&[u8]> for Param {
    fn from(bytes: &[u8]) -> Self {
        Self::Blob(bytes.to_owned())
    }
}
impl<T: Into<Param>> From<Option<T>> for Param {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// JSON as a value.
pub(crate) fn json<T: serde::Serialize>(value: &T) -> Result<Param, StoreError> {
    serde_json::to_string(value)
        .map(Param::Text)
        .map_err(|cause| StoreError::refused(format!("it cannot be written as JSON: {cause}")))
}

/// A value as a database gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Cell {
    Null,
    Int(i64),
    Text(String),
    Blob(Vec<u8>),
}

/// One row of an answer.
#[derive(Debug, Clone)]
pub struct Row {
    pub(crate) columns: Arc<[String]>,
    pub(crate) cells: Vec<Cell>,
}

impl Row {
    /// The row as one of this table, which errors will name.
    pub fn of(&self, table: &'static str) -> Fields<'_> {
        Fields { table, row: self }
    }
}

/// A row together with the name of its table.
#[derive(Debug, Clone, Copy)]
pub struct Fields<'r> {
    table: &'static str,
    row: &'r Row,
}

impl<'r> Fields<'r> {
    fn cell(&self, column: &str) -> Result<&'r Cell, StoreError> {
        let place = self.row.columns.iter().position(|known| known == column);
        place.and_then(|place| self.row.cells.get(place)).ok_or_else(|| self.bad(column, "is not part of the answer"))
    }

    /// An error about this column of this row.
    pub fn bad(&self, column: &str, what: impl Display) -> StoreError {
        let id = match self.row.cells.first() {
            Some(Cell::Int(number)) => number.to_string(),
            Some(Cell::Text(text)) => text.chars().take(64).collect(),
            Some(Cell::Blob(bytes)) => {
                Uuid::from_slice(bytes).map_or_else(|_| format!("{} bytes", bytes.len()), |uuid| uuid.to_string())
            }
            Some(Cell::Null) | None => "a row without an id".to_owned(),
        };
        StoreError::Inconsistent { table: self.table, column: column.to_owned(), id, what: what.to_string() }
    }

    /// A text that may be missing.
    pub fn opt_text(&self, column: &str) -> Result<Option<&'r str>, StoreError> {
        match self.cell(column)? {
            Cell::Null => Ok(None),
            Cell::Text(text) => Ok(Some(text)),
            Cell::Int(_) | Cell::Blob(_) => Err(self.bad(column, "is not a text")),
        }
    }

    /// A text.
    pub fn text(&self, column: &str) -> Result<&'r str, StoreError> {
        self.opt_text(column)?.ok_or_else(|| self.bad(column, "is missing"))
    }

    /// A text of one's own.
    pub fn string(&self, column: &str) -> Result<String, StoreError> {
        self.text(column).map(str::to_owned)
    }

    /// A number that may be missing.
    pub fn opt_int(&self, column: &str) -> Result<Option<i64>, StoreError> {
        match self.cell(column)? {
            Cell::Null => Ok(None),
            Cell::Int(number) => Ok(Some(*number)),
            Cell::Text(_) | Cell::Blob(_) => Err(self.bad(column, "is not a number")),
        }
    }

    /// A number.
    pub fn int(&self, column: &str) -> Result<i64, StoreError> {
        self.opt_int(column)?.ok_or_else(|| self.bad(column, "is missing"))
    }

    /// A number of a smaller type.
    pub fn small<T: TryFrom<i64>>(&self, column: &str) -> Result<T, StoreError> {
        let number = self.int(column)?;
        T::try_from(number).map_err(|_| self.bad(column, format_args!("is out of range: `{number}`")))
    }

    /// A flag.
    pub fn flag(&self, column: &str) -> Result<bool, StoreError> {
        match self.int(column)? {
            0 => Ok(false),
            1 => Ok(true),
            other => Err(self.bad(column, format_args!("is neither 0 nor 1 but `{other}`"))),
        }
    }

    /// A moment that may be missing.
    pub fn opt_time(&self, column: &str) -> Result<Option<Timestamp>, StoreError> {
        self.opt_int(column)?
            .map(|micros| Timestamp::from_microsecond(micros).map_err(|_| self.bad(column, "is not a time")))
            .transpose()
    }

    /// A moment.
    pub fn time(&self, column: &str) -> Result<Timestamp, StoreError> {
        self.opt_time(column)?.ok_or_else(|| self.bad(column, "is missing"))
    }

    /// Bytes.
    pub fn bytes(&self, column: &str) -> Result<&'r [u8], StoreError> {
        match self.cell(column)? {
            Cell::Blob(bytes) => Ok(bytes),
            Cell::Null => Err(self.bad(column, "is missing")),
            Cell::Int(_) | Cell::Text(_) => Err(self.bad(column, "is not bytes")),
        }
    }

    /// A hash of 32 bytes.
    pub fn hash(&self, column: &str) -> Result<[u8; 32], StoreError> {
        self.bytes(column)?.try_into().map_err(|_| self.bad(column, "is not 32 bytes"))
    }

    /// A hash of 32 bytes that may be missing.
    pub fn opt_hash(&self, column: &str) -> Result<Option<[u8; 32]>, StoreError> {
        if *self.cell(column)? == Cell::Null { Ok(None) } else { self.hash(column).map(Some) }
    }

    /// A UUID that may be missing.
    pub fn opt_uuid(&self, column: &str) -> Result<Option<Uuid>, StoreError> {
        if *self.cell(column)? == Cell::Null {
            return Ok(None);
        }
        Uuid::from_slice(self.bytes(column)?).map(Some).map_err(|_| self.bad(column, "is not 16 bytes"))
    }

    /// A UUID.
    pub fn uuid(&self, column: &str) -> Result<Uuid, StoreError> {
        self.opt_uuid(column)?.ok_or_else(|| self.bad(column, "is missing"))
    }

    /// An id.
    pub fn id<I: Id>(&self, column: &str) -> Result<I, StoreError> {
        self.uuid(column).map(I::from_uuid)
    }

    /// An id that may be missing.
    pub fn opt_id<I: Id>(&self, column: &str) -> Result<Option<I>, StoreError> {
        Ok(self.opt_uuid(column)?.map(I::from_uuid))
    }

    /// A text that is one of a list of words.
    pub fn word<T>(&self, column: &str, from_word: impl FnOnce(&str) -> Option<T>) -> Result<T, StoreError> {
        let text = self.text(column)?;
        from_word(text).ok_or_else(|| self.bad(column, format_args!("is not a known word: `{text}`")))
    }

    /// A text that parses.
    pub fn parsed<T: FromStr<Err: Display>>(&self, column: &str) -> Result<T, StoreError> {
        self.text(column)?.parse().map_err(|error| self.bad(column, format_args!("cannot be read: {error}")))
    }

    /// A text that parses, and may be missing.
    pub fn opt_parsed<T: FromStr<Err: Display>>(&self, column: &str) -> Result<Option<T>, StoreError> {
        if *self.cell(column)? == Cell::Null { Ok(None) } else { self.parsed(column).map(Some) }
    }

    /// JSON.
    pub fn json<T: DeserializeOwned>(&self, column: &str) -> Result<T, StoreError> {
        serde_json::from_str(self.text(column)?)
            .map_err(|error| self.bad(column, format_args!("is not the JSON that it should be: {error}")))
    }

    /// JSON that may be missing.
    pub fn opt_json<T: DeserializeOwned>(&self, column: &str) -> Result<Option<T>, StoreError> {
        if *self.cell(column)? == Cell::Null { Ok(None) } else { self.json(column).map(Some) }
    }
}
