//! What every format turns a feed into: named columns and rows of cells.

use tenure_model::Value;

use super::problem::Problem;

/// A cell as the format gives it.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cell<'a> {
    /// The row does not speak of this column.
    Absent,
    /// The row leaves it empty.
    Blank,
    /// Text, which may still become something else.
    Text(&'a str),
    /// More than text, by the format's own types.
    Typed(Value),
}

/// Who takes rows.
pub(super) trait Rows {
    /// The columns, in order. Formats that learn of columns on the way call it again with more.
    fn columns(&mut self, names: &[String], line: u64) -> Result<(), Problem>;

    /// A row. It may have more or fewer cells than there are columns, which is for the taker to see.
    fn row(&mut self, line: u64, cells: &[Cell<'_>]) -> Result<(), Problem>;
}

/// Demands of a header that every column has a name of its own.
pub(super) fn check_header(file: &str, names: &[String], line: u64) -> Result<(), Problem> {
    let problem = |what: String| Err(Problem::of(file, what).on(line));
    for (at, name) in names.iter().enumerate() {
        let number = at + 1;
        if name.trim().is_empty() {
            return problem(format!("column {number} of the header has no name; give it one, or take it out"));
        }
        if name.trim() != name {
            return problem(format!(
                "column {number} `{name}` of the header has spaces around its name; take them out"
            ));
        }
        if let Some(first) = names.iter().take(at).position(|other| other == name) {
            let first = first + 1;
            return problem(format!("columns {first} and {number} are both called `{name}`; rename one of them"));
        }
    }
    Ok(())
}

/// What a feed begins with when it is something else than its format.
pub(super) fn impostor(head: &[u8]) -> Option<&'static str> {
    let start = head.iter().position(|byte| !byte.is_ascii_whitespace()).unwrap_or(head.len());
    let text = head.get(start..).unwrap_or_default();
    let begins = |word: &str| text.get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word.as_bytes()));
    if ["<!doctype html", "<html", "<head", "<body", "<script"].into_iter().any(begins) {
        return Some("an HTML page, perhaps one to sign in or an error; look at the source with a browser");
    }
    if begins("<?xml") || begins("<") {
        return Some("XML, which is not read");
    }
    if text.starts_with(b"PK\x03\x04") {
        return Some("a ZIP archive or workbook; write `format: { kind: xlsx }` if it is one");
    }
    if text.starts_with(&[0x1F, 0x8B]) {
        return Some("compressed with gzip; have it unpacked");
    }
    if text.starts_with(&[0xD0, 0xCF, 0x11, 0xE0]) {
        return Some("a workbook in the old binary form; have it saved as `.xlsx`");
    }
    text.starts_with(b"%PDF").then_some("a PDF document")
}
