//! What is written in parameters, as values of the graph: literals, references, expressions and
//! texts with places in them.

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json, json};
use tenure_policy::Template;
use tenure_policy::expression::words::nearest;

use super::fault::{FaultKind, Faults};
use super::{InputKind, Known, form_word};
use crate::formula::{Formula, ROOTS};
use crate::kinds::{Form, Kind};
use crate::moment::{Moment, Span};

/// A place that a step reads: its root, and the names below it.
pub(crate) type Place = (String, Vec<String>);

/// Turns a parameter into a value of the graph.
pub(super) fn parameter(at: &str, form: Form, value: &Json, known: &Known, faults: &mut Faults) -> Json {
    if let Some(sign) = reference(value) {
        check_reference(at, sign, value, faults);
        return value.clone();
    }
    let wrong = |faults: &mut Faults| {
        let reason = "this is of another type".to_owned();
        faults.add(at, FaultKind::WrongType, reason, format!("write {}", form_word(form)));
        Json::Null
    };
    match (form, value) {
        (Form::Text | Form::Secret, Json::String(_))
        | (Form::Number, Json::Number(_))
        | (Form::Flag, Json::Bool(_)) => value.clone(),
        (Form::Template, Json::String(words)) => template(at, words, faults),
        (Form::Formula, Json::String(text)) => formula(at, text, faults),
        (Form::Span, Json::String(text)) => checked(at, text.parse::<Span>().map(drop), value, faults),
        (Form::Moment, Json::String(text)) => checked(at, text.parse::<Moment>().map(drop), value, faults),
        (Form::Names, Json::String(word)) if word == "all" => value.clone(),
        (Form::Names, Json::String(word)) => Json::Array(vec![name(at, word, faults)]),
        (Form::Names, Json::Array(items)) => {
            let each = items.iter().enumerate().map(|(place, item)| match item {
                Json::String(word) => name(&format!("{at}/{place}"), word, faults),
                item if reference(item).is_some() => item.clone(),
                _ => wrong(faults),
            });
            each.collect()
        }
        (Form::Map, Json::Object(fields)) => Json::Object(any_fields(at, fields, faults)),
        (Form::Any, _) => any(at, value, faults),
        (Form::Calendar, Json::String(name)) => match known.calendars.get(name) {
            Some(calendar) => serde_json::to_value(calendar).unwrap_or(Json::Null),
            None => missing(at, "calendar", name, known.calendars.keys(), faults),
        },
        (Form::Workflow, Json::String(name)) => match known.workflows.get(name) {
            Some(graph) => serde_json::to_value(graph).unwrap_or(Json::Null),
            None => missing(at, "workflow", name, known.workflows.keys(), faults),
        },
        (Form::Approval, Json::String(name)) => match known.approvals.get(name) {
            Some(approval) => serde_json::to_value(approval).unwrap_or(Json::Null),
            None => missing(at, "approval", name, known.approvals.keys(), faults),
        },
        _ => wrong(faults),
    }
}

fn missing<'a>(at: &str, what: &str, name: &str, known: impl Iterator<Item = &'a String>, faults: &mut Faults) -> Json {
    let hint = match nearest(name, known.map(String::as_str)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("add a document that describes this {what}"),
    };
    faults.add(at, FaultKind::NamesNothing, format!("there is no {what} `{name}`"), hint);
    Json::Null
}

fn checked(at: &str, found: Result<(), impl std::fmt::Display>, value: &Json, faults: &mut Faults) -> Json {
    if let Err(bad) = found {
        faults.add(at, FaultKind::BadValue, bad, "correct it");
    }
    value.clone()
}

/// The sign of a reference, if the value is one.
pub fn reference(value: &Json) -> Option<&str> {
    let fields = value.as_object().filter(|fields| fields.len() == 1)?;
    fields.iter().next().map(|(sign, _)| sign.as_str()).filter(|sign| ["$", "=", "{{"].contains(sign))
}

fn check_reference(at: &str, sign: &str, value: &Json, faults: &mut Faults) {
    let text = value.get(sign).and_then(Json::as_str).unwrap_or_default();
    match sign {
        "=" => drop(formula(at, text, faults)),
        "{{" => drop(template(at, text, faults)),
        _ if ROOTS.iter().any(|root| text == format!("/{root}") || text.starts_with(&format!("/{root}/"))) => {}
        _ => faults.add(
            at,
            FaultKind::BadValue,
            format!("`{text}` is no place"),
            "write one such as `/input/seats` or `/steps/a/output/x`",
        ),
    }
}

pub(super) fn formula(at: &str, text: &str, faults: &mut Faults) -> Json {
    if let Err(bad) = Formula::parse(text) {
        faults.add(at, FaultKind::BadExpression, bad.reason, bad.hint);
    }
    json!({ "=": text })
}

fn template(at: &str, words: &str, faults: &mut Faults) -> Json {
    match Template::parse(words, tenure_policy::Form::Plain) {
        Err(bad) => faults.add(at, FaultKind::BadExpression, bad.reason, bad.hint),
        Ok(template) => {
            for name in template.names().filter(|name| !ROOTS.contains(&name.split('.').next().unwrap_or_default())) {
                let hint = format!("begin with one of {}", ROOTS.join(", "));
                faults.add(at, FaultKind::BadExpression, format!("a text cannot name `{name}`"), hint);
            }
        }
    }
    if words.contains("{{") { json!({ "{{": words }) } else { words.into() }
}

/// A name, or a place where the name stands, such as `person.manager`.
fn name(at: &str, word: &str, faults: &mut Faults) -> Json {
    let root = word.split('.').next().unwrap_or_default();
    if ROOTS.contains(&root) && (word.contains('.') || word == "item") {
        formula(at, word, faults)
    } else {
        word.into()
    }
}

fn any(at: &str, value: &Json, faults: &mut Faults) -> Json {
    match value {
        Json::Object(fields) => match reference(value) {
            Some(sign) => {
                check_reference(at, sign, value, faults);
                value.clone()
            }
            None => Json::Object(any_fields(at, fields, faults)),
        },
        Json::Array(items) => {
            items.iter().enumerate().map(|(place, item)| any(&format!("{at}/{place}"), item, faults)).collect()
        }
        Json::String(words) if words.contains("{{") => template(at, words, faults),
        other => other.clone(),
    }
}

fn any_fields(at: &str, fields: &Map<String, Json>, faults: &mut Faults) -> Map<String, Json> {
    fields.iter().map(|(name, value)| (name.clone(), any(&format!("{at}/{name}"), value, faults))).collect()
}

/// What `core/decide` is given, as the graph takes it.
pub(super) fn decide(at: &str, with: &Json, faults: &mut Faults) -> Json {
    let Some(fields) = with.as_object().filter(|fields| !fields.is_empty()) else {
        faults.add(
            at,
            FaultKind::MissingKey,
            "there is nothing to decide",
            "write `{ OUTCOME: expression, else: OTHER }`",
        );
        return Json::Null;
    };
    let otherwise = fields.get("else").and_then(Json::as_str).unwrap_or("else").to_owned();
    if let Some(Json::Object(_)) = fields.get("cases") {
        return with.clone();
    }
    let mut choose = Vec::new();
    if let Some(Json::Array(cases)) = fields.get("cases") {
        for (place, case) in cases.iter().enumerate() {
            let at = format!("{at}/cases/{place}");
            match (case.get("outcome").and_then(Json::as_str), case.get("when").and_then(Json::as_str)) {
                (Some(outcome), Some(when)) => {
                    formula(&at, when, faults);
                    choose.push(json!({ "outcome": outcome, "when": when }));
                }
                _ => faults.add(
                    &at,
                    FaultKind::MissingKey,
                    "a case needs `outcome` and `when`",
                    "write `{ outcome: late, when: … }`",
                ),
            }
        }
    } else {
        let single: Vec<(&String, &Json)> = fields.iter().filter(|(name, _)| *name != "else").collect();
        if single.len() > 1 {
            let hint = "write them in their order: `cases: [{ outcome: …, when: … }, …]`";
            faults.add(at, FaultKind::BadValue, "several outcomes have no order", hint);
        }
        for (outcome, when) in single {
            let at = format!("{at}/{outcome}");
            match when.as_str() {
                Some(text) => {
                    formula(&at, text, faults);
                    choose.push(json!({ "outcome": outcome, "when": text }));
                }
                None => faults.add(
                    &at,
                    FaultKind::WrongType,
                    "this is no expression",
                    "write one such as `person.lastDay >= today()`",
                ),
            }
        }
    }
    json!({ "choose": choose, "else": otherwise })
}

/// The outcomes that a `core/decide` can have.
pub(super) fn decide_outcomes(with: &Json) -> BTreeSet<String> {
    let otherwise = with.get("else").and_then(Json::as_str).unwrap_or("else").to_owned();
    let named: Vec<String> = match with.get("cases") {
        Some(Json::Array(cases)) => {
            cases.iter().filter_map(|case| case.get("outcome")?.as_str().map(ToOwned::to_owned)).collect()
        }
        Some(Json::Object(cases)) => cases.keys().cloned().collect(),
        _ => {
            with.as_object().into_iter().flatten().map(|(name, _)| name.clone()).filter(|name| name != "else").collect()
        }
    };
    named.into_iter().chain([otherwise]).collect()
}

/// The words of a list that holds only words.
pub(super) fn plain_words(value: &Json) -> Vec<String> {
    match value {
        Json::String(word) => vec![word.clone()],
        Json::Array(items) => items.iter().filter_map(Json::as_str).map(ToOwned::to_owned).collect(),
        _ => Vec::new(),
    }
}

/// Every place that a value of the graph reads.
pub(super) fn places(value: &Json, found: &mut BTreeSet<Place>) {
    match value {
        Json::Object(fields) => match reference(value) {
            Some(sign) => places_of(sign, value.get(sign).and_then(Json::as_str).unwrap_or_default(), found),
            // A graph within has a run of its own to read.
            None => fields.iter().filter(|(name, _)| *name != "graph").for_each(|(name, field)| {
                match field.as_str().filter(|_| name == "when") {
                    Some(text) => places_of("=", text, found),
                    None => places(field, found),
                }
            }),
        },
        Json::Array(items) => items.iter().for_each(|item| places(item, found)),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
    }
}

fn places_of(sign: &str, text: &str, found: &mut BTreeSet<Place>) {
    let split = |words: &str, by: char| {
        let mut names = words.split(by).map(ToOwned::to_owned);
        (names.next().unwrap_or_default(), names.collect::<Vec<_>>())
    };
    match sign {
        "=" => {
            found.extend(Formula::places(text).into_iter().map(|read| (read.root, read.names)));
        }
        "{{" => {
            if let Ok(template) = Template::parse(text, tenure_policy::Form::Plain) {
                found.extend(template.names().map(|name| split(name, '.')));
            }
        }
        _ => {
            found.insert(split(text.trim_start_matches('/'), '/'));
        }
    }
}

/// The places that a parameter may read although they hold secrets.
pub(super) fn may_hold_secrets(kind: &Kind, parameter: &str) -> bool {
    kind.takes(parameter).is_some_and(|takes| takes.form == Form::Secret)
}

/// Whether an input is a secret.
pub(super) fn is_secret(inputs: &std::collections::BTreeMap<String, super::Input>, place: &Place) -> bool {
    let (root, names) = place;
    root == "input"
        && names.first().and_then(|name| inputs.get(name)).is_some_and(|input| input.kind == InputKind::Secret)
}
