//! Excel workbooks: a ZIP archive of XML, read row by row with limits on everything in it.
//!
//! It reads what cells hold, with dates and numbers by their formats, and nothing else: no
//! formulas are worked out, no external parts fetched, no entities expanded. A cell with an error
//! in it is a problem.

mod sheet;
mod style;
mod xml;
mod zip;

use std::fs::File;

use super::problem::{Problem, unwrapped};
use super::rows::Rows;
use crate::limits::{FILE_XLSX_STRINGS_BYTES_MAX, FILE_XLSX_STRINGS_MAX};
use style::Styles;
use xml::{Event, Xml};
use zip::Archive;

/// Reads one sheet of a workbook: its first row as the header, then rows.
pub(super) fn read(from: File, file: &str, sheet: Option<&str>, rows: &mut dyn Rows) -> Result<(), Problem> {
    let problem = |error: &std::io::Error| unwrapped(file, error);
    let mut archive = Archive::open(from, file).map_err(|error| problem(&error))?;
    let book = workbook(&mut archive, sheet).map_err(|error| problem(&error))?;
    let strings = strings(&mut archive, file).map_err(|error| problem(&error))?;
    let styles = Styles::read(&mut archive, book.since_1904).map_err(|error| problem(&error))?;
    let part = archive.part(&book.part).map_err(|error| problem(&error))?;
    let Some(part) = part else {
        return Err(Problem::of(file, format!("the workbook has no part `{}`; have it saved again", book.part)));
    };
    sheet::read(part, file, &strings, &styles, rows)
}

/// Which part holds the sheet, and how days are counted.
struct Book {
    part: String,
    since_1904: bool,
}

fn workbook(archive: &mut Archive, wanted: Option<&str>) -> std::io::Result<Book> {
    let mut sheets: Vec<(String, String)> = Vec::new();
    let mut since_1904 = false;
    archive.each("xl/workbook.xml", |event| {
        if let Event::Open { name, attributes } = event {
            match name {
                "sheet" => {
                    let find = |key| attributes.iter().find(|(name, _)| name == key).map(|(_, value)| value.clone());
                    sheets.push((find("name").unwrap_or_default(), find("r:id").unwrap_or_default()));
                }
                "workbookPr" => {
                    since_1904 = attributes
                        .iter()
                        .any(|(name, value)| name == "date1904" && matches!(value.as_str(), "1" | "true"));
                }
                _ => {}
            }
        }
    })?;
    let found = match wanted {
        Some(wanted) => sheets.iter().find(|(name, _)| name == wanted),
        None => sheets.first(),
    };
    let Some((_, relation)) = found else {
        let names: Vec<&str> = sheets.iter().map(|(name, _)| name.as_str()).collect();
        let what = match wanted {
            Some(wanted) => format!("there is no sheet `{wanted}`; there are `{}`", names.join("`, `")),
            None => "it is no workbook with a sheet in it; have it saved as `.xlsx`".to_owned(),
        };
        return Err(archive.problem(what));
    };
    let mut part = None;
    archive.each("xl/_rels/workbook.xml.rels", |event| {
        if let Event::Open { name: "Relationship", attributes } = event {
            let find = |key| attributes.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str());
            if find("Id") == Some(relation) && find("TargetMode") != Some("External") {
                part = find("Target").map(|target| match target.strip_prefix('/') {
                    Some(whole) => whole.to_owned(),
                    None => format!("xl/{target}"),
                });
            }
        }
    })?;
    let part = part.ok_or_else(|| archive.problem("the sheet has no part of its own in the archive"))?;
    Ok(Book { part, since_1904 })
}

/// The texts that cells refer to by number.
fn strings(archive: &mut Archive, file: &str) -> std::io::Result<Vec<Box<str>>> {
    let (mut all, mut text, mut bytes) = (Vec::new(), String::new(), 0);
    // Texts of readings (`rPh`) stand beside the text and are not part of it.
    let (mut inside, mut reading) = (false, false);
    let mut too_many = false;
    archive.each("xl/sharedStrings.xml", |event| match event {
        Event::Open { name: "t", .. } => inside = true,
        Event::Close { name: "t" } => inside = false,
        Event::Open { name: "rPh", .. } => reading = true,
        Event::Close { name: "rPh" } => reading = false,
        Event::Text(piece) if inside && !reading => text.push_str(piece),
        Event::Close { name: "si" } => {
            bytes += text.len();
            too_many = too_many || bytes > FILE_XLSX_STRINGS_BYTES_MAX || all.len() >= FILE_XLSX_STRINGS_MAX;
            if !too_many {
                all.push(std::mem::take(&mut text).into_boxed_str());
            }
        }
        _ => {}
    })?;
    if too_many {
        let what = format!(
            "its texts take more than {FILE_XLSX_STRINGS_BYTES_MAX} bytes or are more than {FILE_XLSX_STRINGS_MAX}; have the feed written as CSV"
        );
        return Err(super::problem::wrapped(Problem::of(file, what)));
    }
    Ok(all)
}

/// Reads events until a part ends.
fn each_event(mut xml: Xml<impl std::io::Read>, mut take: impl FnMut(Event<'_>)) -> std::io::Result<()> {
    while xml.next(&mut take)? {}
    Ok(())
}
