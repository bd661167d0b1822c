//! Texts and bodies with holes, and what is put into them.
//!
//! A hole is `{name}`, `{name/place/in/it}`, `{setting.name}` or, to sign in, `{secret.name}`; two
//! braces are one. A text that is nothing but a hole keeps the type of what is put in. An object
//! under `"*"` is merged into the one around it, a list under it into the list around it. Nothing
//! that is put in is read again: a value with braces in it is only a value. What a text means to
//! whoever reads it is another matter: [`quoted`] writes a value so that it stays one there too.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};
use tenure_connect::{Refusal, RefusalClass};

/// The key under which an object or a list is merged into the one around it.
const MERGE: &str = "*";
/// The key beside it that says which elements of a list stay away.
const WITHOUT: &str = "-";

/// A text with holes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Template {
    pieces: Vec<Piece>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Hole(Hole),
}

/// What a hole asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hole {
    /// Its first word, such as `id` or `setting.domain`.
    pub(super) name: String,
    /// The place within, as a JSON pointer.
    pub(super) pointer: String,
}

/// A body with holes.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Shape {
    Constant(Json),
    Text(Template),
    List(Vec<Shape>),
    /// Elements of another list, in the middle of one.
    Spread {
        list: Box<Shape>,
        without: Option<Box<Shape>>,
    },
    Fields(Vec<(String, Shape)>),
}

/// What can be put into holes.
#[derive(Debug, Clone)]
pub(super) struct Scope<'a> {
    settings: &'a BTreeMap<String, String>,
    values: BTreeMap<String, Json>,
}

impl<'a> Scope<'a> {
    pub(super) fn new(settings: &'a BTreeMap<String, String>) -> Self {
        Self { settings, values: BTreeMap::new() }
    }

    /// With one more value.
    pub(super) fn with(mut self, name: &'static str, value: impl Into<Json>) -> Self {
        self.values.insert(name.to_owned(), value.into());
        self
    }

    /// With a secret, which only a request to sign in may ask for.
    pub(super) fn with_secret(mut self, name: &str, secret: &str) -> Self {
        self.values.insert(format!("secret.{name}"), secret.into());
        self
    }

    fn get(&self, hole: &Hole) -> Result<Json, Refusal> {
        let found = match hole.name.strip_prefix("setting.") {
            Some(setting) => self.settings.get(setting).map(|text| Json::from(text.as_str())),
            None => self.values.get(hole.name.as_str()).and_then(|value| value.pointer(&hole.pointer)).cloned(),
        };
        found.ok_or_else(|| {
            let message = format!("`{{{}{}}}` of the pack leads to nothing here", hole.name, hole.pointer);
            Refusal::new(RefusalClass::Invalid, message)
        })
    }
}

impl Template {
    /// Takes a text apart; the error says what is wrong with it.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut words = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            let (before, behind) = rest.split_at(at);
            words.push_str(before);
            let brace = behind.get(..1).unwrap_or_default();
            let behind = behind.get(1..).unwrap_or_default();
            if let Some(behind) = behind.strip_prefix(brace) {
                words.push_str(brace);
                rest = behind;
                continue;
            }
            let (inner, behind) = behind
                .split_once('}')
                .filter(|(inner, _)| brace == "{" && !inner.contains('{'))
                .ok_or_else(|| format!("`{text}` has a brace without its other"))?;
            if !words.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut words)));
            }
            let (name, pointer) = inner.find('/').map_or((inner, ""), |slash| inner.split_at(slash));
            pieces.push(Piece::Hole(Hole { name: name.to_owned(), pointer: pointer.to_owned() }));
            rest = behind;
        }
        words.push_str(rest);
        if !words.is_empty() || pieces.is_empty() {
            pieces.push(Piece::Text(words));
        }
        Ok(Self { pieces })
    }

    /// What is asked for.
    pub(super) fn holes(&self) -> impl Iterator<Item = &Hole> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Hole(hole) => Some(hole),
            Piece::Text(_) => None,
        })
    }

    /// The text with everything put in.
    pub(super) fn text(&self, scope: &Scope<'_>) -> Result<String, Refusal> {
        self.written(scope, |text| text)
    }

    /// The same as a place in an answer, where what is put in is a part of one name.
    pub(super) fn place(&self, scope: &Scope<'_>) -> Result<String, Refusal> {
        self.written(scope, |text| text.replace('~', "~0").replace('/', "~1"))
    }

    fn written(&self, scope: &Scope<'_>, put: impl Fn(String) -> String) -> Result<String, Refusal> {
        let mut whole = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => whole.push_str(text),
                Piece::Hole(hole) => whole.push_str(&scalar(&scope.get(hole)?).map(&put).ok_or_else(|| {
                    let message = format!("`{{{}{}}}` of the pack is no text here", hole.name, hole.pointer);
                    Refusal::new(RefusalClass::Invalid, message)
                })?),
            }
        }
        Ok(whole)
    }

    /// The text, where nothing has to be put in.
    pub(super) fn plain(&self) -> Option<&str> {
        match self.pieces.as_slice() {
            [Piece::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// The same with the type of what is put in, where that is all there is.
    pub(super) fn json(&self, scope: &Scope<'_>) -> Result<Json, Refusal> {
        match self.pieces.as_slice() {
            [Piece::Hole(hole)] => scope.get(hole),
            _ => self.text(scope).map(Json::from),
        }
    }
}

impl Shape {
    /// Takes a body apart.
    pub(super) fn parse(json: &Json) -> Result<Self, String> {
        Ok(match json {
            Json::String(text) => Self::Text(Template::parse(text)?),
            Json::Array(items) => Self::List(items.iter().map(Self::element).collect::<Result<_, _>>()?),
            Json::Object(fields) => {
                let one = |(key, value): (&String, &Json)| Ok((key.clone(), Self::parse(value)?));
                Self::Fields(fields.iter().map(one).collect::<Result<_, String>>()?)
            }
            Json::Null | Json::Bool(_) | Json::Number(_) => Self::Constant(json.clone()),
        })
    }

    /// Takes an element of a list apart.
    fn element(json: &Json) -> Result<Self, String> {
        match json.as_object().map(|fields| (fields.get(MERGE), fields.get(WITHOUT), fields.len())) {
            Some((Some(list), None, 1)) => Ok(Self::Spread { list: Box::new(Self::parse(list)?), without: None }),
            Some((Some(list), Some(without), 2)) => {
                let [list, without] = [Self::parse(list)?, Self::parse(without)?].map(Box::new);
                Ok(Self::Spread { list, without: Some(without) })
            }
            _ => Self::parse(json),
        }
    }

    /// What is asked for.
    pub(super) fn holes(&self) -> Vec<&Hole> {
        match self {
            Self::Spread { list, without } => {
                list.holes().into_iter().chain(without.iter().flat_map(|shape| shape.holes())).collect()
            }
            Self::Constant(_) => Vec::new(),
            Self::Text(template) => template.holes().collect(),
            Self::List(items) => items.iter().flat_map(Self::holes).collect(),
            Self::Fields(fields) => fields.iter().flat_map(|(_, value)| value.holes()).collect(),
        }
    }

    /// The body with everything put in. What stands beside a merged object wins over it.
    pub(super) fn fill(&self, scope: &Scope<'_>) -> Result<Json, Refusal> {
        Ok(match self {
            Self::Constant(json) => json.clone(),
            Self::Text(template) => template.json(scope)?,
            Self::List(items) => {
                let mut whole = Vec::new();
                for item in items {
                    match item {
                        Self::Spread { list, without } => whole.extend(spread(list, without.as_deref(), scope)?),
                        one => whole.push(one.fill(scope)?),
                    }
                }
                Json::Array(whole)
            }
            Self::Spread { list, without } => Json::Array(spread(list, without.as_deref(), scope)?),
            Self::Fields(fields) => {
                let mut whole = Map::new();
                for (_, shape) in fields.iter().filter(|(key, _)| key == MERGE) {
                    let Json::Object(merged) = shape.fill(scope)? else {
                        let message = format!("only an object can stand under `{MERGE}` of the pack");
                        return Err(Refusal::new(RefusalClass::Invalid, message));
                    };
                    whole.extend(merged);
                }
                for (key, shape) in fields.iter().filter(|(key, _)| key != MERGE) {
                    whole.insert(key.clone(), shape.fill(scope)?);
                }
                Json::Object(whole)
            }
        })
    }
}

/// The elements of a list, without those that are so. A single thing is one.
fn spread(list: &Shape, without: Option<&Shape>, scope: &Scope<'_>) -> Result<Vec<Json>, Refusal> {
    let mut elements = match list.fill(scope)? {
        Json::Array(elements) => elements,
        one => vec![one],
    };
    if let Some(without) = without {
        let without = without.fill(scope)?;
        elements.retain(|element| !is_so(element, &without));
    }
    Ok(elements)
}

/// Whether an element is this value, or has these values.
fn is_so(element: &Json, wanted: &Json) -> bool {
    match wanted {
        Json::Object(fields) => fields.iter().all(|(key, value)| element.get(key).is_some_and(|has| is_so(has, value))),
        plain => element == plain || (scalar(plain).is_some() && scalar(element) == scalar(plain)),
    }
}

/// Every text in it with these letters written as they are meant, such as a quote in a script.
pub(super) fn quoted(json: &Json, letters: &BTreeMap<char, String>) -> Json {
    match json {
        Json::String(text) => {
            let one = |letter: char| letters.get(&letter).cloned().unwrap_or_else(|| letter.to_string());
            text.chars().map(one).collect::<String>().into()
        }
        Json::Array(items) => items.iter().map(|item| quoted(item, letters)).collect(),
        Json::Object(fields) => {
            let one = |(key, value): (&String, &Json)| (key.clone(), quoted(value, letters));
            fields.iter().map(one).collect::<Map<_, _>>().into()
        }
        Json::Null | Json::Bool(_) | Json::Number(_) => json.clone(),
    }
}

/// A single value as text.
pub(super) fn scalar(json: &Json) -> Option<String> {
    match json {
        Json::String(text) => Some(text.clone()),
        Json::Number(number) => Some(number.to_string()),
        Json::Bool(flag) => Some(flag.to_string()),
        Json::Null | Json::Array(_) | Json::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn fill(shape: Json) -> Result<Json, Refusal> {
        let settings = [("domain".to_owned(), "default".to_owned())].into();
        let scope = Scope::new(&settings)
            .with("id", "{setting.domain}")
            .with("account", json!({"keys": [{"n": 7}, {"n": 8, "m": 1}], "words": ["a", "b"]}))
            .with("attributes", json!({"a": 1, "b": null}));
        Shape::parse(&shape).unwrap().fill(&scope)
    }

    #[test]
    fn holes_are_filled_once_and_keep_their_type() {
        let filled = fill(json!({
            "*": "{attributes}", "a": "{setting.domain}", "whole": "{account/keys/0/n}", "part": "{{{id}}} {account/keys/0/n}",
        }));
        assert_eq!(filled.unwrap(), json!({"a": "default", "b": null, "whole": 7, "part": "{{setting.domain}} 7"}));
    }

    #[test]
    fn a_list_is_merged_into_a_list_without_what_is_to_go() {
        let keys = json!("{account/keys}");
        assert_eq!(fill(json!([{"n": 1}, {"*": keys}])).unwrap(), json!([{"n": 1}, {"n": 7}, {"n": 8, "m": 1}]));
        assert_eq!(fill(json!([{"*": keys, "-": {"n": "8"}}])).unwrap(), json!([{"n": 7}]));
        assert_eq!(fill(json!([{"*": keys, "-": {"n": 8, "m": 2}}])).unwrap(), json!([{"n": 7}, {"n": 8, "m": 1}]));
        assert_eq!(fill(json!([{"*": "{account/words}", "-": "a"}, "c"])).unwrap(), json!(["b", "c"]));
        assert_eq!(fill(json!([{"*": "{attributes}"}])).unwrap(), json!([{"a": 1, "b": null}]));
    }

    #[test]
    fn a_quoted_text_is_quoted_once_and_wherever_it_stands() {
        let letters = [('"', "\\\"".to_owned()), ('\\', "\\\\".to_owned())].into();
        let whole = json!({"a\"": ["say \"no\" \\", 7], "b": null});
        assert_eq!(quoted(&whole, &letters), json!({"a\"": ["say \\\"no\\\" \\\\", 7], "b": null}));
    }

    #[test]
    fn what_is_put_into_a_place_is_one_name() {
        let settings = BTreeMap::new();
        let scope = Scope::new(&settings).with("id", "a/b~c");
        assert_eq!(Template::parse("/users/{id}/name").unwrap().place(&scope).unwrap(), "/users/a~1b~0c/name");
    }

    #[test]
    fn what_is_not_there_is_refused() {
        for bad in [json!("{nobody}"), json!("{account/none}"), json!("x{account}"), json!({"*": "{id}"})] {
            assert_eq!(fill(bad).unwrap_err().class, RefusalClass::Invalid);
        }
    }

    #[test]
    fn a_lone_brace_is_an_error() {
        for bad in ["{", "a}", "{a{b}}", "{id"] {
            assert!(Template::parse(bad).is_err(), "{bad}");
        }
    }
}
