//! The rows of one sheet.

use std::io::Read;

use tenure_model::Value;

use super::super::problem::{Problem, unwrapped};
use super::super::rows::{Cell, Rows, check_header};
use super::style::Styles;
use super::xml::{Event, Xml};
use crate::limits::FILE_COLUMNS_MAX;

/// The cell that is being read.
#[derive(Default)]
struct Open {
    /// Its reference, such as `B7`.
    place: String,
    kind: String,
    style: usize,
    text: String,
    /// Whether we are within its value.
    inside: bool,
}

/// The row that is being read.
struct Sheet<'a> {
    file: &'a str,
    strings: &'a [Box<str>],
    styles: &'a Styles,
    row: u64,
    cell: Open,
    cells: Vec<Cell<'static>>,
    problem: Option<Problem>,
}

/// Reads a sheet: its first row that is not empty is the header.
pub(super) fn read(
    mut xml: Xml<impl Read>,
    file: &str,
    strings: &[Box<str>],
    styles: &Styles,
    rows: &mut dyn Rows,
) -> Result<(), Problem> {
    let (cell, cells) = (Open::default(), Vec::new());
    let mut sheet = Sheet { file, strings, styles, row: 0, cell, cells, problem: None };
    let mut columns = None;
    loop {
        let mut ended = false;
        let more = xml.next(&mut |event| ended |= sheet.take(event)).map_err(|error| unwrapped(file, &error))?;
        if let Some(problem) = sheet.problem.take() {
            return Err(problem);
        }
        if ended {
            hand_on(file, &mut sheet, &mut columns, rows)?;
        }
        if !more {
            return match columns {
                Some(_) => Ok(()),
                None => Err(Problem::of(file, "the sheet is empty, without even a header; is it the right sheet?")),
            };
        }
    }
}

fn hand_on(file: &str, sheet: &mut Sheet<'_>, columns: &mut Option<usize>, rows: &mut dyn Rows) -> Result<(), Problem> {
    let mut cells = std::mem::take(&mut sheet.cells);
    // Cells that only have a format stand behind the last one that has a value.
    while cells.last().is_some_and(|cell| matches!(cell, Cell::Blank)) {
        cells.pop();
    }
    if cells.is_empty() {
        return Ok(());
    }
    if let Some(count) = columns {
        cells.resize(cells.len().max(*count), Cell::Blank);
        return rows.row(sheet.row, &cells);
    }
    let name = |cell: &Cell<'_>| match cell {
        Cell::Typed(value) => value.to_string(),
        Cell::Text(_) | Cell::Blank | Cell::Absent => String::new(),
    };
    let names: Vec<String> = cells.iter().map(name).collect();
    check_header(file, &names, sheet.row)?;
    *columns = Some(names.len());
    rows.columns(&names, sheet.row)
}

impl Sheet<'_> {
    /// Takes an event; true when a row has ended.
    fn take(&mut self, event: Event<'_>) -> bool {
        match event {
            Event::Open { name: "row", attributes } => {
                let number = attributes.iter().find(|(name, _)| name == "r").and_then(|(_, r)| r.parse().ok());
                self.row = number.unwrap_or(self.row + 1);
                self.cells.clear();
            }
            Event::Open { name: "c", attributes } => {
                let find = |key| attributes.iter().find(|(name, _)| name == key).map(|(_, value)| value.clone());
                self.cell = Open {
                    place: find("r").unwrap_or_default(),
                    kind: find("t").unwrap_or_default(),
                    style: find("s").and_then(|s| s.parse().ok()).unwrap_or_default(),
                    ..Open::default()
                };
            }
            Event::Open { name: "v" | "t", .. } => self.cell.inside = true,
            Event::Close { name: "v" | "t" } => self.cell.inside = false,
            Event::Text(text) if self.cell.inside => self.cell.text.push_str(text),
            Event::Close { name: "c" } => self.close(),
            Event::Close { name: "row" } => return true,
            _ => {}
        }
        false
    }

    fn close(&mut self) {
        let cell = std::mem::take(&mut self.cell);
        let place = if cell.place.is_empty() { Some(self.cells.len()) } else { column(&cell.place) };
        let Some(place) = place.filter(|place| *place < FILE_COLUMNS_MAX) else {
            let what = format!("there is a cell beyond column {FILE_COLUMNS_MAX}, or in no column");
            self.problem = Some(Problem::of(self.file, what).on(self.row));
            return;
        };
        match self.value(&cell) {
            Ok(value) => {
                self.cells.resize(self.cells.len().max(place + 1), Cell::Blank);
                if let Some(slot) = self.cells.get_mut(place) {
                    *slot = value;
                }
            }
            Err(why) => {
                let what = format!("cell {} cannot be read: {why}", cell.place);
                self.problem = Some(Problem::of(self.file, what).on(self.row));
            }
        }
    }

    fn value(&self, cell: &Open) -> Result<Cell<'static>, &'static str> {
        if cell.text.is_empty() {
            return Ok(Cell::Blank);
        }
        let typed = match cell.kind.as_str() {
            "s" => {
                let number: usize = cell.text.trim().parse().map_err(|_| "it refers to no text")?;
                Value::from(&**self.strings.get(number).ok_or("it refers to a text that is not there")?)
            }
            "inlineStr" | "str" | "d" => Value::from(cell.text.as_str()),
            "b" => Value::Flag(cell.text.trim() == "1"),
            "e" => return Err("it holds an error, such as one of a formula; correct it in the workbook"),
            "" | "n" => self.styles.value(cell.style, cell.text.trim())?,
            _ => return Err("its type is not known"),
        };
        Ok(if typed.as_text() == Some("") { Cell::Blank } else { Cell::Typed(typed) })
    }
}

/// The column of a reference such as `AB12`, counted from 0.
fn column(place: &str) -> Option<usize> {
    let letters = place.bytes().take_while(u8::is_ascii_alphabetic);
    let number = letters.fold(0usize, |sum, letter| {
        sum.saturating_mul(26).saturating_add(usize::from(letter.to_ascii_uppercase() - b'A') + 1)
    });
    number.checked_sub(1)
}
