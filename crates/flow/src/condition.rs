//! Conditions on what a run knows: its input and what earlier steps gave back.
//!
//! A condition is data and always ends; it reads a [`Scope`] and nothing else. The same holds for
//! references in parameters: `{"$": "/steps/a/output/x"}` stands for the value at that place.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

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

/// What a condition or a reference can see.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    state: &'a RunState,
}

impl<'a> Scope<'a> {
    /// What this run knows.
    pub fn of(state: &'a RunState) -> Self {
        Self { state }
    }

    /// The value at a place: `/input/…`, `/steps/ID/outcome` or `/steps/ID/output/…`.
    pub fn at(&self, place: &str) -> Option<Json> {
        if place == "/input" {
            return Some(self.state.input.clone());
        }
        if let Some(rest) = place.strip_prefix("/input") {
            return self.state.input.pointer(rest).cloned();
        }
        let (step, rest) = place.strip_prefix("/steps/")?.split_once('/')?;
        let Some(Node::Done { outcome, output, .. }) = self.state.nodes.get(step) else { return None };
        match rest.strip_prefix("output") {
            Some(within) => output.pointer(within).cloned(),
            None if rest == "outcome" => Some(Json::String(outcome.clone())),
            None => None,
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

/// Parameters with every reference replaced. A reference to nothing is an error, not a null.
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
        Json::Object(fields) => match (fields.len(), fields.get("$")) {
            (1, Some(Json::String(place))) => scope.at(place).ok_or_else(|| format!("there is nothing at `{place}`")),
            _ => fields.iter().map(|(name, value)| Ok((name.clone(), resolve_within(value, scope)?))).collect(),
        },
        Json::Array(items) => items.iter().map(|item| resolve_within(item, scope)).collect(),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => Ok(with.clone()),
    }
}

/// The outcomes of a `core/decide` step, with the condition of each.
pub type Cases = BTreeMap<String, Condition>;
