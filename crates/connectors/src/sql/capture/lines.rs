//! What the log says, as `test_decoding` writes it. Pure.

use std::collections::{BTreeSet, HashSet};

/// A table that says something about accounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Watched {
    /// Its name with its schema, as the log writes it.
    pub(super) table: String,
    /// The column with the id of the account.
    pub(super) column: String,
}

/// A line of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// Its place.
    pub(super) at: u64,
    /// The transaction.
    pub(super) transaction: String,
    /// What it says.
    pub(super) said: String,
}

/// What is told of a part of the log.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Told {
    /// Accounts of which a row was written or vanished, in the order of the log, each once.
    pub(super) ids: Vec<String>,
    /// Up to which place.
    pub(super) to: u64,
    /// Why more changed than can be told. It is so at the place that was come to.
    pub(super) lost: Option<String>,
}

/// What one line says of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Line {
    /// A row of these accounts was written or vanished; two where a key became another.
    Touched(Vec<String>),
    /// Whole tables were emptied.
    Emptied(String),
    /// A row changed and the log does not say of which account.
    Silent(String),
    /// The transaction was committed.
    Committed,
    /// Something else.
    Other,
}

/// What whole transactions behind `from` tell, in the order of their commits. It ends before the
/// first that is still `open`: its commit is in the log, and its rows cannot be read yet.
pub(super) fn told(entries: &[Entry], from: u64, open: &BTreeSet<String>, watched: &[Watched]) -> (Told, bool) {
    let mut told = Told { to: from, ..Told::default() };
    let mut known: HashSet<String> = HashSet::new();
    let mut pending: Vec<Line> = Vec::new();
    for entry in entries {
        let line = line(&entry.said, watched);
        if line != Line::Committed {
            pending.push(line);
            continue;
        }
        let lines = std::mem::take(&mut pending);
        if entry.at <= from {
            continue;
        }
        if open.contains(&entry.transaction) {
            return (told, false);
        }
        told.to = entry.at;
        for line in lines {
            match line {
                Line::Touched(ids) => told.ids.extend(ids.into_iter().filter(|id| known.insert(id.clone()))),
                Line::Emptied(table) => {
                    told.lost = Some(format!("`{table}` was emptied as a whole, which names no rows"));
                }
                Line::Silent(table) => told.lost = Some(silent(&table)),
                Line::Committed | Line::Other => {}
            }
        }
        if told.lost.is_some() {
            return (told, false);
        }
    }
    (told, true)
}

/// What is to be done about a table whose deleted rows are not named.
pub(super) fn silent(table: &str) -> String {
    format!(
        "the log does not say whose rows of `{table}` were deleted; make the column with the account part of its \
         primary key, or run `ALTER TABLE {table} REPLICA IDENTITY FULL`"
    )
}

/// A place in the log, such as `0/16B3748`, as a number.
pub(super) fn place(text: &str) -> Option<u64> {
    let (high, low) = text.split_once('/')?;
    let part = |digits: &str| u32::from_str_radix(digits, 16).ok();
    Some((u64::from(part(high)?) << 32) | u64::from(part(low)?))
}

/// A place as the database writes it.
pub(super) fn place_text(place: u64) -> String {
    format!("{:X}/{:X}", place >> 32, place & u64::from(u32::MAX))
}

/// What a line says, such as `table public.people: UPDATE: id[bigint]:7 …`.
fn line(said: &str, watched: &[Watched]) -> Line {
    if said.starts_with("COMMIT") {
        return Line::Committed;
    }
    let Some((tables, rest)) = said.strip_prefix("table ").and_then(split_tables) else { return Line::Other };
    let of_ours = |table: &str| watched.iter().filter(move |known| known.table == table).collect::<Vec<_>>();
    let Some((verb, tuple)) = rest.split_once(": ") else { return Line::Other };
    if verb == "TRUNCATE" {
        // One statement may empty several.
        let emptied = tables.into_iter().find(|table| !of_ours(table).is_empty());
        return emptied.map_or(Line::Other, |table| Line::Emptied(table.to_owned()));
    }
    let ours = tables.first().map(|table| of_ours(table)).unwrap_or_default();
    if ours.is_empty() {
        return Line::Other;
    }
    // An update of the key tells the old one first, and both are rows of somebody.
    let columns = columns(tuple.strip_prefix("old-key: ").unwrap_or(tuple));
    let is_id = |name: &str| ours.iter().any(|known| known.column == name);
    let ids: Vec<String> = columns.into_iter().filter(|(name, _)| is_id(name)).filter_map(|(_, id)| id).collect();
    match tables.first() {
        Some(table) if ids.is_empty() => Line::Silent((*table).to_owned()),
        _ => Line::Touched(ids),
    }
}

/// The names of tables up to the colon behind them, and what follows. A name in quotes may hold
/// anything.
fn split_tables(text: &str) -> Option<(Vec<&str>, &str)> {
    let (mut tables, mut first, mut quoted) = (Vec::new(), 0, false);
    for (at, letter) in text.char_indices() {
        match letter {
            '"' => quoted = !quoted,
            ',' | ':' if !quoted => {
                tables.push(text.get(first..at)?.trim_start());
                first = at + 1;
                if letter == ':' {
                    return Some((tables, text.get(first..)?.trim_start()));
                }
            }
            _ => {}
        }
    }
    None
}

/// The columns of a row as the log writes them: `name[type]:value`, where a text stands in quotes.
fn columns(tuple: &str) -> Vec<(String, Option<String>)> {
    let mut found = Vec::new();
    let mut rest = tuple;
    while let Some((name, after)) = take_name(rest) {
        let Some((value, after)) = take_value(after) else { break };
        found.push((name, value));
        rest = after.trim_start().trim_start_matches("new-tuple: ");
    }
    found
}

fn take_name(text: &str) -> Option<(String, &str)> {
    let mut quoted = false;
    let open = text.char_indices().find_map(|(at, letter)| {
        if letter == '"' {
            quoted = !quoted;
        }
        (letter == '[' && !quoted).then_some(at)
    })?;
    let name = text.get(..open)?.trim_matches('"').replace("\"\"", "\"");
    // A type may have brackets of its own, as `text[]` has.
    let close = text.get(open..)?.find("]:")? + open;
    Some((name, text.get(close + 2..)?))
}

fn take_value(text: &str) -> Option<(Option<String>, &str)> {
    if let Some(quoted) = text.strip_prefix('\'').or_else(|| text.strip_prefix("B'")) {
        let mut value = String::new();
        let mut letters = quoted.char_indices().peekable();
        while let Some((at, letter)) = letters.next() {
            if letter != '\'' {
                value.push(letter);
            } else if letters.next_if(|(_, next)| *next == '\'').is_some() {
                value.push('\'');
            } else {
                return Some((Some(value), quoted.get(at + 1..)?));
            }
        }
        return None;
    }
    let end = text.find(' ').unwrap_or(text.len());
    let word = text.get(..end)?;
    let value = (word != "null" && word != "unchanged-toast-datum").then(|| word.to_owned());
    Some((value, text.get(end..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watched() -> Vec<Watched> {
        let of = |table: &str, column: &str| Watched { table: table.to_owned(), column: column.to_owned() };
        vec![of("public.people", "id"), of("hr.phones", "person"), of("public.held", "person")]
    }

    #[test]
    fn a_line_says_whose_row_it_was_whatever_stands_in_its_texts() {
        let touched = |id: &str| Line::Touched(vec![id.to_owned()]);
        let emptied = |table: &str| Line::Emptied(table.to_owned());
        for (said, says) in [
            ("BEGIN 741", Line::Other),
            ("COMMIT 741", Line::Committed),
            ("table public.people: INSERT: id[bigint]:7 name[character varying]:'ada'", touched("7")),
            ("table public.people: INSERT: name[text]:'COMMIT 1: ' id[bigint]:7", touched("7")),
            (
                "table public.people: UPDATE: name[text]:'it''s id[bigint]:8 ' tags[text[]]:'{a}' id[bigint]:9",
                touched("9"),
            ),
            (
                "table public.people: UPDATE: old-key: id[bigint]:1 new-tuple: id[bigint]:2 name[text]:null",
                Line::Touched(vec!["1".to_owned(), "2".to_owned()]),
            ),
            ("table public.people: DELETE: id[uuid]:'5f'", touched("5f")),
            ("table public.people: DELETE: (no-tuple-data)", Line::Silent("public.people".to_owned())),
            ("table hr.phones: DELETE: person[bigint]:3 number[text]:'1'", touched("3")),
            ("table public.held: INSERT: person[bigint]:4 role[bigint]:1", touched("4")),
            ("table public.held: DELETE: role[bigint]:1", Line::Silent("public.held".to_owned())),
            ("table public.people: TRUNCATE: (no-flags)", emptied("public.people")),
            ("table public.other, public.held: TRUNCATE: cascade", emptied("public.held")),
            ("table public.other: TRUNCATE: restart_seqs", Line::Other),
            ("table public.roles: DELETE: id[bigint]:1", Line::Other),
            ("table other.people: DELETE: id[bigint]:1", Line::Other),
            ("table public.\"peo, public.people: x\": DELETE: id[bigint]:1", Line::Other),
        ] {
            assert_eq!(line(said, &watched()), says, "{said}");
        }
    }

    #[test]
    fn places_of_the_log_are_numbers_and_are_written_as_they_were_read() {
        assert!(place("0/FFFFFFFF").unwrap() < place("1/0").unwrap());
        assert!(place("A/1").unwrap() > place("9/FFFFFFFF").unwrap());
        for bad in ["", "x", "0", "0/", "0/G", "1/123456789"] {
            assert_eq!(place(bad), None, "{bad}");
        }
        for text in ["0/0", "0/16B3748", "A/1", "FFFFFFFF/FFFFFFFF"] {
            assert_eq!(place_text(place(text).unwrap()), text);
        }
    }

    /// A transaction that writes these lines and is committed at this place.
    fn transaction(at: u64, name: &str, lines: &[&str]) -> Vec<Entry> {
        let entry = |at, said: &str| Entry { at, transaction: name.to_owned(), said: said.to_owned() };
        let begun = entry(at - 2, "BEGIN");
        let lines = lines.iter().map(|said| entry(at - 1, said));
        [begun].into_iter().chain(lines).chain([entry(at, "COMMIT")]).collect()
    }

    #[test]
    fn whole_transactions_are_told_and_none_that_cannot_be_read_yet() {
        let row = |id: u32| format!("table public.people: UPDATE: id[bigint]:{id}");
        let log = [
            transaction(10, "1", &[&row(1)]),
            transaction(20, "2", &[&row(2), &row(1), &row(2)]),
            transaction(30, "3", &[&row(3)]),
        ]
        .concat();
        let of = |from, open: &[&str]| {
            let open = open.iter().map(|name| (*name).to_owned()).collect();
            let (told, all) = told(&log, from, &open, &watched());
            (told.ids.join(" "), told.to, all)
        };
        assert_eq!(of(0, &[]), ("1 2 3".to_owned(), 30, true));
        assert_eq!(of(10, &[]), ("2 1 3".to_owned(), 30, true));
        assert_eq!(of(10, &["3"]), ("2 1".to_owned(), 20, false));
        assert_eq!(of(10, &["2"]), (String::new(), 10, false));
        assert_eq!(of(30, &["9"]), (String::new(), 30, true));
        let (half, _) = told(&log[..log.len() - 1], 0, &BTreeSet::new(), &watched());
        assert_eq!((half.ids.join(" "), half.to), ("1 2".to_owned(), 20), "half a transaction was told");
    }

    #[test]
    fn what_names_no_row_is_lost_at_its_place_and_nothing_behind_it_is_told() {
        let log = [
            transaction(10, "1", &["table public.people: TRUNCATE: (no-flags)"]),
            transaction(20, "2", &["table public.people: UPDATE: id[bigint]:2"]),
        ]
        .concat();
        let (told, all) = told(&log, 0, &BTreeSet::new(), &watched());
        assert!(!all && told.to == 10 && told.ids.is_empty(), "{told:?}");
        assert!(told.lost.unwrap().contains("`public.people` was emptied"));
    }
}
