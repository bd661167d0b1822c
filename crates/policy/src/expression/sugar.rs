//! Shorthands that are no part of CEL: `a ?? b`, and `ref("person", "employeeId", …)`.
//!
//! `a ?? b` is written out as `(has(a) ? a : (b))` before the parser sees it. A reference is taken
//! apart here and stays what it is: the key of somebody, not a value.

use std::borrow::Cow;

use super::BadExpression;
use super::guard::{self, Token};

const USAGE_OTHERWISE: &str = "write a value and what to take without it, such as `worker.preferred ?? worker.first`";
const USAGE_REFERENCE: &str = "write it as `ref(\"person\", \"employeeId\", worker.managerId)`";

/// The text as CEL has it. It was found good by [`guard::check`] before.
pub(super) fn written_out(text: &str) -> Result<Cow<'_, str>, BadExpression> {
    let mut text = Cow::Borrowed(text);
    loop {
        let tokens = guard::tokens(&text)?;
        // The last one first, so that what stands on its right holds none any more.
        let Some(place) = tokens.iter().rposition(|(_, _, token)| *token == Token::Coalesce) else { return Ok(text) };
        text = Cow::Owned(one_written_out(&text, &tokens, place)?);
    }
}

fn one_written_out(text: &str, tokens: &[(usize, usize, Token)], place: usize) -> Result<String, BadExpression> {
    let at = tokens.get(place).map_or(0, |(at, _, _)| *at);
    let bad = |reason: &str| BadExpression::new(at, reason, USAGE_OTHERWISE);
    let before = tokens.get(..place).unwrap_or_default();
    let path = before.iter().rev().take_while(|(_, _, token)| matches!(token, Token::Word | Token::Dot)).count();
    let (outer, path) = before.split_at(place - path);
    let (Some((from, _, Token::Word)), Some((_, to, Token::Word)), 3..) = (path.first(), path.last(), path.len())
    else {
        return Err(bad("what stands before `??` is not a name with a dot"));
    };
    let begins = [None, Some(Token::Open), Some(Token::Comma), Some(Token::Question), Some(Token::Coalesce)];
    if !begins.contains(&outer.last().map(|(_, _, token)| *token)) {
        return Err(bad("`??` stands in the middle of something else; put brackets around its two sides"));
    }
    let mut depth = 0_usize;
    let mut end = text.len();
    for (at, _, token) in tokens.get(place + 1..).unwrap_or_default() {
        match token {
            Token::Open => depth += 1,
            Token::Close | Token::Comma if depth == 0 => {
                end = *at;
                break;
            }
            Token::Close => depth -= 1,
            Token::Question if depth == 0 => {
                return Err(bad("`?` follows `??`; put brackets around what belongs together"));
            }
            _ => {}
        }
    }
    let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
    let name = part(*from, *to);
    let otherwise = part(at + 2, end);
    let space = otherwise.get(otherwise.trim_end().len()..).unwrap_or_default();
    let otherwise = otherwise.trim();
    if otherwise.is_empty() {
        return Err(bad("nothing stands after `??`"));
    }
    Ok(format!("{}(has({name}) ? {name} : ({otherwise})){space}{}", part(0, *from), part(end, text.len())))
}

/// A reference to somebody by a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// The attribute that is the key, such as `employeeId`.
    pub by: String,
    /// Its value, as an expression.
    pub key: String,
}

/// Takes `ref("person", attribute, expression)` apart; none if the text is something else.
pub fn reference(text: &str) -> Result<Option<Reference>, BadExpression> {
    guard::check(text)?;
    let tokens = guard::tokens(text)?;
    let word = |at: usize, to: usize| text.get(at..to).unwrap_or_default();
    let [(at, to, Token::Word), (_, open, Token::Open), inner @ .., (close, _, Token::Close)] = tokens.as_slice()
    else {
        return Ok(None);
    };
    if word(*at, *to) != "ref" {
        return Ok(None);
    }
    let mut depth = 0_usize;
    let mut parts = Vec::new();
    let mut from = *open;
    for (at, to, token) in inner {
        match token {
            Token::Open => depth += 1,
            Token::Close => {
                let Some(less) = depth.checked_sub(1) else { return Ok(None) };
                depth = less;
            }
            Token::Comma if depth == 0 && word(*at, *to) == "," => {
                parts.push(word(from, *at).trim());
                from = *to;
            }
            _ => {}
        }
    }
    parts.push(word(from, *close).trim());
    let bad = |reason: String| BadExpression::new(*at, reason, USAGE_REFERENCE);
    let [kind, by, key] = parts.as_slice() else {
        return Err(bad(format!("`ref` takes 3 values and has {}", parts.len())));
    };
    match (plain_text(kind), plain_text(by)) {
        (Some("person"), Some(by)) if !by.is_empty() => {
            Ok(Some(Reference { by: by.to_owned(), key: (*key).to_owned() }))
        }
        (Some(other), Some(_)) => Err(bad(format!("`{other}` cannot be referred to, only a person can"))),
        _ => Err(bad("the first two values of `ref` are not plain texts in quotes".to_owned())),
    }
}

fn plain_text(part: &str) -> Option<&str> {
    let quoted = |mark| part.strip_prefix(mark).and_then(|rest| rest.strip_suffix(mark));
    quoted('"').or_else(|| quoted('\'')).filter(|inner| !inner.contains(['"', '\'', '\\']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn otherwise_is_written_out_wherever_it_stands() {
        for (text, wanted) in [
            ("a.b ?? a.c", "(has(a.b) ? a.b : (a.c))"),
            ("a.b ?? a.c ?? 'x, y'", "(has(a.b) ? a.b : ((has(a.c) ? a.c : ('x, y'))))"),
            ("lower(a.b ?? a.c, 1)", "lower((has(a.b) ? a.b : (a.c)), 1)"),
            ("a.x ? a.b ?? 'n' : 'm'", "a.x ? (has(a.b) ? a.b : ('n')) : 'm'"),
            ("'a ?? b'", "'a ?? b'"),
        ] {
            assert_eq!(written_out(text).unwrap(), wanted, "{text}");
        }
        for text in ["?? b", "a ?? b", "1 + a.b ?? c.d", "a.b ??", "lower(a.b) ?? 'x'", "a.b ?? c.d ? 1 : 2"] {
            assert!(written_out(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_reference_is_taken_apart() {
        let wanted = Reference { by: "employeeId".into(), key: "worker.m ?? f(1, 2)".into() };
        assert_eq!(reference("ref(\"person\", 'employeeId', worker.m ?? f(1, 2))"), Ok(Some(wanted)));
        for other in ["worker.ref", "refer(\"person\", \"a\", b)", "ref + 1", "(ref)(1)"] {
            assert_eq!(reference(other), Ok(None), "{other}");
        }
        for bad in ["ref(1, 2, 3)", "ref('person', 'a')", "ref('team', 'a', b.c)", "ref('person', x.y, b.c)"] {
            assert!(reference(bad).is_err(), "{bad}");
        }
    }
}
