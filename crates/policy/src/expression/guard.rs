//! Looks at the text of an expression before the parser does.
//!
//! The parser and the evaluator call themselves for every nesting and every operator, and a
//! stack that runs out ends the process. So everything that makes them go deep is counted here,
//! without recursion, and refused beyond a limit. It knows no grammar: a text that passes may
//! still be nonsense, which the parser then says.

use super::BadExpression;
use crate::limits::{
    EXPRESSION_BYTES_MAX, EXPRESSION_CHAIN_MAX, EXPRESSION_NESTING_MAX, EXPRESSION_OPERATORS_MAX,
    EXPRESSION_TERNARIES_MAX, EXPRESSION_TOKENS_MAX, EXPRESSION_UNARY_RUN_MAX,
};

/// Refuses a text that could hurt the parser.
pub(super) fn check(text: &str) -> Result<(), BadExpression> {
    if text.len() > EXPRESSION_BYTES_MAX {
        let reason = format!("the expression has {} bytes, the limit is {EXPRESSION_BYTES_MAX}", text.len());
        return Err(BadExpression::new(EXPRESSION_BYTES_MAX, reason, "split it into several roles or conditions"));
    }
    if text.trim().is_empty() {
        return Err(BadExpression::new(0, "the expression is empty", "write a condition such as `true`"));
    }
    let mut counts = Counts::default();
    let mut rest = Scanner { text, at: 0 };
    while let Some((at, token)) = rest.next_token()? {
        counts.take(at, token)?;
    }
    if counts.depth > 0 {
        return Err(BadExpression::new(text.len(), "a bracket is not closed", "close it"));
    }
    Ok(())
}

/// What stands at one place of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token {
    Word,
    Text,
    Open,
    Close,
    Question,
    /// `??`, which [`super::sugar`] takes apart.
    Coalesce,
    Unary,
    Dot,
    Operator,
    Comma,
}

#[derive(Debug, Default)]
struct Counts {
    tokens: usize,
    operators: usize,
    ternaries: usize,
    depth: usize,
    unary_run: usize,
    chain: usize,
}

impl Counts {
    fn take(&mut self, at: usize, token: Token) -> Result<(), BadExpression> {
        self.tokens += 1;
        within(at, "words and signs", self.tokens, EXPRESSION_TOKENS_MAX)?;
        self.unary_run = if token == Token::Unary { self.unary_run + 1 } else { 0 };
        match token {
            Token::Open => self.depth += 1,
            Token::Close => {
                let closed = || BadExpression::new(at, "a bracket is closed that was not opened", "take it away");
                self.depth = self.depth.checked_sub(1).ok_or_else(closed)?;
            }
            Token::Question | Token::Coalesce => {
                self.ternaries += 1;
                self.operators += 1;
                self.chain = 0;
            }
            Token::Unary | Token::Operator => {
                self.operators += 1;
                self.chain = 0;
            }
            Token::Comma => self.chain = 0,
            Token::Dot => self.chain += 1,
            Token::Word | Token::Text => {}
        }
        within(at, "brackets in brackets", self.depth, EXPRESSION_NESTING_MAX)?;
        within(at, "conditional operators", self.ternaries, EXPRESSION_TERNARIES_MAX)?;
        within(at, "operators", self.operators, EXPRESSION_OPERATORS_MAX)?;
        within(at, "signs in a row", self.unary_run, EXPRESSION_UNARY_RUN_MAX)?;
        within(at, "`.` steps in a row", self.chain, EXPRESSION_CHAIN_MAX)
    }
}

fn within(at: usize, what: &str, found: usize, limit: usize) -> Result<(), BadExpression> {
    if found <= limit {
        return Ok(());
    }
    Err(BadExpression::new(at, format!("there are more than {limit} {what}"), "write it shorter, or as several roles"))
}

/// The words and signs of a text that was found good, each from where to where.
pub(super) fn tokens(text: &str) -> Result<Vec<(usize, usize, Token)>, BadExpression> {
    let mut rest = Scanner { text, at: 0 };
    let mut found = Vec::new();
    while let Some((at, token)) = rest.next_token()? {
        found.push((at, rest.at.min(text.len()), token));
    }
    Ok(found)
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl Scanner<'_> {
    fn next_token(&mut self) -> Result<Option<(usize, Token)>, BadExpression> {
        self.skip(|byte| byte.is_ascii_whitespace());
        let at = self.at;
        let Some(byte) = self.peek() else { return Ok(None) };
        let token = match byte {
            b'"' | b'\'' => self.text_literal(byte)?,
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' => self.word()?,
            b'(' | b'[' | b'{' => self.one(Token::Open),
            b')' | b']' | b'}' => self.one(Token::Close),
            b'.' => self.one(Token::Dot),
            b',' | b':' => self.one(Token::Comma),
            b'?' if self.peek_second() == Some(b'?') => self.two(Token::Coalesce),
            b'?' => self.one(Token::Question),
            b'!' | b'<' | b'>' if self.peek_second() == Some(b'=') => self.two(Token::Operator),
            b'!' | b'-' => self.one(Token::Unary),
            b'/' if self.peek_second() == Some(b'/') => {
                return Err(BadExpression::new(at, "`//` starts a comment", "put the comment beside the expression"));
            }
            b'&' | b'|' | b'=' => self.two(Token::Operator),
            b'<' | b'>' | b'+' | b'*' | b'/' | b'%' => self.one(Token::Operator),
            _ => {
                let letter = self.text.get(at..).and_then(|rest| rest.chars().next()).unwrap_or(' ');
                let reason = format!("`{}` is not part of the language", letter.escape_debug());
                return Err(BadExpression::new(at, reason, "put text into quotes"));
            }
        };
        Ok(Some((at, token)))
    }

    fn word(&mut self) -> Result<Token, BadExpression> {
        let at = self.at;
        self.skip(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        // `r"…"` and `b"…"` follow other rules inside, which could hide brackets from us.
        if matches!(self.peek(), Some(b'"' | b'\'')) {
            return Err(BadExpression::new(at, "a text has letters in front of its quotes", "use plain quotes"));
        }
        let word = self.text.get(at..self.at).unwrap_or_default();
        Ok(if word == "in" { Token::Operator } else { Token::Word })
    }

    fn text_literal(&mut self, quote: u8) -> Result<Token, BadExpression> {
        let start = self.at;
        let broken = |reason: &str| Err(BadExpression::new(start, reason, "use plain quotes on one line"));
        self.at += 1;
        if self.peek() == Some(quote) && self.peek_second() == Some(quote) {
            return broken("a text has three quotes");
        }
        loop {
            match self.peek() {
                None | Some(b'\n' | b'\r') => return broken("a text is not closed"),
                Some(b'\\') => self.at += 2,
                Some(byte) if byte == quote => {
                    self.at += 1;
                    return Ok(Token::Text);
                }
                Some(_) => self.at += 1,
            }
        }
    }

    fn one(&mut self, token: Token) -> Token {
        self.at += 1;
        token
    }

    fn two(&mut self, token: Token) -> Token {
        self.at += 2;
        token
    }

    fn skip(&mut self, belongs: impl Fn(u8) -> bool) {
        while self.peek().is_some_and(&belongs) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn peek_second(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at + 1).copied()
    }
}
