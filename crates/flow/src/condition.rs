//! Conditions on what a run knows: its input and what earlier steps gave back.
//!
//! A condition is data and always ends; it reads a [`Scope`] and nothing else. The same holds for
//! references in parameters: `{"$": "/steps/a/output/x"}` stands for the value at that place,
//! `{"=": "input.seats + 1"}` for what a [`Formula`] comes to.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use tenure_model::Value;
use tenure_policy::{Form, Template};

use crate::formula::{Formula, Nothing};
use crate::limits;
use crate::state::{Node, RunState};

/// Something that holds or not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Condition {
    /// The value at a place equals this one.
    Is(String, Json),
    /// The value at a place is there and is not null.
    Known(String),
    /// The value at a place is one of these.
    OneOf(String, Vec<Json>),
    /// The number at the first place is less than the one at the second, or than this number.
    Less(String, Json),
    /// None of it holds.
    Not(Box<Condition>),
    /// Each holds.
    All(Vec<Condition>),
    /// At least one holds.
    Any(Vec<Condition>),
}

/// What a condition, a reference or a formula can see.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    state: &'a RunState,
    now: Timestamp,
    facts: Option<&'a str>,
    formulas: Option<&'a BTreeMap<String, Formula>>,
}

impl<'a> Scope<'a> {
    /// What this run knows at this moment.
    pub fn of(state: &'a RunState, now: Timestamp) -> Self {
        Self { state, now, facts: None, formulas: None }
    }

    /// With what this step found out about the person.
    #[must_use]
    pub fn with_facts(self, step: Option<&'a str>) -> Self {
        Self { facts: step, ..self }
    }

    /// With formulas that were read before.
    #[must_use]
    pub(crate) fn with_formulas(self, formulas: &'a BTreeMap<String, Formula>) -> Self {
        Self { formulas: Some(formulas), ..self }
    }

    /// The moment.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// The zone in which the person works; UTC where that is not known.
    pub fn zone(&self) -> TimeZone {
        let name = self.at("/person/zone");
        let named = name.as_ref().and_then(Json::as_str).and_then(|name| TimeZone::get(name).ok());
        named.unwrap_or(TimeZone::UTC)
    }

    /// The day, where the person works.
    pub fn today(&self) -> Date {
        self.now.to_zoned(self.zone()).date()
    }

    /// The value at a place: `/input/…`, `/person/…`, `/steps/ID/outcome` or `/steps/ID/output/…`.
    pub fn at(&self, place: &str) -> Option<Json> {
        if place == "/input" {
            return Some(self.state.input.clone());
        }
        if let Some(rest) = place.strip_prefix("/input") {
            return self.state.input.pointer(rest).cloned();
        }
        if let Some(rest) = place.strip_prefix("/person") {
            let Some(Node::Done { output, .. }) = self.state.nodes.get(self.facts?) else { return None };
            return output.pointer(rest).cloned();
        }
        let (step, rest) = place.strip_prefix("/steps/")?.split_once('/')?;
        let Some(Node::Done { outcome, output, .. }) = self.state.nodes.get(step) else { return None };
        match rest.strip_prefix("output") {
            Some(within) => output.pointer(within).cloned(),
            None if rest == "outcome" => Some(Json::String(outcome.clone())),
            None => None,
        }
    }

    /// What a formula comes to.
    pub fn value(&self, text: &str) -> Result<Json, String> {
        let value = match self.formulas.and_then(|known| known.get(text)) {
            Some(formula) => formula.value(self),
            None => Formula::parse(text).map_err(|bad| bad.to_string())?.value(self),
        };
        value.map_err(|nothing| nothing.to_string())
    }

    /// A text with everything that it names filled in.
    pub fn fill(&self, words: &str) -> Result<String, String> {
        let template = Template::parse(words, Form::Plain).map_err(|bad| bad.to_string())?;
        let named = template.names().filter_map(|name| {
            let found = self.at(&format!("/{}", name.replace('.', "/")))?;
            let text = found.as_str().map_or_else(|| found.to_string(), ToOwned::to_owned);
            Some((name.to_owned(), Value::Text(text)))
        });
        template.fill(&named.collect(), Form::Plain).map_err(|unknown| unknown.to_string())
    }

    /// Whether a formula holds. What is not known does not; what makes no sense is an error.
    pub fn holds(&self, formula: &Formula) -> Result<bool, String> {
        match formula.value(self) {
            Ok(Json::Bool(holds)) => Ok(holds),
            Ok(other) => Err(format!("`{}` gives `{other}`, and a condition must give yes or no", formula.text())),
            Err(Nothing::NotKnown { .. }) => Ok(false),
            Err(broken @ Nothing::Broken { .. }) => Err(broken.to_string()),
        }
    }
}

impl Condition {
    /// Whether it holds here. What is not known equals nothing.
    pub fn holds(&self, scope: Scope<'_>) -> bool {
        match self {
            Self::Is(place, wanted) => scope.at(place).as_ref() == Some(wanted),
            Self::Known(place) => scope.at(place).is_some_and(|value| !value.is_null()),
            Self::OneOf(place, wanted) => scope.at(place).is_some_and(|value| wanted.contains(&value)),
            Self::Less(place, than) => {
                let than = than.as_str().map_or_else(|| than.as_f64(), |place| scope.at(place)?.as_f64());
                matches!((scope.at(place).and_then(|v| v.as_f64()), than), (Some(a), Some(b)) if a < b)
            }
            Self::Not(inner) => !inner.holds(scope),
            Self::All(inner) => inner.iter().all(|one| one.holds(scope)),
            Self::Any(inner) => inner.iter().any(|one| one.holds(scope)),
        }
    }
}

/// Parameters with every reference replaced. A reference to nothing is an error, not a null,
/// unless it says what counts then: `{"$": "/input/x", "else": null}`.
pub fn resolve(with: &Json, scope: Scope<'_>) -> Result<Json, String> {
    let resolved = resolve_within(with, scope)?;
    let bytes = resolved.to_string().len();
    if bytes > limits::PAYLOAD_BYTES_MAX {
        return Err(format!("the parameters are {bytes} bytes; at most {} are allowed", limits::PAYLOAD_BYTES_MAX));
    }
    Ok(resolved)
}

fn resolve_within(with: &Json, scope: Scope<'_>) -> Result<Json, String> {
    match with {
        Json::Object(fields) if fields.len() == 1 => match fields.iter().next() {
            Some((sign, Json::String(place))) if sign == "$" => {
                scope.at(place).ok_or_else(|| format!("there is nothing at `{place}`"))
            }
            Some((sign, Json::String(formula))) if sign == "=" => scope.value(formula),
            Some((sign, Json::String(words))) if sign == "{{" => scope.fill(words).map(Json::String),
            _ => resolve_fields(fields, scope),
        },
        Json::Object(fields) => match (fields.len(), fields.get("$"), fields.get("else")) {
            (2, Some(Json::String(place)), Some(otherwise)) => Ok(scope.at(place).unwrap_or_else(|| otherwise.clone())),
            _ => resolve_fields(fields, scope),
        },
        Json::Array(items) => items.iter().map(|item| resolve_within(item, scope)).collect(),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => Ok(with.clone()),
    }
}

fn resolve_fields(fields: &serde_json::Map<String, Json>, scope: Scope<'_>) -> Result<Json, String> {
    fields.iter().map(|(name, value)| Ok((name.clone(), resolve_within(value, scope)?))).collect()
}

/// The outcomes of a `core/decide` step, with the condition of each.
pub type Cases = BTreeMap<String, Condition>;
