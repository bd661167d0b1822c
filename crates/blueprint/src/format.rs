//! The one way to write a document: keys in the order in which they are declared, two spaces for
//! each level, one space inside brackets, one empty line at most. Comments stay where they
//! belong. What is written twice is the same as what is written once, and means the same as
//! before; if either were not so, nothing is changed.

use crate::document::Kind;
use crate::limits::LINE_LENGTH_MAX;
use crate::problem::{Code, Place, Problem};
use crate::shape::{self, Field, Form};
use crate::source::{self, Pair, Part, PartForm, Source, column_of, is_first};
use crate::tree;

/// The text as it is to be written, or why it cannot be.
pub fn format(file: &str, text: &str) -> Result<String, Problem> {
    let before = tree::read(file, text)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text).replace("\r\n", "\n");
    let written = write(file, &text)?;
    let after = tree::read(file, &written).unwrap_or_default();
    let values = |nodes: &[tree::Node]| nodes.iter().map(tree::Node::json).filter(|json| !json.is_null()).collect();
    let (before, after): (Vec<_>, Vec<_>) = (values(&before), values(&after));
    if before != after || write(file, &written)? != written || comments(&text) != comments(&written) {
        let reason = "it cannot be laid out without changing what it says".to_owned();
        return Err(problem(file, reason, "write it simpler: one value on a line, comments on lines of their own"));
    }
    Ok(written)
}

/// Every comment, sorted.
fn comments(text: &str) -> Vec<String> {
    let comments = source::read(text).map(|source| source.comments).unwrap_or_default();
    let mut all: Vec<String> =
        comments.into_iter().filter_map(|at| Some(text.get(at)?.trim_end().to_owned())).collect();
    all.sort();
    all
}

fn problem(file: &str, reason: String, hint: &str) -> Problem {
    let place = Place { line: 1, column: 1 };
    Problem { file: file.to_owned(), place, code: Code::NotYaml, reason, hint: hint.to_owned() }
}

fn write(file: &str, text: &str) -> Result<String, Problem> {
    let source = source::read(text)
        .map_err(|error| problem(file, error.to_string(), "write plain YAML: `key: value`, `- item`, no anchors"))?;
    let mut reading = Reading { text, source: &source, comment: 0, taken: 0 };
    let mut out = String::new();
    let documents: Vec<_> = source.documents.iter().filter(|document| document.root.is_some()).collect();
    for (at, document) in documents.iter().enumerate() {
        let Some(root) = &document.root else { continue };
        let until = documents.get(at + 1).map_or(text.len(), |next| next.marker.unwrap_or(next.start));
        let head = reading.lead(root.span.start, document.start);
        let mut laid = reading.laid(root, until);
        // What stands above the document stays there, whichever key comes first.
        if let Laid::Block(parts) = &mut laid {
            for part in parts {
                part.lead.retain(|lead| *lead != Lead::Blank);
            }
        }
        let kind = kind(root);
        laid.order(if kind.is_some() { Some(Form::Fields(shape::ENVELOPE)) } else { None }, kind);
        let tail = reading.lead(until, root.span.end);
        if at > 0 {
            out.push_str("---\n");
        }
        let body = laid.lines(0);
        let lines = [leads(&head, 0), body, leads(&tail, 0)].concat();
        let first = lines.iter().position(|line| !line.is_empty()).unwrap_or(0);
        for line in lines.iter().skip(first) {
            out.push_str(line);
            out.push('\n');
        }
        out.truncate(out.trim_end().len());
        out.push('\n');
    }
    Ok(out)
}

fn kind(root: &Part) -> Option<Kind> {
    let PartForm::Map { entries, .. } = &root.form else { return None };
    let found = entries.iter().find(|pair| pair.name() == "kind")?;
    match &found.value.form {
        PartForm::Scalar { value, .. } => Kind::from_word(value),
        PartForm::Map { .. } | PartForm::List { .. } => None,
    }
}

/// A line above something: a comment, or an empty one.
#[derive(Debug, Clone, PartialEq)]
enum Lead {
    Comment(String),
    Blank,
}

fn leads(leads: &[Lead], indent: usize) -> Vec<String> {
    let line = |lead: &Lead| match lead {
        Lead::Comment(comment) => format!("{}{comment}", " ".repeat(indent)),
        Lead::Blank => String::new(),
    };
    leads.iter().map(line).collect()
}

/// A value that is ready to be written.
#[derive(Debug)]
enum Laid {
    /// On the line of its key.
    Inline(String),
    /// On several lines that stay as they are; the number is the indent of what it belongs to.
    Raw(Vec<String>, usize, Keep),
    /// Below its key: entries, or items of a list.
    Block(Vec<LaidPart>),
    List(Vec<LaidPart>),
}

/// What may be done to lines that stay as they are.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Keep {
    /// Spaces at the end of a line mean nothing.
    Trimmed,
    /// They are part of the value.
    Exactly,
}

#[derive(Debug)]
struct LaidPart {
    lead: Vec<Lead>,
    key: String,
    name: String,
    /// The comment on the line of the key.
    beside: Option<String>,
    value: Laid,
    /// Comments below the last part of the value.
    below: Vec<Lead>,
}

struct Reading<'s> {
    text: &'s str,
    source: &'s Source,
    /// The next comment.
    comment: usize,
    /// Where the last one ended.
    taken: usize,
}

impl Reading<'_> {
    fn slice(&self, from: usize, to: usize) -> &str {
        self.text.get(from..to).unwrap_or_default()
    }

    /// The comments and empty lines that stand between two places, up to the later one.
    fn lead(&mut self, until: usize, from: usize) -> Vec<Lead> {
        let mut lead = Vec::new();
        let mut at = from.max(self.taken);
        while let Some(comment) = self.source.comments.get(self.comment).filter(|comment| comment.start < until) {
            self.comment += 1;
            if blank_between(self.slice(at, comment.start)) {
                lead.push(Lead::Blank);
            }
            lead.push(Lead::Comment(self.slice(comment.start, comment.end).trim_end().to_owned()));
            at = comment.end;
            self.taken = at;
        }
        if blank_between(self.slice(at, until)) {
            lead.push(Lead::Blank);
        }
        lead
    }

    /// A comment that stands behind a place on the same line.
    fn beside(&mut self, from: usize) -> Option<String> {
        let comment = self.source.comments.get(self.comment)?;
        let between = self.text.get(from..comment.start)?;
        if between.contains('\n') {
            return None;
        }
        self.comment += 1;
        Some(self.slice(comment.start, comment.end).trim_end().to_owned())
    }

    /// Comments below the last part of a block that are indented like it.
    fn below(&mut self, from: usize, until: usize, column: usize) -> Vec<Lead> {
        let mut below = Vec::new();
        let mut at = from.max(self.taken);
        while let Some(comment) = self.source.comments.get(self.comment).filter(|comment| comment.start < until) {
            if !is_first(self.text, comment.start) || column_of(self.text, comment.start) < column.max(1) {
                break;
            }
            self.comment += 1;
            if blank_between(self.slice(at, comment.start)) {
                below.push(Lead::Blank);
            }
            below.push(Lead::Comment(self.slice(comment.start, comment.end).trim_end().to_owned()));
            at = comment.end;
            self.taken = at;
        }
        below
    }

    fn laid(&mut self, part: &Part, until: usize) -> Laid {
        match &part.form {
            PartForm::Map { flow: false, entries } => {
                let mut parts = Vec::new();
                let mut from = part.span.start;
                for (at, pair) in entries.iter().enumerate() {
                    let next = entries.get(at + 1).map_or(until, |next| next.key.span.start);
                    parts.push(self.entry(pair, from, next));
                    from = pair.value.span.end.max(pair.key.span.end);
                }
                let column = column_of(self.text, part.span.start);
                if let Some(last) = parts.last_mut() {
                    let below = self.below(from, until, column);
                    last.below.extend(below);
                }
                Laid::Block(parts)
            }
            PartForm::List { flow: false, items } => {
                let mut parts = Vec::new();
                let mut from = part.span.start;
                for (at, item) in items.iter().enumerate() {
                    let next = items.get(at + 1).map_or(until, |next| self.dash(next.span.start));
                    parts.push(self.item(item, from, next));
                    from = item.span.end;
                }
                let column =
                    column_of(self.text, items.first().map_or(part.span.start, |item| self.dash(item.span.start)));
                if let Some(last) = parts.last_mut() {
                    let below = self.below(from, until, column);
                    last.below.extend(below);
                }
                Laid::List(parts)
            }
            PartForm::Scalar { .. } | PartForm::Map { .. } | PartForm::List { .. } => self.inline(part),
        }
    }

    /// The dash in front of an item.
    fn dash(&self, at: usize) -> usize {
        self.text.get(..at).and_then(|before| before.rfind('-')).unwrap_or(at)
    }

    fn entry(&mut self, pair: &Pair, from: usize, until: usize) -> LaidPart {
        let lead = self.lead(pair.key.span.start, from);
        let key = self.slice(pair.key.span.start, pair.key.span.end).to_owned();
        let (beside, value) = self.value(&pair.value, pair.key.span.end, until);
        LaidPart { lead, key: format!("{key}:"), name: pair.name().to_owned(), beside, value, below: Vec::new() }
    }

    fn item(&mut self, item: &Part, from: usize, until: usize) -> LaidPart {
        let dash = self.dash(item.span.start);
        let mut lead = self.lead(dash.max(from), from);
        let (beside, mut value) = self.value(item, dash, until);
        // What stands above the first thing in an item stands above the item.
        if let Laid::Block(parts) | Laid::List(parts) = &mut value
            && let Some(first) = parts.first_mut()
        {
            lead.extend(std::mem::take(&mut first.lead).into_iter().filter(|lead| *lead != Lead::Blank));
        }
        LaidPart { lead, key: "-".to_owned(), name: String::new(), beside, value, below: Vec::new() }
    }

    fn value(&mut self, value: &Part, key_end: usize, until: usize) -> (Option<String>, Laid) {
        let block = matches!(&value.form, PartForm::Map { flow: false, .. } | PartForm::List { flow: false, .. });
        let is_text = matches!(&value.form, PartForm::Scalar { block: true, .. });
        if block {
            let beside = self.beside(key_end);
            return (beside, self.laid(value, until));
        }
        if is_text {
            // A comment behind `|` is part of its line.
            while self.source.comments.get(self.comment).is_some_and(|comment| comment.start < value.span.end) {
                self.comment += 1;
            }
            return (None, self.inline(value));
        }
        let laid = self.inline(value);
        let beside = self.beside(value.span.end.max(key_end));
        (beside, laid)
    }

    fn inline(&mut self, part: &Part) -> Laid {
        let raw = self.slice(part.span.start, part.span.end).to_owned();
        let has_comment =
            self.source.comments.iter().any(|comment| part.span.start <= comment.start && comment.end <= part.span.end);
        let text_block = matches!(&part.form, PartForm::Scalar { block: true, .. });
        let one = (!has_comment && !text_block).then(|| self.on_one_line(part)).flatten();
        match one {
            Some(line) if !raw.contains('\n') || line.chars().count() <= LINE_LENGTH_MAX => Laid::Inline(line),
            _ => {
                while self.source.comments.get(self.comment).is_some_and(|comment| comment.start < part.span.end) {
                    self.comment += 1;
                }
                let keep = if text_block { Keep::Exactly } else { Keep::Trimmed };
                Laid::Raw(raw.split('\n').map(ToOwned::to_owned).collect(), self.indent_of(part.span.start), keep)
            }
        }
    }

    /// The indent of the key or dash that a value belongs to.
    fn indent_of(&self, at: usize) -> usize {
        let line = source::line_of(self.text, at);
        let text = self.slice(line.start, line.end);
        let mut indent = text.len() - text.trim_start().len();
        // A key behind dashes stands further in.
        let mut rest = text.trim_start();
        while let Some(inner) = rest.strip_prefix("- ") {
            let inside = inner.trim_start();
            if !inside.starts_with("- ") && !has_key(inside) {
                break;
            }
            indent += rest.len() - inside.len();
            rest = inside;
        }
        indent
    }

    fn on_one_line(&self, part: &Part) -> Option<String> {
        match &part.form {
            PartForm::Scalar { .. } => {
                let raw = self.slice(part.span.start, part.span.end);
                (!raw.contains('\n')).then(|| raw.to_owned())
            }
            PartForm::List { items, .. } => {
                let items: Vec<String> = items.iter().map(|item| self.on_one_line(item)).collect::<Option<_>>()?;
                Some(format!("[{}]", items.join(", ")))
            }
            PartForm::Map { entries, .. } if entries.is_empty() => Some("{}".to_owned()),
            PartForm::Map { entries, .. } => {
                let pair = |pair: &Pair| {
                    let key = self.slice(pair.key.span.start, pair.key.span.end);
                    let value = self.on_one_line(&pair.value)?;
                    Some(if value.is_empty() { format!("{key}:") } else { format!("{key}: {value}") })
                };
                let entries: Vec<String> = entries.iter().map(pair).collect::<Option<_>>()?;
                Some(format!("{{ {} }}", entries.join(", ")))
            }
        }
    }
}

fn has_key(text: &str) -> bool {
    text.split_once(':').is_some_and(|(key, rest)| {
        !key.contains(['{', '[', '"', '\'', '#', ' ']) && (rest.is_empty() || rest.starts_with(' '))
    })
}

/// Whether an empty line stands somewhere in what is between two parts.
fn blank_between(text: &str) -> bool {
    let mut lines = text.split('\n');
    lines.next();
    let inner: Vec<&str> = lines.collect();
    inner.len() > 1 && inner.iter().take(inner.len() - 1).any(|line| line.trim().is_empty())
}

impl Laid {
    /// Puts keys into the order in which they are declared; keys that are not, stay behind them.
    fn order(&mut self, form: Option<Form>, kind: Option<Kind>) {
        let form = match form {
            Some(Form::Either(forms)) => forms.iter().copied().find(|form| matches!(form, Form::Fields(_))),
            other => other,
        };
        match (self, form) {
            (Self::Block(parts), Some(Form::Fields(fields))) => {
                let place = |part: &LaidPart| fields.iter().position(|field| field.key == part.name);
                parts.sort_by_key(|part| place(part).unwrap_or(usize::MAX));
                for part in parts {
                    let field: Option<&Field> = fields.iter().find(|field| field.key == part.name);
                    let inner = match (part.name.as_str(), kind) {
                        ("spec", Some(kind)) => Some(shape::spec(kind)),
                        _ => field.map(|field| field.form),
                    };
                    part.value.order(inner, None);
                }
            }
            (Self::Block(parts), Some(Form::Map(inner))) | (Self::List(parts), Some(Form::List(_, inner))) => {
                for part in parts {
                    part.value.order(Some(*inner), None);
                }
            }
            _ => {}
        }
    }

    fn lines(&self, indent: usize) -> Vec<String> {
        match self {
            Self::Inline(text) => vec![text.clone()],
            Self::Raw(lines, was, keep) => shifted(lines, *was, indent, *keep),
            Self::Block(parts) | Self::List(parts) => {
                let mut all = Vec::new();
                for (at, part) in parts.iter().enumerate() {
                    let lead = if at == 0 { without_blank_start(&part.lead) } else { &part.lead };
                    all.extend(leads(lead, indent));
                    all.extend(part.lines(indent));
                    all.extend(leads(&part.below, indent));
                }
                all
            }
        }
    }
}

fn without_blank_start(lead: &[Lead]) -> &[Lead] {
    let from = lead.iter().position(|lead| *lead != Lead::Blank).unwrap_or(lead.len());
    lead.get(from..).unwrap_or_default()
}

/// Lines that stay as they are, moved with what they belong to.
fn shifted(lines: &[String], was: usize, indent: usize, keep: Keep) -> Vec<String> {
    let move_line = |line: &String| {
        let line = if keep == Keep::Trimmed { line.trim_end() } else { line.as_str() };
        if line.trim().is_empty() && keep == Keep::Trimmed {
            return String::new();
        }
        if indent >= was {
            return if line.is_empty() { String::new() } else { format!("{}{line}", " ".repeat(indent - was)) };
        }
        let spaces = line.len() - line.trim_start_matches(' ').len();
        line.get(spaces.min(was - indent)..).unwrap_or_default().to_owned()
    };
    lines
        .iter()
        .enumerate()
        .map(|(at, line)| if at == 0 { line.trim_end().to_owned() } else { move_line(line) })
        .collect()
}

impl LaidPart {
    fn lines(&self, indent: usize) -> Vec<String> {
        let space = " ".repeat(indent);
        let beside = self.beside.as_ref().map(|comment| format!("  {comment}")).unwrap_or_default();
        match &self.value {
            Laid::Inline(text) if text.is_empty() => vec![format!("{space}{}{beside}", self.key)],
            Laid::Inline(text) => vec![format!("{space}{} {text}{beside}", self.key)],
            Laid::Raw(..) => {
                let mut lines = self.value.lines(indent);
                if let Some(first) = lines.first_mut() {
                    *first = format!("{space}{} {first}", self.key);
                }
                if let Some(last) = lines.last_mut() {
                    last.push_str(&beside);
                }
                lines
            }
            Laid::Block(_) | Laid::List(_) if self.key == "-" => {
                let mut lines = self.value.lines(indent + 2);
                if let Some(first) = lines.first_mut() {
                    *first = format!("{space}- {}", first.trim_start());
                }
                // A comment beside the dash goes above it.
                lines.splice(0..0, self.beside.iter().map(|comment| format!("{space}{comment}")));
                lines
            }
            Laid::Block(_) | Laid::List(_) => {
                let mut lines = vec![format!("{space}{}{beside}", self.key)];
                lines.extend(self.value.lines(indent + 2));
                lines
            }
        }
    }
}
