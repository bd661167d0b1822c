//! Expressions of a workflow: CEL over what a run knows.
//!
//! A formula speaks of `input`, `steps`, `item` and `person`, of `today()` and `now()`. It is read
//! once when a graph is compiled, and worked out by [`crate::decide()`], whose result goes into the
//! records: recovery never works anything out again. The language itself is policy's; here only
//! the places are found that a formula reads, and the values that stand there.

use std::collections::BTreeSet;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use tenure_model::{Attributes, IdentityKind, Person, SeededIds, Standing, Value, new_id};
use tenure_policy::expression::NoValue;
use tenure_policy::{Expression, Facts};

use crate::condition::Scope;

/// The things that a formula may speak of.
pub const ROOTS: [&str; 4] = ["input", "item", "person", "steps"];
/// The moments that it may ask for.
const MOMENTS: [&str; 2] = ["now", "today"];

/// An expression that was found good.
#[derive(Clone, PartialEq)]
pub struct Formula {
    text: String,
    expression: Expression,
    reads: Vec<Read>,
}

/// A place that a formula reads.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Read {
    /// What it speaks of: one of [`ROOTS`], or `now` or `today`.
    pub root: String,
    /// The names below it.
    pub names: Vec<String>,
}

/// Why a text is not a formula.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}; {hint}")]
pub struct BadFormula {
    /// What is wrong.
    pub reason: String,
    /// What to do about it.
    pub hint: String,
}

impl Formula {
    /// Reads a formula, or says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, BadFormula> {
        let mut reads: Vec<Read> = Vec::new();
        let mut flat = String::with_capacity(text.len());
        let mut rest = Scan { text, at: 0 };
        while let Some(piece) = rest.next_piece() {
            match piece {
                Piece::Other(words) => flat.push_str(words),
                Piece::Place(read) => {
                    let known = reads.iter().position(|before| *before == read).unwrap_or_else(|| {
                        reads.push(read);
                        reads.len() - 1
                    });
                    flat.push_str("person.v");
                    flat.push_str(&known.to_string());
                }
            }
        }
        let named = |words: &str| name_back(words, &reads);
        let expression = Expression::parse(&flat)
            .map_err(|bad| BadFormula { reason: named(&bad.reason), hint: in_place(&named(&bad.hint)) })?;
        Ok(Self { text: text.to_owned(), expression, reads })
    }

    /// The places that a text would read as a formula, whether or not it is one.
    pub(crate) fn places(text: &str) -> Vec<Read> {
        let mut rest = Scan { text, at: 0 };
        let mut reads = Vec::new();
        while let Some(piece) = rest.next_piece() {
            if let Piece::Place(read) = piece {
                reads.push(read);
            }
        }
        reads
    }

    /// The text that it was read from.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The places that it reads.
    pub fn reads(&self) -> &[Read] {
        &self.reads
    }

    /// What it comes to here, or why it comes to nothing.
    pub fn value(&self, scope: &Scope<'_>) -> Result<Json, Nothing> {
        let mut attributes = Attributes::new();
        for (place, read) in self.reads.iter().enumerate() {
            let found = read.value(scope);
            let value = found.as_ref().map_or(Ok(None), value_of).map_err(|what| Nothing::Broken {
                text: self.text.clone(),
                reason: format!("{read} is {what}, and an expression reads text, whole numbers, yes or no, and lists"),
            })?;
            attributes.extend(value.map(|value| (format!("v{place}"), value)));
        }
        let person = Person {
            id: new_id(&SeededIds::new(0)),
            kind: IdentityKind::Employee,
            display_name: String::new(),
            attributes,
            sponsor: None,
            version: 1,
            since: Timestamp::UNIX_EPOCH,
        };
        let facts = Facts { person: &person, engagement: None, standing: Standing::None, now: scope.now() };
        match self.expression.value(&facts) {
            Ok(value) => Ok(json_of(&value)),
            Err(NoValue::NotKnown { path }) => Err(Nothing::NotKnown { path: name_back(&path, &self.reads) }),
            Err(NoValue::Broken { reason, .. }) => {
                Err(Nothing::Broken { text: self.text.clone(), reason: name_back(&reason, &self.reads) })
            }
        }
    }
}

/// Why a formula comes to nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Nothing {
    /// It reads something that is not known.
    #[error("{path} is not known")]
    NotKnown {
        /// What it reads.
        path: String,
    },
    /// It makes no sense for these values.
    #[error("`{text}` cannot be worked out: {reason}")]
    Broken {
        /// The formula.
        text: String,
        /// What went wrong.
        reason: String,
    },
}

impl Read {
    /// The value at this place.
    fn value(&self, scope: &Scope<'_>) -> Option<Json> {
        match self.root.as_str() {
            "now" => Some(scope.now().to_string().into()),
            "today" => Some(scope.today().to_string().into()),
            root => {
                let root = if root == "item" { "input/item" } else { root };
                let place = self.names.iter().fold(format!("/{root}"), |place, name| place + "/" + &escaped(name));
                scope.at(&place).filter(|found| !found.is_null())
            }
        }
    }
}

impl fmt::Display for Read {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.root)?;
        if MOMENTS.contains(&self.root.as_str()) {
            return f.write_str("()");
        }
        self.names.iter().try_for_each(|name| {
            let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
            if plain { write!(f, ".{name}") } else { write!(f, "[\"{name}\"]") }
        })
    }
}

fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// Puts the names that the author wrote back into a message.
fn name_back(words: &str, reads: &[Read]) -> String {
    // From the last, so that `v12` is not taken for `v1`.
    reads
        .iter()
        .enumerate()
        .rev()
        .fold(words.to_owned(), |words, (place, read)| words.replace(&format!("person.v{place}"), &read.to_string()))
}

fn in_place(hint: &str) -> String {
    hint.replace(
        "use `person.…`, `engagement.…` or `today()`",
        "use `person.…`, `input.…`, `steps.…`, `item` or `today()`",
    )
}

fn value_of(json: &Json) -> Result<Option<Value>, &'static str> {
    Ok(Some(match json {
        Json::Null => return Ok(None),
        Json::Bool(flag) => Value::Flag(*flag),
        Json::Number(number) => Value::Number(number.as_i64().ok_or("a fraction")?),
        Json::String(words) => Value::Text(words.clone()),
        Json::Array(items) => {
            let mut list = Vec::with_capacity(items.len());
            for item in items {
                list.extend(value_of(item)?);
            }
            Value::List(list)
        }
        Json::Object(_) => return Err("keys and values"),
    }))
}

fn json_of(value: &Value) -> Json {
    match value {
        Value::Flag(flag) => (*flag).into(),
        Value::Number(number) => (*number).into(),
        Value::List(items) => items.iter().map(json_of).collect(),
        Value::Cleared => Json::Null,
        Value::Text(_) | Value::Date(_) | Value::Instant(_) => value.to_string().into(),
    }
}

enum Piece<'a> {
    Other(&'a str),
    Place(Read),
}

struct Scan<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scan<'a> {
    fn next_piece(&mut self) -> Option<Piece<'a>> {
        let from = self.at;
        let byte = self.peek()?;
        if byte == b'"' || byte == b'\'' {
            self.literal(byte);
            return Some(Piece::Other(self.since(from)));
        }
        if !is_word(byte) {
            self.at += self.text.get(from..)?.chars().next()?.len_utf8();
            return Some(Piece::Other(self.since(from)));
        }
        let word = self.word();
        let follows_dot = self.text.get(..from).is_some_and(|before| before.trim_end().ends_with('.'));
        if follows_dot {
            return Some(Piece::Other(word));
        }
        if MOMENTS.contains(&word) && self.text.get(self.at..).is_some_and(|rest| rest.starts_with("()")) {
            self.at += 2;
            return Some(Piece::Place(Read { root: word.to_owned(), names: Vec::new() }));
        }
        if !ROOTS.contains(&word) {
            return Some(Piece::Other(word));
        }
        let names = self.names();
        if names.is_empty() && word != "item" {
            return Some(Piece::Other(word));
        }
        Some(Piece::Place(Read { root: word.to_owned(), names }))
    }

    /// The names behind a root, without a function that is called at the end.
    fn names(&mut self) -> Vec<String> {
        let mut names = Vec::new();
        loop {
            let before = self.at;
            let rest = self.text.get(self.at..).unwrap_or_default();
            if rest.starts_with('.') {
                self.at += 1;
                let name = self.word().to_owned();
                if name.is_empty() || self.peek() == Some(b'(') {
                    self.at = before;
                    return names;
                }
                names.push(name);
            } else if let Some(quoted) = rest.strip_prefix("[\"").and_then(|rest| rest.split_once("\"]")) {
                self.at += quoted.0.len() + 4;
                names.push(quoted.0.to_owned());
            } else {
                return names;
            }
        }
    }

    fn literal(&mut self, quote: u8) {
        self.at += 1;
        while let Some(byte) = self.peek() {
            self.at += if byte == b'\\' { 2 } else { 1 };
            if byte == quote {
                break;
            }
        }
        self.at = self.at.min(self.text.len());
        while !self.text.is_char_boundary(self.at) {
            self.at += 1;
        }
    }

    fn word(&mut self) -> &'a str {
        let from = self.at;
        while self.peek().is_some_and(is_word) {
            self.at += 1;
        }
        self.since(from)
    }

    fn since(&self, from: usize) -> &'a str {
        self.text.get(from..self.at).unwrap_or_default()
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Every formula within a value: `{"=": "…"}`.
pub(crate) fn within(value: &Json, found: &mut BTreeSet<String>) {
    match value {
        Json::Object(fields) => match (fields.len(), fields.get("=")) {
            (1, Some(Json::String(text))) => {
                found.insert(text.clone());
            }
            _ => fields.values().for_each(|field| within(field, found)),
        },
        Json::Array(items) => items.iter().for_each(|item| within(item, found)),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
    }
}

impl fmt::Debug for Formula {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text, f)
    }
}

impl Serialize for Formula {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for Formula {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(from)?).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::state::{Node, RunState};

    fn asked(text: &str) -> Result<Json, Nothing> {
        let mut state = RunState { input: json!({ "seats": 3, "tags": ["a", "b"] }), ..RunState::default() };
        let look = json!({ "department": "Finance", "lastDay": "2026-12-01", "zone": "Australia/Melbourne" });
        state.nodes.insert("who".into(), Node::Done { outcome: "done".into(), output: look });
        let done = Node::Done { outcome: "yes".into(), output: json!({ "count": 2 }) };
        state.nodes.insert("how-much".into(), done);
        let now = "2026-11-30T20:00:00Z".parse().unwrap();
        Formula::parse(text).unwrap().value(&Scope::of(&state, now).with_facts(Some("who")))
    }

    #[test]
    fn it_reads_the_input_the_steps_and_the_person() {
        assert_eq!(asked("input.seats + 1"), Ok(json!(4)));
        assert_eq!(
            asked("steps[\"how-much\"].output.count > 1 && steps[\"how-much\"].outcome == \"yes\""),
            Ok(json!(true))
        );
        assert_eq!(asked("person.department.startsWith(\"Fin\") && input.tags.exists(t, t == \"b\")"), Ok(json!(true)));
    }

    #[test]
    fn today_is_the_day_where_the_person_works() {
        assert_eq!(asked("today()"), Ok(json!("2026-12-01")), "it is tomorrow in Melbourne");
        assert_eq!(asked("person.lastDay >= today()"), Ok(json!(true)));
    }

    #[test]
    fn what_is_not_known_is_told_by_the_name_that_was_written() {
        assert_eq!(asked("person.manager == \"x\""), Err(Nothing::NotKnown { path: "person.manager".into() }));
        assert_eq!(asked("input.nothing"), Err(Nothing::NotKnown { path: "input.nothing".into() }));
    }

    #[test]
    fn a_text_that_looks_like_a_place_stays_text() {
        assert_eq!(asked("\"person.department\""), Ok(json!("person.department")));
        let bad = Formula::parse("account.name == 1").unwrap_err();
        assert!(bad.to_string().contains("`account` is not known here"), "{bad}");
    }
}
