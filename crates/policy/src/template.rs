//! Texts with placeholders: `Hello {{ person.givenName or "there" }}`.
//!
//! A placeholder names a value and can do nothing else. A value is filled in once and is never
//! read as a template itself; in HTML it is escaped, in a line it cannot begin another line.

use std::fmt::Write as _;

use jiff::Timestamp;
use tenure_model::{Attributes, Value};

use crate::limits::{TEMPLATE_BYTES_MAX, TEMPLATE_PLACEHOLDERS_MAX, TEMPLATE_VALUE_CHARS_MAX};

/// A text with placeholders, found good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    source: String,
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Words(String),
    Value { name: String, otherwise: Option<String> },
}

/// Where a text goes, and so what a value must not do there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Plain text of several lines.
    Plain,
    /// One line, such as a subject.
    Line,
    /// HTML.
    Html,
}

/// Why a text is not a template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}; {hint}")]
pub struct BadTemplate {
    /// What is wrong.
    pub reason: String,
    /// What to do about it.
    pub hint: String,
}

/// A placeholder for which there is no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` is not known; write `{{{{ {name} or \"…\" }}}}` where that may be")]
pub struct NotKnown {
    /// Which.
    pub name: String,
}

impl Template {
    /// Reads a template for a place of this form.
    pub fn parse(source: &str, form: Form) -> Result<Self, BadTemplate> {
        if source.len() > TEMPLATE_BYTES_MAX {
            let reason = format!("a template of {} bytes is too long", source.len());
            return Err(bad(reason, format!("write at most {TEMPLATE_BYTES_MAX}")));
        }
        if form == Form::Line && source.contains(|letter: char| letter.is_control()) {
            return Err(bad("there is a line break in what must be one line", "write it as one line"));
        }
        let mut parts = Vec::new();
        let mut rest = source;
        while let Some((words, behind)) = rest.split_once("{{") {
            let inside = behind.split_once("}}");
            let (inside, after) = inside
                .ok_or_else(|| bad("a `{{` is never closed", "close it with `}}`, such as `{{ person.name }}`"))?;
            parts.push(Part::Words(words.to_owned()));
            parts.push(placeholder(inside)?);
            rest = after;
        }
        parts.push(Part::Words(rest.to_owned()));
        if parts.len() > 2 * TEMPLATE_PLACEHOLDERS_MAX {
            return Err(bad("there are too many placeholders", format!("use at most {TEMPLATE_PLACEHOLDERS_MAX}")));
        }
        if form == Form::Html {
            check_html(&parts)?;
        }
        Ok(Self { source: source.to_owned(), parts })
    }

    /// The text that it was read from.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// What it names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Value { name, .. } => Some(name.as_str()),
            Part::Words(_) => None,
        })
    }

    /// What it cannot be filled without.
    pub fn needs(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Value { name, otherwise: None } => Some(name.as_str()),
            Part::Value { .. } | Part::Words(_) => None,
        })
    }

    /// The text with these values in their places.
    pub fn fill(&self, values: &Attributes, form: Form) -> Result<String, NotKnown> {
        let mut text = String::with_capacity(self.source.len());
        for part in &self.parts {
            match part {
                Part::Words(words) => text.push_str(words),
                Part::Value { name, otherwise } => {
                    let value = values.get(name).map(shown).filter(|value| !value.is_empty());
                    let value = value.or_else(|| otherwise.clone()).ok_or_else(|| NotKnown { name: name.clone() })?;
                    write_value(&mut text, &value, form);
                }
            }
        }
        Ok(text)
    }
}

/// A moment as people read it, in UTC.
pub fn to_the_minute(moment: Timestamp) -> String {
    moment.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// A value in words.
fn shown(value: &Value) -> String {
    match value {
        Value::Instant(moment) => to_the_minute(*moment),
        Value::Text(_) | Value::Number(_) | Value::Flag(_) | Value::Date(_) | Value::List(_) | Value::Cleared => {
            value.to_string()
        }
    }
}

fn write_value(text: &mut String, value: &str, form: Form) {
    let kept = value.chars().take(TEMPLATE_VALUE_CHARS_MAX);
    for letter in kept {
        match (form, letter) {
            (Form::Html, '&') => text.push_str("&amp;"),
            (Form::Html, '<') => text.push_str("&lt;"),
            (Form::Html, '>') => text.push_str("&gt;"),
            (Form::Html, '"' | '\'') => {
                // Writing to a string cannot fail.
                let _ = write!(text, "&#{};", u32::from(letter));
            }
            (Form::Plain, '\n' | '\t') => text.push(letter),
            // A second line would begin a header of its own, and other controls only hide things.
            (Form::Plain | Form::Line | Form::Html, letter) if is_unseen(letter) => text.push(' '),
            (Form::Plain | Form::Line | Form::Html, letter) => text.push(letter),
        }
    }
}

/// Control characters, line ends of Unicode, and those that turn the direction of reading round.
pub fn is_unseen(letter: char) -> bool {
    letter.is_control() || matches!(letter, '\u{2028}' | '\u{2029}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

fn placeholder(inside: &str) -> Result<Part, BadTemplate> {
    let (name, otherwise) = match inside.split_once(" or ") {
        None => (inside.trim(), None),
        Some((name, text)) => {
            let quoted = text.trim().strip_prefix('"').and_then(|text| text.strip_suffix('"'));
            let quoted = quoted.filter(|text| !text.contains('"'));
            let quoted = quoted
                .ok_or_else(|| bad("what follows `or` is no text in quotes", "write it as `{{ name or \"text\" }}`"))?;
            (name.trim(), Some(quoted.to_owned()))
        }
    };
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
    if name.is_empty() || !plain {
        let short: String = name.chars().take(40).collect();
        let hint = "a placeholder only names a value, such as `{{ person.name }}`";
        return Err(bad(format!("`{short}` is not the name of a value"), hint));
    }
    Ok(Part::Value { name: name.to_owned(), otherwise })
}

/// In HTML a value may stand between tags only: escaping makes it harmless there, but not in a
/// tag, a comment, a style or a script.
fn check_html(parts: &[Part]) -> Result<(), BadTemplate> {
    let mut before = String::new();
    for part in parts {
        match part {
            Part::Words(words) => before.push_str(&words.to_ascii_lowercase()),
            Part::Value { name, .. } => {
                if !ends_between_tags(&before) {
                    let hint = "put it between tags, where it is escaped";
                    return Err(bad(format!("`{name}` stands inside a tag, a comment or a style"), hint));
                }
            }
        }
    }
    if before.contains("<script") {
        return Err(bad("there is a script in it", "leave it out; no reader of mail runs it"));
    }
    Ok(())
}

/// Whether HTML in small letters ends between tags, as its readers take it apart.
fn ends_between_tags(html: &str) -> bool {
    let mut rest = html;
    while let Some((_, behind)) = rest.split_once('<') {
        let after = match behind.strip_prefix("!--") {
            Some(comment) => after_comment(comment),
            None => after_tag(behind).and_then(|after| if is_style(behind) { after_style(after) } else { Some(after) }),
        };
        let Some(after) = after else { return false };
        rest = after;
    }
    true
}

fn after_comment(comment: &str) -> Option<&str> {
    // These two are comments that end where they begin.
    if let Some(after) = comment.strip_prefix('>').or_else(|| comment.strip_prefix("->")) {
        return Some(after);
    }
    let end = ["-->", "--!>"].iter().filter_map(|end| Some((comment.find(end)?, end.len()))).min()?;
    comment.get(end.0 + end.1..)
}

/// What follows a tag. A quote after an equals sign holds everything up to the next, `>` too.
fn after_tag(tag: &str) -> Option<&str> {
    let (mut quote, mut last) = (None, ' ');
    for (at, letter) in tag.char_indices() {
        match (quote, letter) {
            (Some(open), _) if open == letter => quote = None,
            (None, '>') => return tag.get(at + 1..),
            (None, '"' | '\'') if last == '=' => quote = Some(letter),
            (Some(_) | None, _) => {}
        }
        if !letter.is_ascii_whitespace() {
            last = letter;
        }
    }
    None
}

fn is_style(tag: &str) -> bool {
    tag.strip_prefix("style").is_some_and(|more| !more.starts_with(|letter: char| letter.is_ascii_alphanumeric()))
}

fn after_style(style: &str) -> Option<&str> {
    style.find("</style").and_then(|at| style.get(at..))
}

fn bad(reason: impl Into<String>, hint: impl Into<String>) -> BadTemplate {
    BadTemplate { reason: reason.into(), hint: hint.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values() -> Attributes {
        [
            ("person.name".to_owned(), Value::from("Zoë {{ at }} <b>\"&'")),
            ("at".to_owned(), Value::Instant("2026-11-30T10:00:59Z".parse().unwrap())),
            ("gone".to_owned(), Value::Cleared),
            ("lines".to_owned(), Value::from("a\r\nBcc: eve@example.org\u{202e}x")),
        ]
        .into()
    }

    fn fill(source: &str, form: Form) -> String {
        Template::parse(source, form).unwrap().fill(&values(), form).unwrap_or_else(|error| error.to_string())
    }

    #[test]
    fn a_value_is_filled_in_once_and_escaped_for_its_place() {
        assert_eq!(fill("Hi {{ person.name }}, {{at}}", Form::Plain), "Hi Zoë {{ at }} <b>\"&', 2026-11-30 10:00 UTC");
        assert_eq!(fill("<p>{{ person.name }}</p>", Form::Html), "<p>Zoë {{ at }} &lt;b&gt;&#34;&amp;&#39;</p>");
        assert_eq!(fill("{{ lines }}", Form::Line), "a  Bcc: eve@example.org x");
        assert_eq!(fill("{{ lines }}", Form::Plain), "a \nBcc: eve@example.org x");
    }

    #[test]
    fn what_is_not_known_is_said_or_replaced() {
        assert_eq!(fill("{{ gone or \"nobody\" }}", Form::Plain), "nobody");
        let said = fill("{{ person.room }}", Form::Plain);
        assert_eq!(said, "`person.room` is not known; write `{{ person.room or \"…\" }}` where that may be");
    }

    #[test]
    fn a_placeholder_can_only_name_a_value() {
        for bad in ["{{", "{{ }}", "{{ 7*7 }}", "{{ a or b }}", "{{ a or \"b\" or \"c\" }}", "{{ a|b }}", "{{{a}}}"] {
            assert!(Template::parse(bad, Form::Plain).is_err(), "{bad}");
        }
        assert!(Template::parse("two\nlines", Form::Line).is_err());
        assert!(Template::parse(&"x".repeat(TEMPLATE_BYTES_MAX + 1), Form::Plain).is_err());
        assert!(Template::parse(&"{{ a }}".repeat(TEMPLATE_PLACEHOLDERS_MAX + 1), Form::Plain).is_err());
    }

    #[test]
    fn in_html_a_value_stands_between_tags_only() {
        for bad in [
            "<a href=\"{{ a }}\">x</a>",
            "<a href={{ a }}>",
            "<STYLE>{{ a }}</STYLE>",
            "<!-- > {{ a }} -->",
            "<a title=\">\" href={{ a }}>x</a>",
            "<a title = '>' href={{ a }}>x</a>",
            "<!--><a title=\"-->\" href={{ a }}>",
            "<!-- --!><a href={{ a }}>",
            "<style>a > b { {{ a }} }</style>",
            "<script>1</script>{{ a }}",
        ] {
            assert!(Template::parse(bad, Form::Html).is_err(), "{bad}");
        }
        for good in [
            "<style>p > a {}</style><!-- x > y --><p title=\"a > b\">{{ a }}</p>",
            "<p title=it's>{{ a }} isn't {{ b }}</p>",
            "<!-->{{ a }}",
            "{{ a }} > {{ b }}",
        ] {
            assert!(Template::parse(good, Form::Html).is_ok(), "{good}");
        }
    }
}
