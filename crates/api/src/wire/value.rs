//! Attributes on the wire: plain JSON values, and `null` for "no longer".
//!
//! A text stays a text, also when it looks like a day: what an attribute means is for the
//! mapping to say and not for the door to guess.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value as Json;
use tenure_model::{Attributes, Value};
use utoipa::ToSchema;

use crate::limits::{ATTRIBUTE_NAME_BYTES_MAX, ATTRIBUTES_MAX, LIST_ITEMS_MAX, TEXT_BYTES_MAX};
use crate::problem::{FieldError, pointer_step, quoted};

/// Attributes by name: texts, whole numbers, flags, lists of these, or `null` for "no longer".
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = std::collections::BTreeMap<String, serde_json::Value>)]
pub struct AttributeMap(pub BTreeMap<String, Json>);

impl AttributeMap {
    /// What `model` holds, for the wire.
    pub fn show(attributes: &Attributes) -> Self {
        Self(attributes.iter().map(|(name, value)| (name.clone(), show(value))).collect())
    }

    /// What came in, for `model`; or everything that is wrong with it, below this pointer.
    pub fn read(&self, pointer: &str) -> Result<Attributes, Vec<FieldError>> {
        let mut errors = Vec::new();
        let mut attributes = Attributes::new();
        if self.0.len() > ATTRIBUTES_MAX {
            return Err(vec![FieldError::new(pointer, format!("more than {ATTRIBUTES_MAX} attributes"))]);
        }
        for (name, json) in &self.0 {
            let place = format!("{pointer}/{}", pointer_step(name));
            match check_name(name).and_then(|()| read(json, Depth::Top)) {
                Ok(value) => drop(attributes.insert(name.clone(), value)),
                Err(reason) => errors.push(FieldError::new(place, reason)),
            }
        }
        if errors.is_empty() { Ok(attributes) } else { Err(errors) }
    }
}

// The last of two equal keys would win in silence; a source that sends both has a fault.
impl<'de> Deserialize<'de> for AttributeMap {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Once;
        impl<'de> Visitor<'de> for Once {
            type Value = AttributeMap;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of attributes")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<AttributeMap, A::Error> {
                let mut all = BTreeMap::new();
                while let Some((name, value)) = map.next_entry::<String, Json>()? {
                    if all.contains_key(&name) {
                        return Err(A::Error::custom(format!("{} is there twice", quoted(&name))));
                    }
                    all.insert(name, value);
                }
                Ok(AttributeMap(all))
            }
        }
        from.deserialize_map(Once)
    }
}

#[derive(Clone, Copy)]
enum Depth {
    Top,
    Item,
}

fn check_name(name: &str) -> Result<(), String> {
    let letters = name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'));
    let starts = name.bytes().next().is_some_and(|b| b.is_ascii_alphabetic());
    if letters && starts && name.len() <= ATTRIBUTE_NAME_BYTES_MAX {
        return Ok(());
    }
    Err(format!(
        "{} is not a name of an attribute; use 1 to {ATTRIBUTE_NAME_BYTES_MAX} letters, digits, `_`, `-` and `.`, starting with a letter",
        quoted(name)
    ))
}

fn read(json: &Json, depth: Depth) -> Result<Value, String> {
    match (json, depth) {
        (Json::Null, Depth::Top) => Ok(Value::Cleared),
        (Json::Bool(flag), _) => Ok(Value::Flag(*flag)),
        (Json::Number(number), _) => match number.as_i64() {
            Some(whole) => Ok(Value::Number(whole)),
            None => Err(format!("`{number}` is not a whole number of 64 bits; send it as text")),
        },
        (Json::String(text), _) if text.len() > TEXT_BYTES_MAX => {
            Err(format!("the text has {} bytes, {TEXT_BYTES_MAX} are allowed", text.len()))
        }
        (Json::String(text), _) if text.contains('\0') => Err("the text holds a zero byte".to_owned()),
        (Json::String(text), _) => Ok(Value::Text(text.clone())),
        (Json::Array(items), Depth::Top) if items.len() > LIST_ITEMS_MAX => {
            Err(format!("the list has {} items, {LIST_ITEMS_MAX} are allowed", items.len()))
        }
        (Json::Array(items), Depth::Top) => {
            items.iter().map(|item| read(item, Depth::Item)).collect::<Result<_, _>>().map(Value::List)
        }
        (Json::Null | Json::Array(_), Depth::Item) => {
            Err("a list holds texts, whole numbers and flags only".to_owned())
        }
        (Json::Object(_), _) => {
            Err("an attribute is a text, a whole number, a flag, a list of these, or null".to_owned())
        }
    }
}

pub(super) fn show(value: &Value) -> Json {
    match value {
        Value::Text(text) => Json::String(text.clone()),
        Value::Number(number) => Json::from(*number),
        Value::Flag(flag) => Json::Bool(*flag),
        Value::Date(day) => Json::String(day.to_string()),
        Value::Instant(moment) => Json::String(moment.to_string()),
        Value::List(items) => Json::Array(items.iter().map(show).collect()),
        Value::Cleared => Json::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(text: &str) -> AttributeMap {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn what_goes_in_comes_out() {
        let text = r#"{"active":true,"mail":["a@x","b@x"],"manager":null,"name":"Ada","room":7}"#;
        let attributes = map(text).read("/person").unwrap();
        assert_eq!(attributes["manager"], Value::Cleared);
        assert_eq!(serde_json::to_string(&AttributeMap::show(&attributes)).unwrap(), text);
    }

    #[test]
    fn every_wrong_value_is_named_with_its_place() {
        let bad = map(r#"{"a":1.5,"b":{},"c":[[1]],"d/e":"x","f":"ok","g":"\u0000"}"#).read("/person").unwrap_err();
        let places: Vec<&str> = bad.iter().map(|error| error.pointer.as_str()).collect();
        assert_eq!(places, ["/person/a", "/person/b", "/person/c", "/person/d~1e", "/person/g"]);
    }

    #[test]
    fn a_key_that_is_there_twice_is_refused() {
        let error = serde_json::from_str::<AttributeMap>(r#"{"a":1,"a":2}"#).unwrap_err().to_string();
        assert!(error.contains("`a` is there twice"), "{error}");
    }

    #[test]
    fn no_text_grows_past_the_limit() {
        let long = "x".repeat(TEXT_BYTES_MAX + 1);
        assert!(map(&format!(r#"{{"a":"{long}"}}"#)).read("").is_err());
        assert!(map(&format!(r#"{{"a":"{}"}}"#, &long[1..])).read("").is_ok());
    }
}
