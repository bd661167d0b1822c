//! A file of people: a column `employeeId`, or a name a line.

use std::path::Path;

use crate::context::read_text;
use crate::error::{CliError, code};
use crate::exit::Exit;
use crate::limits::INPUT_BYTES_MAX;

/// The column that names people.
const COLUMN: &str = "employeeId";
/// What may stand between columns.
const SEPARATORS: [char; 3] = [',', ';', '\t'];

/// The people that a file names, in their order; `-` reads standard input.
pub(super) fn read(path: &Path) -> Result<Vec<String>, CliError> {
    let text = read_text(path, INPUT_BYTES_MAX)?;
    let names = names(&text).map_err(|reason| {
        CliError::new(Exit::Usage, code::CANNOT_READ, format!("`{}` cannot be read: {reason}", path.display()))
            .hint(format!("begin it with a header that has a column `{COLUMN}`, or write one name in each line"))
    })?;
    if names.is_empty() {
        let message = format!("`{}` names nobody", path.display());
        return Err(CliError::new(Exit::Usage, code::CANNOT_READ, message)
            .hint(format!("write a column `{COLUMN}` with a row for each person, or one name in each line")));
    }
    Ok(names)
}

fn names(text: &str) -> Result<Vec<String>, String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let head = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let Some(separator) = SEPARATORS.into_iter().find(|sign| head.contains(*sign)) else {
        let lines = text.lines().map(|line| line.trim().trim_matches('"')).filter(|line| !line.is_empty());
        let mut lines: Vec<String> = lines.map(ToOwned::to_owned).collect();
        if lines.first().is_some_and(|first| first.eq_ignore_ascii_case(COLUMN)) {
            lines.remove(0);
        }
        return Ok(lines);
    };
    let mut rows = rows(text, separator)?.into_iter();
    let header = rows.next().map(|(_, fields)| fields).unwrap_or_default();
    let column = header.iter().position(|name| name.trim().eq_ignore_ascii_case(COLUMN));
    let column = column.ok_or_else(|| format!("its first line has no column `{COLUMN}`"))?;
    let named = |(line, fields): (usize, Vec<String>)| match fields.get(column).map(|name| name.trim()) {
        Some(name) if !name.is_empty() => Ok(name.to_owned()),
        _ => Err(format!("line {line} has no `{COLUMN}`")),
    };
    rows.map(named).collect()
}

/// The rows that are not empty, each with the number of the line where it begins.
fn rows(text: &str, separator: char) -> Result<Vec<(usize, Vec<String>)>, String> {
    let (mut rows, mut fields, mut field) = (Vec::new(), Vec::new(), String::new());
    let (mut line, mut begins, mut quoted) = (1, 1, None);
    let mut letters = text.chars().chain(['\n']).peekable();
    while let Some(letter) = letters.next() {
        line += usize::from(letter == '\n');
        match (letter, quoted) {
            ('"', Some(_)) if letters.next_if_eq(&'"').is_some() => field.push('"'),
            ('"', Some(_)) => quoted = None,
            ('"', None) if field.is_empty() => quoted = Some(line),
            ('\n', None) => {
                fields.push(std::mem::take(&mut field));
                let row: Vec<String> = std::mem::take(&mut fields);
                if row.iter().any(|field| !field.trim().is_empty()) {
                    rows.push((begins, row));
                }
                begins = line;
            }
            (other, None) if other == separator => fields.push(std::mem::take(&mut field)),
            (other, Some(_) | None) => field.push(other),
        }
    }
    match quoted {
        Some(line) => Err(format!("a quotation that begins in line {line} does not end")),
        None => Ok(rows),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_read_from_a_column_or_line_by_line() {
        let same = |text: &str| assert_eq!(names(text).unwrap(), ["E1", "E 2"], "{text:?}");
        same("E1\nE 2\n");
        same("\u{feff}employeeId\r\nE1\r\n\r\n\"E 2\"");
        same("name,employeeId\n\"Moreau, \"\"Ada\"\"\nof Lyon\",E1\n\nBo, E 2 \n");
        same("EMPLOYEEID;name\nE1;Ada\nE 2;Bo");
        same("a\temployeeId\n\tE1\nx\t\"E 2\"");
        assert_eq!(names("").unwrap(), [""; 0]);
        assert_eq!(names("employeeId\n").unwrap(), [""; 0]);
        assert_eq!(names("employeeId,name\n").unwrap(), [""; 0]);
    }

    #[test]
    fn what_cannot_be_read_is_told_with_its_line() {
        let fault = |text: &str| names(text).unwrap_err();
        assert!(fault("number,name\n1,Ada\n").contains("no column `employeeId`"));
        assert_eq!(fault("employeeId,name\nE1,Ada\n,Bo\n"), "line 3 has no `employeeId`");
        assert_eq!(fault("name,employeeId\n\"Ada\n\nMoreau\",E1\nBo\n"), "line 5 has no `employeeId`");
        assert_eq!(fault("name,employeeId\n\"Ada,E1\n"), "a quotation that begins in line 2 does not end");
    }
}
