//! YAML as text: where each part of it stands, to the byte, and every comment.
//!
//! [`crate::tree`] decides what is allowed and what it means; this is for those who change or lay
//! out the text itself. Whatever they do not name stays as it is, byte for byte.

use std::ops::Range;

use granit_parser::{Event, Parser, ScalarStyle, Span, StructureStyle};

use crate::limits::DEPTH_MAX;

/// The documents of a text.
#[derive(Debug, Default)]
pub(crate) struct Source {
    pub(crate) documents: Vec<SourceDocument>,
    /// Where each comment stands, in order.
    pub(crate) comments: Vec<Range<usize>>,
}

/// One document.
#[derive(Debug)]
pub(crate) struct SourceDocument {
    /// Where it begins: behind its `---`, if it has one.
    pub(crate) start: usize,
    /// Where its `---` stands.
    pub(crate) marker: Option<usize>,
    pub(crate) root: Option<Part>,
}

/// A value and where it stands.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    pub(crate) span: Range<usize>,
    pub(crate) form: PartForm,
}

/// What a value is, as text.
#[derive(Debug, Clone)]
pub(crate) enum PartForm {
    /// A value without parts.
    Scalar {
        /// What it says.
        value: String,
        /// Whether it is a text of several lines behind `|` or `>`.
        block: bool,
    },
    /// Keys and values.
    Map {
        /// In curly brackets.
        flow: bool,
        /// One by one.
        entries: Vec<Pair>,
    },
    /// A list.
    List {
        /// In square brackets.
        flow: bool,
        /// One by one.
        items: Vec<Part>,
    },
}

/// A key and its value.
#[derive(Debug, Clone)]
pub(crate) struct Pair {
    pub(crate) key: Part,
    pub(crate) value: Part,
}

impl Pair {
    /// What the key says.
    pub(crate) fn name(&self) -> &str {
        match &self.key.form {
            PartForm::Scalar { value, .. } => value,
            PartForm::Map { .. } | PartForm::List { .. } => "",
        }
    }
}

/// Why a text cannot be taken apart.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct NotPlain(pub(crate) String);

/// Takes a text apart. What [`crate::tree::read`] refuses may be refused here in other words.
pub(crate) fn read(text: &str) -> Result<Source, NotPlain> {
    let mut reader = Reader { text, events: Vec::new(), at: 0, source: Source::default() };
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| NotPlain(error.to_string()))?;
        match event {
            Event::Comment(..) => reader.source.comments.push(range(span)?),
            other => reader.events.push((other, range(span)?)),
        }
    }
    reader.documents()?;
    reader.source.comments.sort_by_key(|comment| comment.start);
    Ok(reader.source)
}

fn range(span: Span) -> Result<Range<usize>, NotPlain> {
    span.byte_range().ok_or_else(|| NotPlain("a place in the text is not known".to_owned()))
}

struct Reader<'t> {
    text: &'t str,
    events: Vec<(Event<'t>, Range<usize>)>,
    at: usize,
    source: Source,
}

impl<'t> Reader<'t> {
    fn next(&mut self) -> Result<(Event<'t>, Range<usize>), NotPlain> {
        let event = self.events.get(self.at).cloned();
        self.at += 1;
        event.ok_or_else(|| NotPlain("the text ends in the middle".to_owned()))
    }

    fn documents(&mut self) -> Result<(), NotPlain> {
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamStart | Event::DocumentEnd => {}
                Event::StreamEnd => return Ok(()),
                Event::DocumentStart(explicit, version) => {
                    if version.is_some() {
                        return Err(NotPlain("directives are not supported; leave the line with `%` out".to_owned()));
                    }
                    let marker = explicit.then(|| self.marker(span.start)).flatten();
                    let start = marker.map_or(span.start, |marker| marker + 3);
                    let (event, span) = self.next()?;
                    let root = self.part(event, span, 0)?;
                    let nothing = matches!(&root.form, PartForm::Scalar { value, .. } if value.is_empty());
                    let root = (!nothing || !root.span.is_empty()).then_some(root);
                    self.source.documents.push(SourceDocument { start, marker, root });
                }
                _ => return Err(NotPlain("there is something between two documents".to_owned())),
            }
        }
    }

    /// The place of the `---` near a document's beginning.
    fn marker(&self, near: usize) -> Option<usize> {
        let head = self.text.get(..near + 3).or(Some(self.text)).unwrap_or_default();
        head.rfind("---")
    }

    fn part(&mut self, event: Event<'t>, span: Range<usize>, depth: usize) -> Result<Part, NotPlain> {
        if depth > DEPTH_MAX {
            return Err(NotPlain(format!("it is nested more than {DEPTH_MAX} deep")));
        }
        match event {
            Event::Scalar(value, style, 0, None) => {
                let block = matches!(style, ScalarStyle::Literal | ScalarStyle::Folded);
                let span = if block { self.header(span.start)..self.without_empty_end(&span) } else { span };
                Ok(Part { span, form: PartForm::Scalar { value: value.into_owned(), block } })
            }
            Event::SequenceStart(style, 0, None) => {
                let flow = style == StructureStyle::Flow;
                let mut items = Vec::new();
                let end = loop {
                    match self.next()? {
                        (Event::SequenceEnd, end) => break end,
                        (event, span) => items.push(self.part(event, span, depth + 1)?),
                    }
                };
                let last = items.last().map(|item: &Part| item.span.end);
                let end = if flow { end.end } else { last.unwrap_or(span.end) };
                Ok(Part { span: span.start..end, form: PartForm::List { flow, items } })
            }
            Event::MappingStart(style, 0, None) => {
                let flow = style == StructureStyle::Flow;
                let mut entries: Vec<Pair> = Vec::new();
                let end = loop {
                    match self.next()? {
                        (Event::MappingEnd, end) => break end,
                        (event, span) => {
                            let key = self.part(event, span, depth + 1)?;
                            let (event, span) = self.next()?;
                            let value = self.part(event, span, depth + 1)?;
                            self.plain_key(&key)?;
                            entries.push(Pair { key, value });
                        }
                    }
                };
                let last = entries.last().map(|pair| pair.value.span.end.max(pair.key.span.end));
                let end = if flow { end.end } else { last.unwrap_or(span.end) };
                let start =
                    if flow { span.start } else { entries.first().map_or(span.start, |pair| pair.key.span.start) };
                Ok(Part { span: start..end, form: PartForm::Map { flow, entries } })
            }
            _ => Err(NotPlain("anchors, aliases and tags are not supported".to_owned())),
        }
    }

    fn plain_key(&self, key: &Part) -> Result<(), NotPlain> {
        let before = self.text.get(..key.span.start).unwrap_or_default();
        let line = before.rsplit('\n').next().unwrap_or_default();
        let asked = line.trim_end().ends_with('?');
        match key.form {
            PartForm::Scalar { block: false, .. } if !asked => Ok(()),
            _ => Err(NotPlain("a key must be one word in front of its `:`".to_owned())),
        }
    }

    /// The `|` or `>` in front of a text of several lines.
    fn header(&self, content: usize) -> usize {
        let before = self.text.get(..content).unwrap_or_default().trim_end();
        let line = line_of(self.text, before.len());
        let inside = self.text.get(line.clone()).unwrap_or_default();
        let is_header = |(at, _): &(usize, &str)| {
            let (head, tail) = inside.split_at(*at);
            let marks = tail.trim_start_matches(|c: char| "|>+-".contains(c) || c.is_ascii_digit()).trim_start();
            (marks.is_empty() || marks.starts_with('#')) && head.trim_end().ends_with([':', '-'])
        };
        let found = inside.match_indices(['|', '>']).find(is_header);
        found.map_or(content, |(at, _)| line.start + at)
    }

    /// A text behind `|` ends with its last line that says something.
    fn without_empty_end(&self, span: &Range<usize>) -> usize {
        let inside = self.text.get(span.clone()).unwrap_or_default();
        span.start + inside.trim_end().len()
    }
}

/// The line that a place stands on: from its first byte to the one behind its last, without the
/// line break.
pub(crate) fn line_of(text: &str, at: usize) -> Range<usize> {
    let at = at.min(text.len());
    let start = text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |found| found + 1);
    let end = text.get(at..).and_then(|after| after.find('\n')).map_or(text.len(), |found| at + found);
    start..end
}

/// How many bytes stand before a place on its line.
pub(crate) fn column_of(text: &str, at: usize) -> usize {
    at - line_of(text, at).start
}

/// Whether nothing but spaces stands before a place on its line.
pub(crate) fn is_first(text: &str, at: usize) -> bool {
    let line = line_of(text, at);
    text.get(line.start..at).is_some_and(|before| before.trim().is_empty())
}
