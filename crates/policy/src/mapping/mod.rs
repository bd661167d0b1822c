//! What a record of a source says of a person: one record in, values and keys out.
//!
//! [`map`] is the same in a preview and in a run: it reads nothing but the record and the day. A
//! record for which an expression fails is quarantined with its name, and the others go on.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;
use tenure_model::{Attributes, ConnectionName, Name, PersonKey, Strength, Value};

use crate::correlate::Matching;
use crate::expression::{Expression, Kind, NoValue, Scopes, Session, Subject};

/// How the records of a source become what is said of people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapping {
    /// The name of the document.
    pub name: Name,
    /// What to call it on a screen.
    pub title: String,
    /// Who answers for it.
    pub owner: Option<String>,
    /// The source.
    pub connection: ConnectionName,
    /// What expressions call a record, such as `worker`.
    pub object: String,
    /// What a record has.
    pub record: Subject,
    /// What the source calls the engagement, if that is not the key of the person.
    pub key: Option<Expression>,
    /// How the person is found.
    pub matching: Matching,
    /// What is said, attribute by attribute.
    pub set: BTreeMap<String, Assignment>,
}

/// What is said of one attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// The value.
    pub value: Expression,
    /// If the value is the key of another person: the attribute that it is a value of.
    pub refers_by: Option<String>,
    /// How firmly it is said.
    pub strength: Strength,
    /// What the value is, if a document says so.
    pub kind: Kind,
}

/// What a record says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Mapped {
    /// What the source calls the engagement.
    pub key: String,
    /// By which key the person is found first.
    pub subject: PersonKey,
    /// The other keys by which they may be found, in the order of the rules.
    pub also: Vec<PersonKey>,
    /// What is said. An attribute that is not here was not spoken of; one that is
    /// [`Value::Cleared`] has no value any more.
    pub attributes: Attributes,
}

/// A record that says nothing, because something in it makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(rename_all = "camelCase")]
pub struct Quarantined {
    /// Which mapping.
    pub mapping: Name,
    /// Whose record it is, by the key, if that could be read.
    pub who: Option<String>,
    /// Everything that is wrong with it.
    pub problems: Vec<FieldProblem>,
}

/// What is wrong with one value of a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FieldProblem {
    /// The field of the record, the attribute, or `match`.
    pub field: String,
    /// What is wrong, and what would be right. It holds no value of the record.
    pub reason: String,
}

impl fmt::Display for Quarantined {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.who {
            Some(who) => write!(f, "the record of {who} is left out by mapping `{}`", self.mapping)?,
            None => write!(f, "a record without a key is left out by mapping `{}`", self.mapping)?,
        }
        for (place, problem) in self.problems.iter().enumerate() {
            write!(f, "{} `{}`: {}", if place == 0 { ":" } else { ";" }, problem.field, problem.reason)?;
        }
        Ok(())
    }
}

/// What a record says, on this day.
pub fn map(mapping: &Mapping, record: &Attributes, session: &mut Session, today: Date) -> Result<Mapped, Quarantined> {
    let mut problems = Vec::new();
    let record = typed(&mapping.record, record, &mut problems);
    let mut reading = Reading { object: &mapping.object, record: &record, session, today, problems };
    let mut keys = Vec::new();
    for (attribute, expression) in mapping.matching.lefts() {
        let words = reading.value("match", expression).and_then(|value| key_text(&value));
        keys.push(words.map(|value| PersonKey { attribute: attribute.to_owned(), value }));
    }
    let mut keys = keys.into_iter();
    let subject = keys.next().flatten();
    let also: Vec<PersonKey> = keys.flatten().collect();
    let key = match &mapping.key {
        Some(expression) => reading.value("key", expression).and_then(|value| key_text(&value)),
        None => subject.as_ref().map(|subject| subject.value.clone()),
    };
    let mut attributes = Attributes::new();
    for (name, assignment) in &mapping.set {
        if let Some(value) = reading.value(name, &assignment.value)
            && let Some(value) = reading.of_kind(name, value, assignment)
        {
            attributes.insert(name.clone(), value);
        }
    }
    let mut problems = reading.problems;
    if subject.is_none() {
        let reason = "its key is empty, so that nobody can be found by it".to_owned();
        problems.push(FieldProblem { field: "match".to_owned(), reason });
    }
    match (subject, key) {
        (Some(subject), Some(key)) if problems.is_empty() => Ok(Mapped { key, subject, also, attributes }),
        (subject, key) => {
            if subject.is_some() && key.is_none() {
                let reason = "the key of the engagement is empty".to_owned();
                problems.push(FieldProblem { field: "key".to_owned(), reason });
            }
            problems.dedup();
            let who = subject.map(|subject| subject.to_string()).or(key);
            Err(Quarantined { mapping: mapping.name.clone(), who, problems })
        }
    }
}

struct Reading<'a> {
    object: &'a str,
    record: &'a Attributes,
    session: &'a mut Session,
    today: Date,
    problems: Vec<FieldProblem>,
}

impl Reading<'_> {
    /// The value, [`Value::Cleared`] if the record says that there is none, nothing if it does not
    /// speak of it.
    fn value(&mut self, field: &str, expression: &Expression) -> Option<Value> {
        let scopes = Scopes::on(self.today).with(self.object, self.record);
        match self.session.value(expression, &scopes) {
            Ok(value) => Some(value),
            Err(NoValue::NotKnown { path }) => {
                let name = path.strip_prefix(self.object).and_then(|rest| rest.strip_prefix('.')).unwrap_or(&path);
                (self.record.get(name) == Some(&Value::Cleared)).then_some(Value::Cleared)
            }
            Err(NoValue::Broken { reason, .. }) => {
                self.problems.push(FieldProblem { field: field.to_owned(), reason });
                None
            }
        }
    }

    /// The value as what the attribute is.
    fn of_kind(&mut self, name: &str, value: Value, assignment: &Assignment) -> Option<Value> {
        let kind = if assignment.kind == Kind::Any { assignment.value.kind() } else { &assignment.kind };
        match read_as(value, kind) {
            Ok(value) => Some(value),
            Err(reason) => {
                self.problems.push(FieldProblem { field: name.to_owned(), reason });
                None
            }
        }
    }
}

/// The record with every field as what it is declared to be. A file knows nothing but texts.
fn typed(known: &Subject, record: &Attributes, problems: &mut Vec<FieldProblem>) -> Attributes {
    let mut typed = Attributes::new();
    for (name, value) in record {
        let kind = known.fields.get(name).unwrap_or(&Kind::Any);
        match read_as(value.clone(), kind) {
            Ok(value) => {
                typed.insert(name.clone(), value);
            }
            Err(reason) => problems.push(FieldProblem { field: name.clone(), reason }),
        }
    }
    typed
}

/// A value as one of this kind. An empty text says that there is no value.
pub fn read_as(value: Value, kind: &Kind) -> Result<Value, String> {
    let wrong = |wanted: &str| Err(format!("it is not {kind}; write {wanted}"));
    match (value, kind) {
        (Value::Text(words), _) if words.trim().is_empty() => Ok(Value::Cleared),
        (value @ Value::Cleared, _)
        | (value, Kind::Any)
        | (value @ Value::Text(_), Kind::Text)
        | (value @ Value::Number(_), Kind::Number)
        | (value @ Value::Flag(_), Kind::Flag)
        | (value @ Value::Date(_), Kind::Date)
        | (value @ Value::Instant(_), Kind::Instant) => Ok(value),
        (value @ (Value::Number(_) | Value::Flag(_) | Value::Date(_) | Value::Instant(_)), Kind::Text) => {
            Ok(Value::Text(value.to_string()))
        }
        (Value::Text(words), Kind::Number) => words.trim().parse().map(Value::Number).or_else(|_| wrong("such as `7`")),
        (Value::Text(words), Kind::Flag) => match words.trim().to_ascii_lowercase().as_str() {
            "true" | "yes" | "1" => Ok(Value::Flag(true)),
            "false" | "no" | "0" => Ok(Value::Flag(false)),
            _ => wrong("`true` or `false`"),
        },
        (Value::Text(words), Kind::Date) => {
            words.trim().parse().map(Value::Date).or_else(|_| wrong("it as `2026-11-30`"))
        }
        (Value::Text(words), Kind::Instant) => {
            let moment = words.trim().parse::<Timestamp>();
            moment.map(Value::Instant).or_else(|_| wrong("it as `2026-11-30T18:00:00Z`"))
        }
        (Value::List(items), Kind::List(item)) => {
            items.into_iter().map(|one| read_as(one, item)).collect::<Result<_, _>>().map(Value::List)
        }
        (value, Kind::List(item)) => Ok(Value::List(vec![read_as(value, item)?])),
        (_, kind) => wrong(match kind {
            Kind::Number => "a number",
            Kind::Flag => "`true` or `false`",
            Kind::Date => "it as `2026-11-30`",
            _ => "one value",
        }),
    }
}

/// A value as somebody can be found by it.
fn key_text(value: &Value) -> Option<String> {
    match value {
        Value::Text(words) if !words.trim().is_empty() => Some(words.clone()),
        Value::Number(_) | Value::Date(_) => Some(value.to_string()),
        Value::Text(_) | Value::Flag(_) | Value::Instant(_) | Value::List(_) | Value::Cleared => None,
    }
}

#[cfg(test)]
mod tests;
