//! Takes a pack apart and notes everything that is wrong with it, instead of stopping at the first
//! thing. Places are JSON pointers; whoever read the text knows the lines.

use std::cell::RefCell;

use serde_json::{Map, Value as Json};

/// What kind of problem it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FaultKind {
    /// A key that does not belong there.
    UnknownKey,
    /// A key that is missing.
    MissingKey,
    /// A value of another type.
    WrongType,
    /// The type is right, the value is not.
    BadValue,
}

/// One thing that is wrong with a pack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Where, as a JSON pointer.
    pub at: String,
    /// What kind.
    pub kind: FaultKind,
    /// What is wrong.
    pub reason: String,
    /// What to do about it.
    pub hint: String,
}

/// A value of the pack, with its place.
#[derive(Debug, Clone)]
pub(super) struct At<'a> {
    pub(super) json: &'a Json,
    place: String,
    faults: &'a RefCell<Vec<Fault>>,
}

/// The keys and values at one place. Keys that do not belong there were noted when it was made.
#[derive(Debug, Clone)]
pub(super) struct Fields<'a> {
    at: At<'a>,
    map: &'a Map<String, Json>,
}

impl<'a> At<'a> {
    /// The whole pack.
    pub(super) fn root(json: &'a Json, faults: &'a RefCell<Vec<Fault>>) -> Self {
        Self { json, place: String::new(), faults }
    }

    /// The last part of the place, for messages.
    fn key(&self) -> &str {
        self.place.rsplit('/').next().filter(|key| !key.is_empty()).unwrap_or("spec")
    }

    pub(super) fn fault(&self, kind: FaultKind, reason: impl Into<String>, hint: impl Into<String>) {
        let (reason, hint) = (reason.into(), hint.into());
        self.faults.borrow_mut().push(Fault { at: self.place.clone(), kind, reason, hint });
    }

    /// Notes that the value is not right.
    pub(super) fn bad<T>(&self, reason: impl Into<String>, hint: impl Into<String>) -> Option<T> {
        self.fault(FaultKind::BadValue, reason, hint);
        None
    }

    fn wrong<T>(&self, wanted: &str) -> Option<T> {
        let is = match self.json {
            Json::Null => "nothing",
            Json::Bool(_) => "yes or no",
            Json::Number(_) => "a number",
            Json::String(_) => "text",
            Json::Array(_) => "a list",
            Json::Object(_) => "keys and values",
        };
        self.fault(FaultKind::WrongType, format!("`{}` is {is}", self.key()), format!("write {wanted}"));
        None
    }

    fn inner(&self, key: &str, json: &'a Json) -> Self {
        let place = format!("{}/{}", self.place, key.replace('~', "~0").replace('/', "~1"));
        Self { json, place, faults: self.faults }
    }

    /// Keys and values, and only these keys.
    pub(super) fn fields(&self, known: &[&str]) -> Option<Fields<'a>> {
        let fields = self.map()?;
        for (key, value) in fields.map.iter().filter(|(key, _)| !known.contains(&key.as_str())) {
            let reason = format!("`{}` has no key `{key}`", self.key());
            self.inner(key, value).fault(FaultKind::UnknownKey, reason, format!("it has {}", known.join(", ")));
        }
        Some(fields)
    }

    /// Keys and values of any names.
    pub(super) fn map(&self) -> Option<Fields<'a>> {
        match self.json {
            Json::Object(map) => Some(Fields { at: self.clone(), map }),
            _ => self.wrong("keys and values, such as `key: value`"),
        }
    }

    pub(super) fn list(&self) -> Option<Vec<Self>> {
        match self.json {
            Json::Array(items) => {
                Some(items.iter().enumerate().map(|(place, item)| self.inner(&place.to_string(), item)).collect())
            }
            _ => self.wrong("a list, such as `[a, b]`"),
        }
    }

    pub(super) fn text(&self) -> Option<&'a str> {
        match self.json {
            Json::String(text) => Some(text),
            _ => self.wrong("text, in quotes if it looks like something else"),
        }
    }

    pub(super) fn flag(&self) -> Option<bool> {
        self.json.as_bool().or_else(|| self.wrong("`true` or `false`"))
    }

    pub(super) fn number(&self) -> Option<u64> {
        self.json.as_u64().or_else(|| self.wrong("a whole number"))
    }

    /// One of several words.
    pub(super) fn word<T: Copy>(&self, words: &[(&str, T)]) -> Option<T> {
        let text = self.text()?;
        if let Some((_, meant)) = words.iter().find(|(word, _)| *word == text) {
            return Some(*meant);
        }
        let all: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        self.bad(format!("`{}` cannot be `{text}`", self.key()), format!("use one of {}", all.join(", ")))
    }

    /// A JSON pointer: nothing, or `/` and names.
    pub(super) fn pointer(&self) -> Option<String> {
        let text = self.text()?;
        if text.is_empty() || text.starts_with('/') {
            return Some(text.to_owned());
        }
        self.bad(format!("`{text}` is not a place in an answer"), format!("write `/{text}`, or `\"\"` for all of it"))
    }
}

impl<'a> Fields<'a> {
    /// Where they stand.
    pub(super) fn at(&self) -> &At<'a> {
        &self.at
    }

    pub(super) fn get(&self, key: &str) -> Option<At<'a>> {
        self.map.get(key).map(|json| self.at.inner(key, json))
    }

    pub(super) fn need(&self, key: &str) -> Option<At<'a>> {
        let found = self.get(key);
        if found.is_none() {
            let reason = format!("`{key}` is missing in `{}`", self.at.key());
            self.at.fault(FaultKind::MissingKey, reason, format!("add `{key}: …`"));
        }
        found
    }

    /// Every key with its value.
    pub(super) fn each(&self) -> impl Iterator<Item = (&'a str, At<'a>)> + '_ {
        self.map.iter().map(|(key, json)| (key.as_str(), self.at.inner(key, json)))
    }

    pub(super) fn text(&self, key: &str) -> Option<String> {
        self.need(key)?.text().map(str::to_owned)
    }

    pub(super) fn maybe_text(&self, key: &str) -> Option<String> {
        self.get(key)?.text().map(str::to_owned)
    }

    pub(super) fn flag(&self, key: &str) -> bool {
        self.get(key).and_then(|at| at.flag()).unwrap_or_default()
    }

    pub(super) fn number(&self, key: &str) -> Option<u64> {
        self.get(key)?.number()
    }

    pub(super) fn pointer(&self, key: &str) -> Option<String> {
        self.need(key)?.pointer()
    }

    pub(super) fn maybe_pointer(&self, key: &str) -> Option<String> {
        self.get(key)?.pointer()
    }

    /// The items of a list; none if the key is not there.
    pub(super) fn list(&self, key: &str) -> Vec<At<'a>> {
        self.get(key).and_then(|at| at.list()).unwrap_or_default()
    }
}
