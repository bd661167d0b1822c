//! Attributes by path, as settings and rules name them: `userName`, `name.givenName`,
//! `emails[type eq "work"].value`, `department`, or with the URN of a schema before it.
//!
//! A path reads its value out of a resource and puts one into it; the forms that arrays and
//! complex attributes take are known only here.

use serde_json::{Map, Value as Json};
use tenure_model::Value;

use crate::limits::SCIM_PATH_LENGTH_MAX;

/// The schema of users (RFC 7643, 4.1).
pub(super) const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
/// The schema of the enterprise extension (RFC 7643, 4.3).
pub(super) const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/// The attributes of the enterprise extension, which go by their bare names.
const ENTERPRISE_NAMES: [&str; 6] =
    ["employeeNumber", "costCenter", "organization", "division", "department", "manager"];

/// Attributes that are lists of complex values, of which `value` is the one that matters
/// (RFC 7643, 4.1.2).
const PLURAL_NAMES: [&str; 7] =
    ["emails", "phoneNumbers", "ims", "photos", "entitlements", "roles", "x509Certificates"];

/// Attributes of one complex value, of which `value` is the one that matters.
const BY_VALUE_NAMES: [&str; 1] = ["manager"];

/// Attributes that are compared with regard to case.
const EXACT_NAMES: [&str; 2] = ["id", "externalId"];

/// Where an attribute is in a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Path {
    /// The URN of the extension that it belongs to; none for the core.
    pub(super) schema: Option<String>,
    /// The attribute.
    pub(super) name: String,
    /// Which of several complex values, by their `type`.
    pub(super) of_type: Option<String>,
    /// The part of a complex value.
    pub(super) sub: Option<String>,
}

impl Path {
    /// Reads a path; none if it is not one.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if text.len() > SCIM_PATH_LENGTH_MAX {
            return None;
        }
        let before_filter = text.split('[').next().unwrap_or(text);
        let (schema, rest) = match before_filter.rfind(':') {
            Some(at) => (Some(text.get(..at)?), text.get(at + 1..)?),
            None => (None, text),
        };
        if schema.is_some_and(|schema| !is_urn(schema)) {
            return None;
        }
        let (name, of_type, sub) = match rest.split_once('[') {
            Some((name, filter)) => {
                let (filter, sub) = filter.split_once(']')?;
                let sub = match sub.strip_prefix('.') {
                    Some(sub) => sub,
                    None if sub.is_empty() => "value",
                    None => return None,
                };
                (name, Some(type_of(filter)?), Some(sub))
            }
            None => match rest.split_once('.') {
                Some((name, sub)) => (name, None, Some(sub)),
                None => (rest, None, None),
            },
        };
        if !is_name(name) || !sub.is_none_or(is_name) {
            return None;
        }
        let bare = schema.is_none() && ENTERPRISE_NAMES.iter().any(|known| known.eq_ignore_ascii_case(name));
        let schema = if bare { Some(ENTERPRISE) } else { schema.filter(|urn| !urn.eq_ignore_ascii_case(USER)) };
        Some(Self {
            schema: schema.map(str::to_owned),
            name: name.to_owned(),
            of_type: of_type.map(str::to_owned),
            sub: sub.map(str::to_owned),
        })
    }

    /// The attribute itself, without its parts, as `attributes=` and whole replacements name it.
    pub(super) fn whole(&self) -> String {
        match &self.schema {
            Some(schema) => format!("{schema}:{}", self.name),
            None => self.name.clone(),
        }
    }

    /// The path as filters and changes name it.
    pub(super) fn wire(&self) -> String {
        let mut text = self.whole();
        if let Some(kind) = &self.of_type {
            text = format!("{text}[type eq \"{kind}\"]");
        }
        match (&self.sub, self.by_value()) {
            (Some(sub), _) => format!("{text}.{sub}"),
            (None, true) => format!("{text}.value"),
            (None, false) => text,
        }
    }

    /// The path of the one complex value that it lies in.
    pub(super) fn element(&self) -> Option<String> {
        self.of_type.as_ref().map(|kind| format!("{}[type eq \"{kind}\"]", self.whole()))
    }

    /// Whether it is the value for which its element is there.
    pub(super) fn is_main(&self) -> bool {
        self.sub.as_deref().is_none_or(|sub| sub.eq_ignore_ascii_case("value"))
    }

    /// Whether texts in it are compared exactly unless a schema says otherwise (RFC 7643, 3.1).
    pub(super) fn is_exact(&self) -> bool {
        self.schema.is_none() && EXACT_NAMES.iter().any(|known| known.eq_ignore_ascii_case(&self.name))
    }

    fn by_value(&self) -> bool {
        self.sub.is_none() && BY_VALUE_NAMES.iter().any(|known| known.eq_ignore_ascii_case(&self.name))
    }

    /// Whether it stands for several values at once.
    pub(super) fn is_list(&self) -> bool {
        self.of_type.is_none() && self.sub.is_none() && self.plural()
    }

    fn plural(&self) -> bool {
        PLURAL_NAMES.iter().any(|known| known.eq_ignore_ascii_case(&self.name))
    }

    /// Its value in a resource; none if there is none or an empty one.
    pub(super) fn read(&self, resource: &Json) -> Option<Value> {
        let found = self.find(resource)?;
        match (&self.of_type, found) {
            (Some(kind), Json::Array(elements)) => {
                let element = elements.iter().find(|element| has_type(element, kind))?;
                value_of(field(element, self.sub.as_deref().unwrap_or("value"))?)
            }
            (Some(_), _) => None,
            (None, Json::Array(elements)) => {
                let sub = self.sub.as_deref().unwrap_or("value");
                let one = |element: &Json| match element {
                    Json::Object(_) => value_of(field(element, sub)?),
                    plain => value_of(plain),
                };
                normal_list(elements.iter().filter_map(one).collect())
            }
            (None, Json::Object(_)) => value_of(field(found, self.sub.as_deref().unwrap_or("value"))?),
            (None, plain) => value_of(plain),
        }
    }

    /// The attribute in a resource, with all its parts.
    pub(super) fn find<'a>(&self, resource: &'a Json) -> Option<&'a Json> {
        let holder = match &self.schema {
            Some(schema) => field(resource, schema)?,
            None => resource,
        };
        field(holder, &self.name).filter(|found| !found.is_null())
    }

    /// Whether the element that it lies in is there.
    pub(super) fn has_element(&self, resource: &Json) -> bool {
        match (&self.of_type, self.find(resource)) {
            (Some(kind), Some(Json::Array(elements))) => elements.iter().any(|element| has_type(element, kind)),
            (Some(_), _) => false,
            (None, found) => found.is_some(),
        }
    }

    /// Puts a value into a resource; [`Value::Cleared`] takes it out.
    pub(super) fn write(&self, resource: &mut Json, value: &Value) {
        let Some(fields) = resource.as_object_mut() else { return };
        let fields = match &self.schema {
            Some(schema) => {
                let extension = fields.entry(schema.clone()).or_insert_with(|| Json::Object(Map::new()));
                let Some(extension) = extension.as_object_mut() else { return };
                extension
            }
            None => fields,
        };
        let key = fields.keys().find(|key| key.eq_ignore_ascii_case(&self.name)).unwrap_or(&self.name).clone();
        let now = fields.remove(&key);
        if let Some(next) = self.next(now, value) {
            fields.insert(key, next);
        }
        if let Some(schema) = &self.schema
            && fields.is_empty()
            && let Some(fields) = resource.as_object_mut()
        {
            fields.remove(schema);
        }
    }

    /// The attribute as it will be.
    fn next(&self, now: Option<Json>, value: &Value) -> Option<Json> {
        let json = json_of(value);
        match (&self.of_type, &self.sub) {
            (Some(kind), _) => self.next_elements(now, kind, json),
            (None, Some(sub)) => {
                let mut fields = match now {
                    Some(Json::Object(fields)) => fields,
                    _ => Map::new(),
                };
                match json {
                    Some(json) => fields.insert(sub.clone(), json),
                    None => fields.remove(sub),
                };
                (!fields.is_empty()).then_some(Json::Object(fields))
            }
            (None, None) if self.plural() => {
                let values = match json? {
                    Json::Array(values) => values,
                    one => vec![one],
                };
                Some(Json::Array(values.into_iter().map(|value| serde_json::json!({ "value": value })).collect()))
            }
            (None, None) if self.by_value() => Some(serde_json::json!({ "value": json? })),
            (None, None) => json,
        }
    }

    fn next_elements(&self, now: Option<Json>, kind: &str, json: Option<Json>) -> Option<Json> {
        let sub = self.sub.as_deref().unwrap_or("value");
        let mut elements = match now {
            Some(Json::Array(elements)) => elements,
            _ => Vec::new(),
        };
        match json {
            None if self.is_main() => elements.retain(|element| !has_type(element, kind)),
            None => {
                for element in elements.iter_mut().filter(|element| has_type(element, kind)) {
                    if let Some(fields) = element.as_object_mut() {
                        fields.remove(sub);
                    }
                }
            }
            Some(json) => {
                let place = elements.iter().position(|element| has_type(element, kind));
                let place = place.unwrap_or_else(|| {
                    elements.push(serde_json::json!({ "type": kind }));
                    elements.len() - 1
                });
                if let Some(fields) = elements.get_mut(place).and_then(Json::as_object_mut) {
                    fields.insert(sub.to_owned(), json);
                }
            }
        }
        (!elements.is_empty()).then_some(Json::Array(elements))
    }
}

/// A field of an object, whatever the case of its name (RFC 7643, 2.1).
pub(super) fn field<'a>(object: &'a Json, name: &str) -> Option<&'a Json> {
    let fields = object.as_object()?;
    let loose = || fields.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value);
    fields.get(name).or_else(loose)
}

fn has_type(element: &Json, kind: &str) -> bool {
    field(element, "type").and_then(Json::as_str).is_some_and(|known| known.eq_ignore_ascii_case(kind))
}

/// A value as SCIM holds it.
pub(super) fn json_of(value: &Value) -> Option<Json> {
    match value {
        Value::Cleared => None,
        Value::Text(text) => Some(Json::from(text.as_str())),
        Value::Number(number) => Some(Json::from(*number)),
        Value::Flag(flag) => Some(Json::from(*flag)),
        Value::Date(_) | Value::Instant(_) => Some(Json::from(value.to_string())),
        Value::List(items) => {
            let items: Vec<Json> = items.iter().filter_map(json_of).collect();
            (!items.is_empty()).then_some(Json::Array(items))
        }
    }
}

fn value_of(json: &Json) -> Option<Value> {
    match json {
        Json::Null | Json::Object(_) => None,
        Json::Bool(flag) => Some(Value::Flag(*flag)),
        Json::Number(number) => Some(number.as_i64().map_or_else(|| Value::Text(number.to_string()), Value::Number)),
        Json::String(text) if text.is_empty() => None,
        Json::String(text) => Some(Value::Text(text.clone())),
        Json::Array(items) => normal_list(items.iter().filter_map(value_of).collect()),
    }
}

/// A wanted value in the form in which it is read back. None where SCIM holds no such value.
pub(super) fn normal(value: &Value) -> Option<Value> {
    match value {
        Value::Text(text) if text.is_empty() => None,
        Value::Date(_) | Value::Instant(_) | Value::Number(_) => Some(Value::Text(value.to_string())),
        Value::List(items) => {
            let items: Option<Vec<Value>> = items.iter().map(normal).collect();
            Some(normal_list(items?).unwrap_or(Value::Cleared))
        }
        Value::Text(_) | Value::Flag(_) | Value::Cleared => Some(value.clone()),
    }
}

/// One value, or several in a fixed order, because SCIM promises none.
fn normal_list(mut items: Vec<Value>) -> Option<Value> {
    items.sort();
    items.dedup();
    match items.len() {
        0 => None,
        1 => items.pop(),
        _ => Some(Value::List(items)),
    }
}

fn is_name(text: &str) -> bool {
    let starts = text.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'$');
    starts && text.bytes().skip(1).all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

fn is_urn(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b':' | b'.' | b'-' | b'_'));
    lower.starts_with("urn:") && plain
}

/// The type in `type eq "work"`, which is the only filter that an attribute's name may have.
fn type_of(filter: &str) -> Option<&str> {
    let mut words = filter.trim().splitn(3, ' ');
    let (name, operator, value) = (words.next()?, words.next()?, words.next()?);
    let kind = value.trim().strip_prefix('"')?.strip_suffix('"')?;
    let fits = name.eq_ignore_ascii_case("type") && operator.eq_ignore_ascii_case("eq") && is_name(kind);
    fits.then_some(kind)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn path(text: &str) -> Path {
        Path::parse(text).unwrap_or_else(|| panic!("`{text}` is no path"))
    }

    #[test]
    fn paths_are_read_and_written_as_the_rfc_has_them() {
        for (text, wire) in [
            ("userName", "userName"),
            ("name.givenName", "name.givenName"),
            ("emails[type eq \"work\"].value", "emails[type eq \"work\"].value"),
            ("emails[type eq \"work\"]", "emails[type eq \"work\"].value"),
            ("urn:ietf:params:scim:schemas:core:2.0:User:title", "title"),
            ("department", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department"),
            ("manager", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value"),
            ("urn:example:2.0:User:badge", "urn:example:2.0:User:badge"),
        ] {
            assert_eq!(path(text).wire(), wire, "{text}");
        }
        for bad in [
            "",
            "a b",
            "a\"b",
            "a.b.c",
            "emails[value eq \"x\"]",
            "emails[type eq work]",
            "x:y",
            "1a",
            &"a".repeat(300),
        ] {
            assert_eq!(Path::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn what_is_written_is_read_back_and_the_rest_stays() {
        let mut user = json!({
            "userName": "ada", "name": {"familyName": "Lovelace"},
            "emails": [{"type": "home", "value": "home@example.org", "primary": true}],
        });
        let before = user.clone();
        for (text, value) in [
            ("name.givenName", Value::from("Ada")),
            ("emails[type eq \"work\"].value", Value::from("ada@example.org")),
            ("department", Value::from("Engines")),
            ("manager", Value::from("26118915")),
            ("title", Value::from("Countess")),
        ] {
            path(text).write(&mut user, &value);
            assert_eq!(path(text).read(&user), Some(value), "{text}");
        }
        assert_eq!(user["emails"][0], before["emails"][0]);
        assert_eq!(user["name"]["familyName"], "Lovelace");
        assert_eq!(user[ENTERPRISE]["manager"], json!({"value": "26118915"}));
        for text in ["name.givenName", "emails[type eq \"work\"].value", "department", "manager", "title"] {
            path(text).write(&mut user, &Value::Cleared);
        }
        assert_eq!(user, before);
    }

    #[test]
    fn several_values_have_a_fixed_order_and_null_is_none() {
        let user = json!({"emails": [{"value": "b"}, {"value": "a"}], "roles": [], "title": null, "nickName": ""});
        assert_eq!(path("emails").read(&user), Some(Value::List(vec!["a".into(), "b".into()])));
        for empty in ["roles", "title", "nickName", "displayName"] {
            assert_eq!(path(empty).read(&user), None, "{empty}");
        }
        let mut made = json!({});
        path("emails").write(&mut made, &Value::from("a"));
        assert_eq!(made, json!({"emails": [{"value": "a"}]}));
    }
}
