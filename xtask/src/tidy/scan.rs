//! One Rust file, seen as a reader sees it: lines of code, comments and tests; functions; enums.
//!
//! Not a parser. It knows strings, characters, lifetimes and nested comments well enough to
//! count braces, and that is all the rules need.

use std::ops::Range;

/// What the rules want to know of a file.
#[derive(Debug, Default)]
pub struct Scan {
    /// All lines that are not tests.
    pub lines: usize,
    /// Lines of product code with something other than a comment on them.
    pub code: usize,
    /// Lines of product code that are only comment.
    pub comments: usize,
    /// Lines of tests, blank ones and comments left out.
    pub tests: usize,
    /// Functions outside tests.
    pub functions: Vec<Item>,
    /// Enums outside tests whose name ends in `Error`; `size` is the number of cases.
    pub errors: Vec<Item>,
    /// Lines that ask for the time directly.
    pub clocks: Vec<usize>,
    /// Lines that switch a lint off without saying what they expect.
    pub allows: Vec<usize>,
    /// Lines with a TODO that names no issue.
    pub todos: Vec<usize>,
    /// Does the file say at its top what it is for?
    pub has_header: bool,
}

/// A named piece of a file.
#[derive(Debug, PartialEq, Eq)]
pub struct Item {
    /// Its name.
    pub name: String,
    /// Lines of a function, cases of an enum.
    pub size: usize,
}

/// Ways to ask the machine for the time, by the end of the path.
const CLOCKS: &[&str] = &[
    "SystemTime::now(",
    "Instant::now(",
    "Timestamp::now(",
    "Zoned::now(",
    "Utc::now(",
    "Local::now(",
    "Uuid::now_v7(",
];

/// Words that promise work to come.
const PROMISES: &[&str] = &["TODO", "FIXME", "XXX"];

/// Reads a file. In a file that is all tests, every line counts as one.
pub fn scan(text: &str, all_tests: bool) -> Scan {
    let masked = mask(text);
    let masked_lines: Vec<&str> = masked.lines().collect();
    let tests = test_lines(&masked);
    let mut scan = Scan { has_header: text.starts_with("//!"), ..Scan::default() };
    let is_test = |line: usize| all_tests || tests.iter().any(|range| range.contains(&line));
    for (index, (line, code)) in text.lines().zip(&masked_lines).enumerate() {
        count(&mut scan, line, code, is_test(index));
        mark(&mut scan, index + 1, line, code);
    }
    for (name, start, body) in bodies(&masked, "fn ") {
        let lines = line_of(&masked, start)..line_of(&masked, body.end) + 1;
        if !is_test(lines.start) {
            scan.functions.push(Item { name, size: lines.len() });
        }
    }
    for (name, start, body) in bodies(&masked, "enum ") {
        if name.ends_with("Error") && !is_test(line_of(&masked, start)) {
            let size = cases(masked.get(body).unwrap_or_default());
            scan.errors.push(Item { name, size });
        }
    }
    scan
}

fn count(scan: &mut Scan, line: &str, code: &str, is_test: bool) {
    let (blank, only_comment) = (line.trim().is_empty(), code.trim().is_empty());
    match (is_test, blank, only_comment) {
        (true, false, false) => scan.tests += 1,
        (true, ..) => {}
        (false, true, _) => scan.lines += 1,
        (false, false, true) => (scan.lines, scan.comments) = (scan.lines + 1, scan.comments + 1),
        (false, false, false) => (scan.lines, scan.code) = (scan.lines + 1, scan.code + 1),
    }
}

fn mark(scan: &mut Scan, number: usize, line: &str, code: &str) {
    if CLOCKS.iter().any(|clock| code.contains(clock)) {
        scan.clocks.push(number);
    }
    if code.contains("#[allow") || code.contains("#![allow") {
        scan.allows.push(number);
    }
    let open =
        PROMISES.iter().any(|word| line.match_indices(word).any(|(at, _)| is_open_promise(line, code, at, word)));
    if open {
        scan.todos.push(number);
    }
}

/// Is the word at this place the beginning of a note in a comment, without `(#12)` after it?
/// Prose that merely speaks of such notes is not one.
fn is_open_promise(line: &str, code: &str, at: usize, word: &str) -> bool {
    let in_comment = code.as_bytes().get(at) == Some(&b' ');
    let before = line.get(code.trim_end().len()..at).unwrap_or_default();
    let after = line.get(at + word.len()..).unwrap_or_default();
    let leads = before.chars().all(|letter| matches!(letter, '/' | '!' | '*' | ' '));
    let starts_note = after.starts_with([':', '(']) || (leads && !after.starts_with(char::is_alphanumeric));
    in_comment && starts_note && !names_issue(after)
}

fn names_issue(after: &str) -> bool {
    let number = after.strip_prefix("(#").and_then(|rest| rest.split_once(')')).map(|(number, _)| number);
    number.is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}

/// The lines of each `#[cfg(test)]` item.
fn test_lines(masked: &str) -> Vec<Range<usize>> {
    let found = masked.match_indices("#[cfg(test)]").filter_map(|(at, _)| {
        let rest = masked.get(at..)?;
        let open = rest.find('{')?;
        // `#[cfg(test)] mod tests;`: the tests are in a file of their own.
        if rest.find(';').is_some_and(|end| end < open) {
            return None;
        }
        let end = closing(masked, at + open)?;
        Some(line_of(masked, at)..line_of(masked, end) + 1)
    });
    found.collect()
}

/// Name, start and body of everything a keyword begins that has a body in braces.
fn bodies<'a>(masked: &'a str, keyword: &'a str) -> impl Iterator<Item = (String, usize, Range<usize>)> + 'a {
    masked.match_indices(keyword).filter_map(move |(at, _)| {
        let before = masked.get(..at)?.chars().next_back();
        if before.is_some_and(|letter| letter.is_alphanumeric() || letter == '_') {
            return None;
        }
        let name: String = masked
            .get(at + keyword.len()..)?
            .chars()
            .take_while(|letter| letter.is_alphanumeric() || *letter == '_')
            .collect();
        let open = opening(masked, at)?;
        let end = closing(masked, open)?;
        (!name.is_empty()).then_some((name, at, open + 1..end))
    })
}

/// The brace that opens the body; `None` when a semicolon ends the item first.
fn opening(masked: &str, from: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for (offset, letter) in masked.get(from..)?.char_indices() {
        match letter {
            '(' | '[' => depth += 1,
            ')' | ']' => depth = depth.checked_sub(1)?,
            '{' if depth == 0 => return Some(from + offset),
            ';' if depth == 0 => return None,
            _ => {}
        }
    }
    None
}

/// The brace that closes the one at `open`.
fn closing(masked: &str, open: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for (offset, letter) in masked.get(open..)?.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' => depth = depth.checked_sub(1)?,
            _ => {}
        }
        if depth == 0 {
            return Some(open + offset);
        }
    }
    None
}

/// How many cases an enum's body has: its pieces between commas, attributes and fields left out.
fn cases(body: &str) -> usize {
    let mut depth = 0_usize;
    let mut flat = String::new();
    for letter in body.chars() {
        match letter {
            '{' | '(' | '[' => depth += 1,
            '}' | ')' | ']' => depth = depth.saturating_sub(1),
            _ if depth == 0 => flat.push(letter),
            _ => {}
        }
    }
    flat.split(',').filter(|piece| piece.contains(char::is_alphanumeric)).count()
}

fn line_of(text: &str, at: usize) -> usize {
    text.get(..at).map_or(0, |before| before.matches('\n').count())
}

/// The text with comments blanked out and strings filled with quotes, each line as long as before.
fn mask(text: &str) -> String {
    let mut rest = text;
    let mut masked = String::with_capacity(text.len());
    while let Some(first) = rest.chars().next() {
        let (length, fill) = piece(rest, first, masked.chars().next_back());
        let Some((taken, after)) = rest.split_at_checked(length) else { break };
        if let Some(fill) = fill {
            // Byte for byte, so that a place in one text is the same place in the other.
            masked.extend(taken.bytes().map(|byte| if byte == b'\n' { '\n' } else { fill }));
        } else {
            masked.push_str(taken);
        }
        rest = after;
    }
    masked
}

/// How many bytes the next piece has, and what hides it when it is comment or text.
fn piece(rest: &str, first: char, before: Option<char>) -> (usize, Option<char>) {
    let starts_word = !before.is_some_and(|letter| letter.is_alphanumeric() || letter == '_');
    if rest.starts_with("//") {
        return (rest.find('\n').unwrap_or(rest.len()), Some(' '));
    }
    if rest.starts_with("/*") {
        return (block_comment(rest), Some(' '));
    }
    if starts_word && let Some(length) = raw_string(rest) {
        return (length, Some('"'));
    }
    match first {
        '"' => (quoted(rest, '"'), Some('"')),
        '\'' => character(rest).map_or((1, None), |length| (length, Some('"'))),
        _ => (first.len_utf8(), None),
    }
}

fn block_comment(rest: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(here) = rest.get(at..).filter(|here| !here.is_empty()) {
        if here.starts_with("/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if here.starts_with("*/") {
            (depth, at) = (depth.saturating_sub(1), at + 2);
            if depth == 0 {
                return at;
            }
        } else {
            at += here.chars().next().map_or(1, char::len_utf8);
        }
    }
    rest.len()
}

/// `r"…"`, `r#"…"#`, `br#"…"#`.
fn raw_string(rest: &str) -> Option<usize> {
    let prefix = if rest.starts_with("br") { 2 } else { 1 };
    let after = rest.strip_prefix("br").or_else(|| rest.strip_prefix('r'))?;
    let hashes = after.bytes().take_while(|byte| *byte == b'#').count();
    let inside = after.get(hashes..)?.strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    let length = inside.find(&end).map_or(inside.len(), |at| at + end.len());
    Some(prefix + hashes + 1 + length)
}

fn quoted(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, letter) in rest.char_indices().skip(1) {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if letter == quote => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// `'x'` and `'\n'`, but not the lifetime `'a`.
fn character(rest: &str) -> Option<usize> {
    let mut letters = rest.char_indices().skip(1);
    let (_, first) = letters.next()?;
    let (at, second) = letters.next()?;
    if first == '\\' {
        return Some(quoted(rest, '\''));
    }
    (second == '\'').then_some(at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn braces_in_text_and_comments_do_not_count() {
        let text = "//! x\nfn a<'x>(b: &'x str) -> char {\n    // }\n    let _s = \"}\\\"}\";\n    let _r = r#\"}\"}\"#;\n    /* } /* } */ } */\n    '}'\n}\nfn b();\n";
        let scan = scan(text, false);
        assert_eq!(scan.functions, [Item { name: "a".to_owned(), size: 7 }]);
        assert!(scan.has_header);
    }

    #[test]
    fn tests_are_counted_apart() {
        let text = "//! x\n\nfn a() {}\n\n#[cfg(test)]\nmod tests {\n    // note\n    fn b() {\n    }\n}\n";
        let scan = scan(text, false);
        assert_eq!((scan.lines, scan.code, scan.comments, scan.tests), (4, 1, 1, 5));
        assert_eq!(scan.functions.len(), 1);
    }

    #[test]
    fn a_test_module_in_another_file_ends_nothing() {
        let text = "#[cfg(test)]\nmod tests;\nfn a() {\n}\n";
        assert_eq!(scan(text, false).functions.len(), 1);
    }

    #[test]
    fn a_promise_needs_an_issue() {
        let text = "// TODO(#12): later\n// TODO: later\nlet a = \"TODO\"; // FIXME(ada)\nlet todo = \"// TODO: x\";\n// a TODO in prose\n/// XXX\n";
        assert_eq!(scan(text, false).todos, [2, 3, 6]);
    }

    #[test]
    fn clocks_and_silenced_lints_are_found_in_code_only() {
        let text = "let a = Instant::now();\n// Instant::now()\nlet b = \"Timestamp::now()\";\n#[allow(dead_code)]\n// #[allow(x)]\n";
        let scan = scan(text, false);
        assert_eq!((scan.clocks, scan.allows), (vec![1], vec![4]));
    }

    #[test]
    fn cases_of_an_error_are_counted_without_their_fields() {
        let text = "pub enum ReadError {\n    /// a, b\n    #[error(\"x, {y}\")]\n    A { y: u8, z: u8 },\n    B(u8, u8),\n    C,\n}\nenum Other { A, B }\n";
        assert_eq!(scan(text, false).errors, [Item { name: "ReadError".to_owned(), size: 3 }]);
    }
}
