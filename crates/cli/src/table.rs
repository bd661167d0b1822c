//! Tables for people: columns as wide as they need, and as narrow as the terminal wants.

use serde_json::Value;

use crate::error::{Paint, printable};
use crate::limits::COLUMN_WIDTH_MIN;

/// A column: its title, and where its value is in the JSON of an item.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// What stands above it.
    pub title: &'static str,
    /// A JSON pointer.
    pub pointer: &'static str,
}

/// A column.
pub const fn column(title: &'static str, pointer: &'static str) -> Column {
    Column { title, pointer }
}

const GAP: &str = "  ";
const NOTHING: &str = "-";

/// The text of a value for people.
pub fn cell(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => NOTHING.to_owned(),
        Some(Value::String(text)) if text.is_empty() => NOTHING.to_owned(),
        Some(Value::String(text)) => printable(text),
        Some(Value::Bool(true)) => "yes".to_owned(),
        Some(Value::Bool(false)) => "no".to_owned(),
        Some(Value::Number(number)) => number.to_string(),
        Some(Value::Array(items)) if items.is_empty() => NOTHING.to_owned(),
        Some(Value::Array(items)) => items.iter().map(|item| cell(Some(item))).collect::<Vec<_>>().join(", "),
        Some(object @ Value::Object(_)) => printable(&object.to_string()),
    }
}

/// The same where there is room below it: what has several lines keeps them, each as far to the right.
pub fn lines(value: Option<&Value>, indent: usize) -> String {
    match value.and_then(Value::as_str) {
        Some(text) if text.contains('\n') => {
            text.lines().map(printable).collect::<Vec<_>>().join(&format!("\n{:indent$}", ""))
        }
        Some(_) | None => cell(value),
    }
}

/// One line per item, with tabs between and nothing cut, for `grep` and `cut`.
pub fn plain(columns: &[Column], items: &[Value]) -> String {
    let line =
        |item: &Value| columns.iter().map(|column| cell(item.pointer(column.pointer))).collect::<Vec<_>>().join("\t");
    items.iter().map(|item| line(item) + "\n").collect()
}

/// A table with a heading. Without a width nothing is cut.
pub fn table(columns: &[Column], items: &[Value], width: Option<usize>, paint: Paint) -> String {
    let rows: Vec<Vec<String>> =
        items.iter().map(|item| columns.iter().map(|column| cell(item.pointer(column.pointer))).collect()).collect();
    let mut widths: Vec<usize> = columns.iter().map(|column| width_of(column.title)).collect();
    for row in &rows {
        for (width, text) in widths.iter_mut().zip(row) {
            *width = (*width).max(width_of(text));
        }
    }
    if let Some(limit) = width {
        narrow(&mut widths, limit);
    }
    let heading: Vec<String> = columns.iter().map(|column| column.title.to_owned()).collect();
    let mut text = paint.bold(&line(&heading, &widths)) + "\n";
    for row in &rows {
        text.push_str(&line(row, &widths));
        text.push('\n');
    }
    text
}

/// Takes from the widest column until the table fits, or every column is as narrow as it may be.
fn narrow(widths: &mut [usize], limit: usize) {
    let gaps = GAP.len() * widths.len().saturating_sub(1);
    while widths.iter().sum::<usize>() + gaps > limit {
        match widths.iter_mut().max() {
            Some(widest) if *widest > COLUMN_WIDTH_MIN => *widest -= 1,
            Some(_) | None => return,
        }
    }
}

fn line(cells: &[String], widths: &[usize]) -> String {
    let mut line = String::new();
    for (text, width) in cells.iter().zip(widths) {
        if !line.is_empty() {
            line.push_str(GAP);
        }
        let text = cut(text, *width);
        line.push_str(&text);
        line.extend(std::iter::repeat_n(' ', width.saturating_sub(width_of(&text))));
    }
    line.truncate(line.trim_end().len());
    line
}

fn cut(text: &str, width: usize) -> String {
    if width_of(text) <= width {
        return text.to_owned();
    }
    let mut cut = String::new();
    let mut used = 0;
    for c in text.chars() {
        used += width_of_char(c);
        // One place is kept for the sign that something is missing.
        if used + 1 > width {
            break;
        }
        cut.push(c);
    }
    cut.push('…');
    cut
}

fn width_of(text: &str) -> usize {
    text.chars().map(width_of_char).sum()
}

/// How many places a letter takes: two for the wide letters of East Asia and pictures, none for
/// marks that sit on the letter before.
fn width_of_char(c: char) -> usize {
    match u32::from(c) {
        0x0300..=0x036f | 0x200b..=0x200d | 0xfe00..=0xfe0f => 0,
        0x1100..=0x115f
        | 0x2e80..=0xa4cf
        | 0xac00..=0xd7a3
        | 0xf900..=0xfaff
        | 0xfe30..=0xfe6f
        | 0xff00..=0xff60
        | 0xffe0..=0xffe6
        | 0x1f300..=0x1faff
        | 0x20000..=0x3fffd => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const COLUMNS: [Column; 3] = [column("Name", "/name"), column("State", "/state"), column("Roles", "/roles")];

    fn items() -> Vec<Value> {
        vec![
            json!({"name": "Ada Lovelace", "state": "active", "roles": ["owner", "auditor"]}),
            json!({"name": "李小龍", "state": null, "roles": []}),
        ]
    }

    #[test]
    fn columns_are_as_wide_as_they_need() {
        assert_eq!(
            table(&COLUMNS, &items(), None, Paint::None),
            "Name          State   Roles\n\
             Ada Lovelace  active  owner, auditor\n\
             李小龍        -       -\n"
        );
    }

    #[test]
    fn the_widest_columns_give_way() {
        let narrow = table(&COLUMNS, &items(), Some(28), Paint::None);
        assert_eq!(
            narrow,
            "Name       State   Roles\n\
             Ada Love…  active  owner, a…\n\
             李小龍     -       -\n"
        );
        assert!(narrow.lines().all(|line| width_of(line) <= 28), "{narrow}");
    }

    #[test]
    fn plain_lines_have_tabs_and_are_never_cut() {
        assert_eq!(plain(&COLUMNS, &items()), "Ada Lovelace\tactive\towner, auditor\n李小龍\t-\t-\n");
    }

    #[test]
    fn lines_stay_lines_and_steer_nothing() {
        let text = json!("Look.\n- a\u{1b}[31m\n- b");
        assert_eq!(lines(Some(&text), 3), "Look.\n   - a\u{fffd}[31m\n   - b");
        assert_eq!(lines(Some(&json!("a\tb")), 3), "a\u{fffd}b");
        assert_eq!(lines(None, 3), "-");
    }

    #[test]
    fn a_value_cannot_break_the_line() {
        let items = [json!({"name": "a\tb\nc\u{1b}[31m"})];
        let text = plain(&[column("Name", "/name")], &items);
        assert_eq!(text, "a\u{fffd}b\u{fffd}c\u{fffd}[31m\n");
    }
}
