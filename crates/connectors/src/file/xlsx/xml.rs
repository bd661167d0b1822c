//! As much of XML as workbooks use, as events. Nothing is expanded but the five entities that XML
//! has and numbers; a document that declares its own is refused.

use std::io::{BufRead as _, BufReader, Error, Read, Result};

use super::super::problem::{Problem, wrapped};
use crate::limits::{FILE_CHUNK_BYTES, FILE_RECORD_BYTES_MAX};

/// What comes next.
pub(super) enum Event<'a> {
    /// A tag that opens. Names are without their prefix.
    Open {
        /// Its name.
        name: &'a str,
        /// Its attributes, with their prefixes.
        attributes: Vec<(String, String)>,
    },
    /// A tag that closes, or the end of one that opened and closed at once.
    Close {
        /// Its name.
        name: &'a str,
    },
    /// Text.
    Text(&'a str),
}

/// A reader of events.
pub(super) struct Xml<R> {
    from: BufReader<R>,
    file: String,
    piece: Vec<u8>,
    depth: usize,
    opened: bool,
}

impl<R: Read> Xml<R> {
    /// Over a part of this file.
    pub(super) fn new(from: R, file: &str) -> Self {
        let from = BufReader::with_capacity(FILE_CHUNK_BYTES, from);
        Self { from, file: file.to_owned(), piece: Vec::new(), depth: 0, opened: false }
    }

    fn problem(&self, what: &str) -> Error {
        wrapped(Problem::of(&self.file, format!("a part of the workbook {what}; have it saved again")))
    }

    /// Reads up to a sign, without it; false if it never came.
    fn until(&mut self, sign: u8) -> Result<bool> {
        self.piece.clear();
        let limit = FILE_RECORD_BYTES_MAX as u64;
        let count = self.from.by_ref().take(limit).read_until(sign, &mut self.piece)?;
        let found = self.piece.pop_if(|last| *last == sign).is_some();
        if !found && count as u64 == limit {
            return Err(self.problem("has a text or tag without end"));
        }
        Ok(found)
    }

    /// Hands the text before the next tag and the tag on; false at the end.
    pub(super) fn next(&mut self, take: &mut impl FnMut(Event<'_>)) -> Result<bool> {
        let found = self.until(b'<')?;
        let text = self.text(&self.piece)?;
        if !text.is_empty() {
            take(Event::Text(&text));
        }
        if !found {
            return match (self.depth, self.opened) {
                (0, true) => Ok(false),
                _ => Err(self.problem("is cut off")),
            };
        }
        if !self.until(b'>')? {
            return Err(self.problem("is cut off in a tag"));
        }
        self.tag(take)?;
        Ok(true)
    }

    fn tag(&mut self, take: &mut impl FnMut(Event<'_>)) -> Result<()> {
        let piece = std::mem::take(&mut self.piece);
        let tag = std::str::from_utf8(&piece).map_err(|_| self.problem("is not in UTF-8"))?;
        if tag.starts_with('?') {
            return Ok(());
        }
        if tag.starts_with('!') {
            // Comments and sections of literal text could hide a tag from us as well.
            return Err(self.problem("declares a document type or has a comment, which workbooks do not"));
        }
        if let Some(name) = tag.strip_prefix('/') {
            self.depth = self.depth.checked_sub(1).ok_or_else(|| self.problem("closes what was never opened"))?;
            take(Event::Close { name: local(name.trim()) });
            return Ok(());
        }
        let (body, alone) = tag.strip_suffix('/').map_or((tag, false), |body| (body, true));
        let (name, rest) = body.split_once(|c: char| c.is_ascii_whitespace()).unwrap_or((body, ""));
        let attributes = self.attributes(rest)?;
        self.opened = true;
        take(Event::Open { name: local(name), attributes });
        if alone {
            take(Event::Close { name: local(name) });
        } else {
            self.depth += 1;
        }
        Ok(())
    }

    fn attributes(&self, mut rest: &str) -> Result<Vec<(String, String)>> {
        let mut found = Vec::new();
        loop {
            rest = rest.trim_start();
            if rest.is_empty() {
                return Ok(found);
            }
            let parts = rest.split_once('=').and_then(|(name, behind)| {
                let behind = behind.trim_start();
                let quote = behind.chars().next().filter(|sign| matches!(sign, '"' | '\''))?;
                let (value, behind) = behind.get(1..)?.split_once(quote)?;
                Some((name.trim(), value, behind))
            });
            let (name, value, behind) = parts.ok_or_else(|| self.problem("has a tag that cannot be read"))?;
            found.push((name.to_owned(), self.text(value.as_bytes())?));
            rest = behind;
        }
    }

    fn text(&self, bytes: &[u8]) -> Result<String> {
        let text = std::str::from_utf8(bytes).map_err(|_| self.problem("is not in UTF-8"))?;
        let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
        let Some((before, mut rest)) = text.split_once('&') else { return Ok(text.to_owned()) };
        let mut whole = before.to_owned();
        loop {
            let (name, behind) = rest.split_once(';').ok_or_else(|| self.problem("has an `&` that means nothing"))?;
            whole.push(entity(name).ok_or_else(|| self.problem("uses an entity that is not XML's own"))?);
            let Some((plain, next)) = behind.split_once('&') else {
                whole.push_str(behind);
                return Ok(whole);
            };
            whole.push_str(plain);
            rest = next;
        }
    }
}

fn entity(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix('x') {
                Some(digits) => u32::from_str_radix(digits, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code).filter(|letter| *letter != '\0')
        }
    }
}

fn local(name: &str) -> &str {
    name.rsplit_once(':').map_or(name, |(_, local)| local)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(text: &str) -> std::result::Result<String, String> {
        let mut said = String::new();
        let mut xml = Xml::new(text.as_bytes(), "f");
        let mut take = |event: Event<'_>| match event {
            Event::Open { name, attributes } => said.extend(["<", name, " ", &format!("{attributes:?}"), ">"]),
            Event::Close { name } => said.extend(["</", name, ">"]),
            Event::Text(text) => said.push_str(text),
        };
        loop {
            match xml.next(&mut take) {
                Ok(true) => {}
                Ok(false) => return Ok(said),
                Err(error) => return Err(error.to_string()),
            }
        }
    }

    #[test]
    fn tags_texts_and_the_five_entities() {
        let said = events("<?xml version='1.0'?><x:a b=\"1&lt;2\"><c/>&#65;&amp;&#x42;</x:a>").unwrap();
        assert_eq!(said, "<a [(\"b\", \"1<2\")]><c []></c>A&B</a>");
    }

    #[test]
    fn nothing_is_expanded_and_nothing_is_half() {
        for bad in [
            "<!DOCTYPE a [<!ENTITY b \"bb\">]><a>&b;</a>",
            "<a>&b;</a>",
            "<a><b></b>",
            "</a>",
            "",
            "<a b=>",
            "<a>&#0;</a>",
        ] {
            assert!(events(bad).is_err(), "{bad}");
        }
    }
}
