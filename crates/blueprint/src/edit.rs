//! Changes a text in one place and leaves every other byte alone: comments, spaces and the order
//! of keys stay as somebody wrote them. Every edit gives back the one that undoes it.
//!
//! A place is named by the number of the document in its file and a JSON pointer, as in
//! [`crate::Written`]. What comes out is read again before it is given back: an edit that would
//! mean anything but what was asked is refused.

use std::ops::Range;

use serde_json::Value;

use crate::source::{self, Pair, Part, PartForm, column_of, is_first, line_of};
use crate::tree;

/// What is to be done at one place.
#[derive(Debug, Clone, PartialEq)]
pub enum Edit {
    /// The value is this from now on. It must be there.
    Set {
        /// Which.
        at: String,
        /// The new value.
        value: Value,
    },
    /// A key with a value, behind the others; or an item, in front of the one with this number.
    Insert {
        /// Into what.
        into: String,
        /// The key, or the number of an item.
        key: String,
        /// The value.
        value: Value,
    },
    /// The key or item is not there any more, nor what was written above and beside it.
    Remove {
        /// Which.
        at: String,
    },
    /// An item of a list comes to stand somewhere else in it, with its comments.
    Move {
        /// Of which list.
        list: String,
        /// The number of the item.
        from: usize,
        /// The number that it has afterwards.
        to: usize,
    },
}

/// Bytes that take the place of others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Splice {
    /// From here.
    pub at: usize,
    /// So many bytes go.
    pub length: usize,
    /// These come.
    pub text: String,
}

/// A changed text, and how to have the old one back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edited {
    /// The new text.
    pub text: String,
    /// What was done, in order.
    pub done: Vec<Splice>,
    /// What undoes it, in order.
    pub undo: Vec<Splice>,
}

/// Why an edit was not made. The text is as it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadEdit {
    /// The text cannot be taken apart.
    #[error("the text cannot be edited: {0}")]
    Text(String),
    /// There is nothing at the place.
    #[error("there is nothing at `{0}`")]
    Nothing(String),
    /// What is there is not of the kind that was asked for.
    #[error("`{at}` is {is}, and {needed} is needed")]
    Other {
        /// The place.
        at: String,
        /// What is there.
        is: &'static str,
        /// What the edit needs.
        needed: &'static str,
    },
    /// There is such a key already.
    #[error("`{0}` is there already")]
    There(String),
    /// It would change more than was asked.
    #[error("the edit would change more than `{0}`; change it by hand")]
    Spills(String),
}

/// Carries out splices, if they fit the text.
pub fn splice(text: &str, splices: &[Splice]) -> Option<String> {
    let mut text = text.to_owned();
    for one in splices {
        let range = one.at..one.at.checked_add(one.length)?;
        text.get(range.clone())?;
        text.replace_range(range, &one.text);
    }
    Some(text)
}

/// Makes an edit in one document of a text.
pub fn edit(text: &str, document: usize, edit: &Edit) -> Result<Edited, BadEdit> {
    let source = source::read(text).map_err(|error| BadEdit::Text(error.to_string()))?;
    let documents = source.documents.iter().filter(|document| document.root.is_some());
    let root = documents.filter_map(|document| document.root.as_ref()).nth(document);
    let root = root.ok_or_else(|| BadEdit::Nothing(format!("document {document}")))?;
    let place = Placing { text, comments: &source.comments };
    let done = match edit {
        Edit::Set { at, value } => vec![place.set(find(root, at)?, at, value)?],
        Edit::Insert { into, key, value } => vec![place.insert(find(root, into)?, into, key, value)?],
        Edit::Remove { at } => vec![place.remove(root, at)?],
        Edit::Move { list, from, to } => place.moved(find(root, list)?, list, *from, *to)?,
    };
    let spills = || BadEdit::Spills(edit.place().to_owned());
    let (new, undo) = carried_out(text, &done).ok_or_else(spills)?;
    let values = |text: &str| -> Option<Vec<Value>> {
        let nodes = tree::read("", text).ok()?;
        Some(nodes.iter().map(tree::Node::json).filter(|json| !json.is_null()).collect())
    };
    let mut wanted = values(text).ok_or_else(spills)?;
    let meant = wanted.get_mut(document).and_then(|json| edit.on(json));
    if meant.is_none() || values(&new).as_ref() != Some(&wanted) {
        return Err(spills());
    }
    Ok(Edited { text: new, done, undo })
}

fn carried_out(text: &str, splices: &[Splice]) -> Option<(String, Vec<Splice>)> {
    let mut undo = Vec::new();
    let mut new = text.to_owned();
    for one in splices {
        let old = new.get(one.at..one.at + one.length)?.to_owned();
        undo.push(Splice { at: one.at, length: one.text.len(), text: old });
        new = splice(&new, std::slice::from_ref(one))?;
    }
    undo.reverse();
    Some((new, undo))
}

impl Edit {
    fn place(&self) -> &str {
        match self {
            Self::Set { at, .. } | Self::Remove { at } => at,
            Self::Insert { into, .. } => into,
            Self::Move { list, .. } => list,
        }
    }

    /// What the edit means for the value of the document.
    fn on(&self, json: &mut Value) -> Option<()> {
        match self {
            Self::Set { at, value } => *json.pointer_mut(at)? = value.clone(),
            Self::Insert { into, key, value } => match json.pointer_mut(into)? {
                Value::Object(fields) => drop(fields.insert(key.clone(), value.clone())),
                Value::Array(items) => {
                    let at: usize = key.parse().ok()?;
                    if at > items.len() {
                        return None;
                    }
                    items.insert(at, value.clone());
                }
                _ => return None,
            },
            Self::Remove { at } => {
                let (parent, key) = split(at)?;
                match json.pointer_mut(&parent)? {
                    Value::Object(fields) => drop(fields.remove(&key)?),
                    Value::Array(items) => {
                        let at: usize = key.parse().ok().filter(|at| *at < items.len())?;
                        items.remove(at);
                    }
                    _ => return None,
                }
            }
            Self::Move { list, from, to } => {
                let items = json.pointer_mut(list)?.as_array_mut()?;
                if *from >= items.len() || *to >= items.len() {
                    return None;
                }
                let item = items.remove(*from);
                items.insert(*to, item);
            }
        }
        Some(())
    }
}

/// The pointer of what something is in, and its key or number there.
fn split(pointer: &str) -> Option<(String, String)> {
    let (parent, key) = pointer.rsplit_once('/')?;
    Some((parent.to_owned(), key.replace("~1", "/").replace("~0", "~")))
}

fn find<'p>(root: &'p Part, pointer: &str) -> Result<&'p Part, BadEdit> {
    let nothing = || BadEdit::Nothing(pointer.to_owned());
    let mut part = root;
    for key in pointer.split('/').skip(1) {
        let key = key.replace("~1", "/").replace("~0", "~");
        part = match &part.form {
            PartForm::Map { entries, .. } => {
                entries.iter().find(|pair| pair.name() == key).map(|pair| &pair.value).ok_or_else(nothing)?
            }
            PartForm::List { items, .. } => {
                key.parse::<usize>().ok().and_then(|at| items.get(at)).ok_or_else(nothing)?
            }
            PartForm::Scalar { .. } => return Err(nothing()),
        };
    }
    Ok(part)
}

fn what(part: &Part) -> &'static str {
    match part.form {
        PartForm::Scalar { .. } => "a single value",
        PartForm::Map { .. } => "keys and values",
        PartForm::List { .. } => "a list",
    }
}

struct Placing<'t> {
    text: &'t str,
    comments: &'t [Range<usize>],
}

impl Placing<'_> {
    fn slice(&self, range: Range<usize>) -> &str {
        self.text.get(range).unwrap_or_default()
    }

    fn set(&self, part: &Part, at: &str, value: &Value) -> Result<Splice, BadEdit> {
        let block = match &part.form {
            PartForm::Scalar { block, .. } => *block,
            PartForm::Map { flow, .. } | PartForm::List { flow, .. } => !flow,
        };
        let has_comment = self.comments.iter().any(|one| part.span.start <= one.start && one.end <= part.span.end);
        if has_comment && !block {
            return Err(BadEdit::Spills(at.to_owned()));
        }
        let is_map = matches!(part.form, PartForm::Map { .. } | PartForm::List { .. });
        if block && is_map {
            return Err(BadEdit::Other { at: at.to_owned(), is: what(part), needed: "a value on one line" });
        }
        // Where nothing stands behind a key, its `:` ends the text.
        let before = self.text.get(..part.span.start).unwrap_or_default();
        let space = if before.ends_with([':', '-', ',']) { " " } else { "" };
        Ok(Splice { at: part.span.start, length: part.span.len(), text: format!("{space}{}", flow(value)) })
    }

    fn insert(&self, part: &Part, into: &str, key: &str, value: &Value) -> Result<Splice, BadEdit> {
        match &part.form {
            PartForm::Scalar { .. } => {
                Err(BadEdit::Other { at: into.to_owned(), is: what(part), needed: "a list, or keys and values" })
            }
            PartForm::Map { entries, .. } if entries.iter().any(|pair| pair.name() == key) => {
                Err(BadEdit::There(format!("{into}/{key}")))
            }
            PartForm::Map { flow: true, entries } => {
                let new = format!("{}: {}", flow(&Value::from(key)), flow(value));
                Ok(match entries.last() {
                    Some(last) => self.add(last.value.span.end.max(last.key.span.end + 1), format!(", {new}")),
                    None => Splice { at: part.span.start, length: part.span.len(), text: format!("{{ {new} }}") },
                })
            }
            PartForm::Map { flow: false, entries } => {
                let last = entries.last().ok_or_else(|| BadEdit::Nothing(into.to_owned()))?;
                let indent = column_of(self.text, part.span.start);
                let line = format!("{}{}: {}", " ".repeat(indent), flow(&Value::from(key)), flow(value));
                Ok(self.below(self.lines_of_pair(last).end, &line))
            }
            PartForm::List { flow: is_flow, items } => {
                let at: usize = key
                    .parse()
                    .ok()
                    .filter(|at| *at <= items.len())
                    .ok_or_else(|| BadEdit::Nothing(format!("{into}/{key}")))?;
                Ok(self.insert_item(part, *is_flow, items, at, value))
            }
        }
    }

    fn insert_item(&self, list: &Part, is_flow: bool, items: &[Part], at: usize, value: &Value) -> Splice {
        let new = flow(value);
        match (is_flow, items.get(at), items.last()) {
            (true, Some(next), _) => self.add(next.span.start, format!("{new}, ")),
            (true, None, Some(last)) => self.add(last.span.end, format!(", {new}")),
            (_, None, None) => Splice { at: list.span.start, length: list.span.len(), text: format!("[{new}]") },
            (false, Some(next), _) => {
                let lines = self.lines_of_item(next);
                let indent = column_of(self.text, self.dash(next));
                self.add(lines.start, format!("{}- {new}\n", " ".repeat(indent)))
            }
            (false, None, Some(last)) => {
                let indent = column_of(self.text, self.dash(last));
                self.below(self.lines_of_item(last).end, &format!("{}- {new}", " ".repeat(indent)))
            }
        }
    }

    fn remove(&self, root: &Part, at: &str) -> Result<Splice, BadEdit> {
        let (parent, key) = split(at).ok_or_else(|| BadEdit::Nothing(at.to_owned()))?;
        let whole = find(root, &parent)?;
        let nothing = || BadEdit::Nothing(at.to_owned());
        let (number, count, is_flow) = match &whole.form {
            PartForm::Map { flow, entries } => {
                (entries.iter().position(|pair| pair.name() == key).ok_or_else(nothing)?, entries.len(), *flow)
            }
            PartForm::List { flow, items } => {
                (key.parse().ok().filter(|at| *at < items.len()).ok_or_else(nothing)?, items.len(), *flow)
            }
            PartForm::Scalar { .. } => return Err(nothing()),
        };
        let empty = if matches!(whole.form, PartForm::Map { .. }) { "{}" } else { "[]" };
        if count == 1 {
            // What is left of it is nothing, in brackets.
            let before = self.text.get(..whole.span.start).unwrap_or_default();
            let space = if before.ends_with(':') { " " } else { "" };
            if is_flow {
                return Ok(Splice { at: whole.span.start, length: whole.span.len(), text: format!("{space}{empty}") });
            }
            return Err(BadEdit::Other { at: parent, is: "empty then", needed: "another key or item" });
        }
        let span = |number: usize| -> Option<Range<usize>> {
            match &whole.form {
                PartForm::Map { entries, .. } => {
                    entries.get(number).map(|pair| pair.key.span.start..pair.value.span.end.max(pair.key.span.end + 1))
                }
                PartForm::List { items, .. } => items.get(number).map(|item| item.span.clone()),
                PartForm::Scalar { .. } => None,
            }
        };
        if is_flow {
            let own = span(number).ok_or_else(nothing)?;
            let range = match (span(number + 1), number.checked_sub(1).and_then(span)) {
                (Some(next), _) => own.start..next.start,
                (None, Some(before)) => before.end..own.end,
                (None, None) => own,
            };
            return Ok(Splice { at: range.start, length: range.len(), text: String::new() });
        }
        let lines = match &whole.form {
            PartForm::Map { entries, .. } => entries.get(number).map(|pair| self.lines_of_pair(pair)),
            PartForm::List { items, .. } => items.get(number).map(|item| self.lines_of_item(item)),
            PartForm::Scalar { .. } => None,
        };
        let lines = lines.ok_or_else(nothing)?;
        if !is_first(self.text, lines.start) {
            return Err(BadEdit::Spills(at.to_owned()));
        }
        Ok(Splice { at: lines.start, length: lines.len(), text: String::new() })
    }

    fn moved(&self, list: &Part, at: &str, from: usize, to: usize) -> Result<Vec<Splice>, BadEdit> {
        let PartForm::List { flow: false, items } = &list.form else {
            return Err(BadEdit::Other { at: at.to_owned(), is: what(list), needed: "a list with one item on a line" });
        };
        let (Some(item), Some(other)) = (items.get(from), items.get(to)) else {
            return Err(BadEdit::Nothing(format!("{at}/{}", from.max(to))));
        };
        let (lines, target) = (self.lines_of_item(item), self.lines_of_item(other));
        if from == to {
            return Ok(Vec::new());
        }
        if !is_first(self.text, lines.start) || !is_first(self.text, target.start) {
            return Err(BadEdit::Spills(at.to_owned()));
        }
        let mut text = self.slice(lines.clone()).to_owned();
        if !text.ends_with('\n') {
            return moved_up_from_the_end(&lines, &target, &text, from > to);
        }
        let put = if from < to { target.end - lines.len() } else { target.start };
        if from < to && !self.slice(target).ends_with('\n') {
            text = format!("\n{}", text.trim_end_matches('\n'));
        }
        let take = Splice { at: lines.start, length: lines.len(), text: String::new() };
        Ok(vec![take, Splice { at: put, length: 0, text }])
    }

    fn add(&self, at: usize, text: String) -> Splice {
        Splice { at: at.min(self.text.len()), length: 0, text }
    }

    /// A line below a place that is the start of a line, or the end of the text.
    fn below(&self, at: usize, line: &str) -> Splice {
        let broken = self.text.get(..at).is_none_or(|before| before.is_empty() || before.ends_with('\n'));
        self.add(at, if broken { format!("{line}\n") } else { format!("\n{line}") })
    }

    fn dash(&self, item: &Part) -> usize {
        self.text.get(..item.span.start).and_then(|before| before.rfind('-')).unwrap_or(item.span.start)
    }

    fn lines_of_pair(&self, pair: &Pair) -> Range<usize> {
        self.lines(pair.key.span.start, pair.value.span.end.max(pair.key.span.end))
    }

    fn lines_of_item(&self, item: &Part) -> Range<usize> {
        self.lines(self.dash(item), item.span.end)
    }

    /// The whole lines of something, with the comments right above it, and its line break. If
    /// something else stands before it on its line, only from where it begins.
    fn lines(&self, start: usize, end: usize) -> Range<usize> {
        let last = line_of(self.text, end).end;
        let end = (last + 1).min(self.text.len());
        if !is_first(self.text, start) {
            return start..end;
        }
        let column = column_of(self.text, start);
        let mut first = line_of(self.text, start).start;
        while let Some(above) = first.checked_sub(1).map(|at| line_of(self.text, at)) {
            let line = self.slice(above.clone());
            let indent = line.len() - line.trim_start().len();
            if !line.trim_start().starts_with('#') || indent != column {
                break;
            }
            first = above.start;
        }
        first..end
    }
}

/// The last line of the text has no line break to take along.
fn moved_up_from_the_end(
    lines: &Range<usize>,
    target: &Range<usize>,
    text: &str,
    up: bool,
) -> Result<Vec<Splice>, BadEdit> {
    let start = lines.start.checked_sub(1).filter(|_| up).ok_or_else(|| BadEdit::Spills(String::new()))?;
    let take = Splice { at: start, length: lines.end - start, text: String::new() };
    Ok(vec![take, Splice { at: target.start, length: 0, text: format!("{text}\n") }])
}

/// A value on one line, as plain as it can be.
fn flow(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) if is_plain(text) => text.clone(),
        // A JSON text is a YAML text in double quotes.
        Value::String(text) => Value::from(text.as_str()).to_string(),
        Value::Array(items) => format!("[{}]", items.iter().map(flow).collect::<Vec<_>>().join(", ")),
        Value::Object(fields) if fields.is_empty() => "{}".to_owned(),
        Value::Object(fields) => {
            let pair =
                |(key, value): (&String, &Value)| format!("{}: {}", flow(&Value::from(key.as_str())), flow(value));
            format!("{{ {} }}", fields.iter().map(pair).collect::<Vec<_>>().join(", "))
        }
    }
}

/// Whether a text needs no quotes wherever it stands.
fn is_plain(text: &str) -> bool {
    let letters = |c: char| c.is_ascii_alphanumeric() || "/_.()=<> &-".contains(c);
    let starts = text.starts_with(|c: char| c.is_ascii_alphabetic());
    let words = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    let first = text.split([' ', '.']).next().unwrap_or_default().to_lowercase();
    starts
        && text.chars().all(letters)
        && !text.ends_with(' ')
        && !text.contains("  ")
        && !text.contains(" #")
        && !words.contains(&text.to_lowercase().as_str())
        && !["inf", "nan"].contains(&first.as_str())
}
