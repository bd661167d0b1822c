//! An account as the service showed it, and what that means. Nothing is believed of it but what
//! the pack asks for.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::{Map, Value as Json, json};
use tenure_connect::{Refusal, RefusalClass, Shape};
use tenure_model::{AccountState, Attributes, NativeId, Observed, Value};

use super::pack::{Attribute, Condition, Give, Pack, Source};
use super::template::{Scope, scalar};

/// Under which key of an account the other answers are that belong to it.
pub(super) const WITH: &str = "with";

/// An account.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Account {
    /// What the service calls it.
    pub(super) id: NativeId,
    /// All of it, with what belongs to it.
    pub(super) json: Json,
}

impl Account {
    /// Takes what the service sent; it must at least have an id.
    pub(super) fn take(pack: &Pack, json: Json) -> Result<Self, Refusal> {
        match id_at(&json, &pack.accounts.id) {
            Some(id) => Ok(Self { id, json }),
            None => Err(Refusal::new(
                RefusalClass::Invalid,
                format!("the service sent an account without `{}`; check `url`, or correct the pack", pack.accounts.id),
            )),
        }
    }

    /// What it means.
    pub(super) fn observed(&self, pack: &Pack, scope: &Scope<'_>, at: Timestamp) -> Observed {
        let attributes: Attributes = pack
            .accounts
            .attributes
            .iter()
            .filter_map(|attribute| Some((attribute.name.clone(), attribute.read(&self.json)?)))
            .collect();
        let name = attributes.get(&pack.accounts.name).map_or_else(|| self.id.to_string(), ToString::to_string);
        let state = self.state(pack, scope);
        Observed { native_id: Some(self.id.clone()), name, state, holds: self.holds(pack, scope), attributes, at }
    }

    fn state(&self, pack: &Pack, scope: &Scope<'_>) -> AccountState {
        let accounts = &pack.accounts;
        let held = |all: &[Condition]| all.iter().filter(|one| one.holds(&self.json, scope)).count();
        if held(&accounts.deleted) > 0 {
            return AccountState::SoftDeleted;
        }
        if held(&accounts.disabled) > 0 {
            return AccountState::Disabled;
        }
        match held(&accounts.disabled_by_all) {
            // What does not say that it is disabled is taken to be active: the mistake is then
            // seen as an account too many, and never as one too few.
            0 => AccountState::Active,
            all if all == accounts.disabled_by_all.len() => AccountState::Disabled,
            // Somebody was stopped half-way, there or back.
            _ => AccountState::Unknown,
        }
    }

    /// What it holds.
    pub(super) fn holds(&self, pack: &Pack, scope: &Scope<'_>) -> BTreeSet<NativeId> {
        let Some(holds) = &pack.accounts.holds else { return BTreeSet::new() };
        let is_left = |held: &&Json| holds.leave.iter().any(|leave| leave.holds(held, scope));
        let held = items(&self.json, &holds.within).iter().filter(|held| !is_left(held));
        held.filter_map(|held| id_at(held, &holds.id)).collect()
    }

    /// The object itself, with these attributes in it, for services that take only whole ones.
    pub(super) fn object_with(&self, given: &[(&Attribute, Value)]) -> Json {
        let mut json = self.json.clone();
        if let Some(fields) = json.as_object_mut() {
            fields.remove(WITH);
        }
        for (attribute, value) in given.iter().filter(|(attribute, _)| !attribute.is_joined()) {
            attribute.write(&mut json, value);
        }
        json
    }
}

impl Attribute {
    /// Its value on an account; none where it has none.
    pub(super) fn read(&self, json: &Json) -> Option<Value> {
        let found = match &self.source {
            Source::At(pointer) => json.pointer(pointer)?,
            Source::Among { list, key, is, value } => {
                let element =
                    items(json, list).iter().find(|one| one.pointer(key).and_then(scalar).as_ref() == Some(is))?;
                element.pointer(value)?
            }
        };
        match found {
            Json::Array(all) if self.many => {
                let mut values: Vec<Value> = all.iter().filter_map(|one| value_of(one, self.shape)).collect();
                values.sort();
                (!values.is_empty()).then_some(Value::List(values))
            }
            one => value_of(one, self.shape),
        }
    }

    /// Puts what a new account gets where nothing is given, if there is any, where it belongs.
    pub(super) fn write_usual(&self, json: &mut Json) {
        if let (Source::At(pointer), Some(usual)) = (&self.source, &self.usual) {
            put(json, pointer, usual.clone());
        }
    }

    /// Puts a value where it belongs.
    pub(super) fn write(&self, json: &mut Json, value: &Value) {
        match &self.source {
            Source::At(pointer) => put(json, pointer, self.wire(value)),
            Source::Among { list, key, is, value: place } => {
                let named = |one: &Json| one.pointer(key).and_then(scalar).as_ref() == Some(is);
                let mut all = items(json, list).to_vec();
                all.retain(|one| !named(one));
                if *value != Value::Cleared {
                    let mut element = json!({});
                    put(&mut element, key, is.as_str().into());
                    put(&mut element, place, self.wire(value));
                    all.push(element);
                }
                put(json, list, Json::Array(all));
            }
        }
    }

    /// Whether it is seen only together with what belongs to an account.
    pub(super) fn is_joined(&self) -> bool {
        let (Source::At(pointer) | Source::Among { list: pointer, .. }) = &self.source;
        pointer.strip_prefix('/').is_some_and(|path| path.split('/').next() == Some(WITH))
    }

    /// A value as the service writes it.
    pub(super) fn wire(&self, value: &Value) -> Json {
        match value {
            Value::Cleared => self.cleared.clone(),
            Value::Text(text) => text.as_str().into(),
            Value::Number(number) => (*number).into(),
            Value::Flag(flag) => (*flag).into(),
            Value::Date(_) | Value::Instant(_) => value.to_string().into(),
            Value::List(values) => values.iter().map(|value| self.wire(value)).collect(),
        }
    }

    /// The value in the form in which it is read back, or why it cannot be given.
    pub(super) fn normal(&self, value: &Value) -> Result<Value, Refusal> {
        let bad = |what: &str| {
            Err(Refusal::new(
                RefusalClass::Invalid,
                format!("attribute `{}` {what}; correct it at its source", self.name),
            ))
        };
        match (value, self.shape) {
            (Value::Cleared, _) if self.required => bad("cannot be without a value"),
            (Value::Cleared, _) => Ok(Value::Cleared),
            (Value::List(values), _) if self.many => {
                let mut all: Vec<Value> = values.iter().map(|one| self.normal(one)).collect::<Result<_, _>>()?;
                all.sort();
                all.dedup();
                Ok(if all.is_empty() { Value::Cleared } else { Value::List(all) })
            }
            (Value::Text(text), _) if text.is_empty() => bad("has an empty value, so clear it"),
            (Value::Text(text), _) if text.contains(|letter| self.not_with.contains(letter)) => {
                bad("has a character that the service does not keep")
            }
            (Value::Text(_), Shape::Text)
            | (Value::Number(_), Shape::Number)
            | (Value::Flag(_), Shape::Flag)
            | (Value::Date(_), Shape::Date)
            | (Value::Instant(_), Shape::Instant) => Ok(value.clone()),
            (Value::List(_), _) => bad("has one value and not several"),
            _ => bad("has a value of another kind than the service takes"),
        }
    }

    /// Whether an account answers to this value.
    pub(super) fn is(&self, json: &Json, wanted: &str) -> bool {
        let same = |value: &Value| match (value.as_text(), self.caseless) {
            (Some(text), true) => text.to_lowercase() == wanted.to_lowercase(),
            _ => value.to_string() == wanted,
        };
        self.read(json).is_some_and(|value| tenure_connect::change::values(&value).iter().any(same))
    }

    pub(super) fn may_change(&self) -> Result<(), Refusal> {
        let why = match self.give {
            Give::Always => return Ok(()),
            Give::Once => "is given once, when the account is made",
            Give::Never => "is for the service alone to write",
        };
        Err(Refusal::new(RefusalClass::Invalid, format!("attribute `{}` {why}; take it out", self.name)))
    }
}

impl Condition {
    /// Whether it is so.
    pub(super) fn holds(&self, json: &Json, scope: &Scope<'_>) -> bool {
        let Ok(at) = self.at.place(scope) else { return false };
        let fits =
            |element: &Json| self.fits(element, &at, scope) && self.and.iter().all(|and| and.holds(element, scope));
        match &self.within {
            Some(pointer) => items(json, pointer).iter().any(fits),
            None => fits(json),
        }
    }

    /// Whether it is so of this element.
    fn fits(&self, element: &Json, at: &str, scope: &Scope<'_>) -> bool {
        let Some(found) = element.pointer(at).filter(|found| !found.is_null()) else { return false };
        let same = |wanted: &Json| *found == *wanted || (scalar(found).is_some() && scalar(found) == scalar(wanted));
        match (&self.is, &self.has, &self.among) {
            (Some(wanted), _, _) => wanted.fill(scope).is_ok_and(|wanted| same(&wanted)),
            (None, Some(part), _) => {
                let part = part.text(scope).ok().filter(|part| !part.is_empty());
                part.zip(scalar(found)).is_some_and(|(part, found)| found.contains(&part))
            }
            (None, None, Some(list)) => list.json(scope).is_ok_and(|list| {
                let one = |known: &Json| same(known) || known.pointer(at).is_some_and(same);
                list.as_array().is_some_and(|list| list.iter().any(one))
            }),
            (None, None, None) => true,
        }
    }
}

/// The elements of a list. Where there is no list there is none, and a single thing is one.
pub(super) fn items<'j>(json: &'j Json, pointer: &str) -> &'j [Json] {
    match json.pointer(pointer) {
        Some(Json::Array(items)) => items,
        Some(one @ Json::Object(_)) => std::slice::from_ref(one),
        Some(Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_)) | None => &[],
    }
}

/// An id there.
pub(super) fn id_at(json: &Json, pointer: &str) -> Option<NativeId> {
    json.pointer(pointer).and_then(scalar).filter(|id| !id.is_empty()).map(NativeId::new)
}

fn value_of(json: &Json, shape: Shape) -> Option<Value> {
    match shape {
        Shape::Text | Shape::Reference { .. } => scalar(json).filter(|text| !text.is_empty()).map(Value::Text),
        Shape::Number => json.as_i64().or_else(|| json.as_str()?.parse().ok()).map(Value::Number),
        Shape::Flag => json.as_bool().or_else(|| json.as_str()?.parse().ok()).map(Value::Flag),
        Shape::Date => json.as_str()?.parse().ok().map(Value::Date),
        Shape::Instant => json.as_str()?.parse().ok().map(Value::Instant),
    }
}

/// Puts something where a pointer leads, and makes the objects on the way.
pub(super) fn put(json: &mut Json, pointer: &str, value: Json) {
    let mut here = json;
    for key in pointer.split('/').skip(1) {
        let key = key.replace("~1", "/").replace("~0", "~");
        if !here.is_object() {
            *here = Json::Object(Map::new());
        }
        let Json::Object(fields) = here else { return };
        here = fields.entry(key).or_insert(Json::Null);
    }
    *here = value;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_put_where_its_place_says() {
        let mut json = json!({"name": {"family": "L"}});
        put(&mut json, "/name/given", json!("Ada"));
        put(&mut json, "/work/0~1a", json!(7));
        assert_eq!(json, json!({"name": {"family": "L", "given": "Ada"}, "work": {"0/a": 7}}));
    }

    #[test]
    fn where_there_is_no_list_there_is_nothing() {
        assert!(items(&json!({"a": ""}), "/a").is_empty() && items(&json!({}), "/a").is_empty());
        assert_eq!(items(&json!({"a": {"b": 1}}), "/a").len(), 1);
    }
}
