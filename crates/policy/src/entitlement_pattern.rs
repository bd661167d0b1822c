//! The name by which a role names what it gives: plain, or with places that facts fill.
//!
//! `group/site-{person.site}` stands for one entitlement for each site. What comes out is only a
//! name: whether the connection has such an entitlement is asked of the connection.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use tenure_model::Value;

use crate::expression::{BadExpression, Expression, NoValue};
use crate::limits::{ENTITLEMENT_NAME_BYTES_MAX, ENTITLEMENT_PLACES_MAX};

/// A name, perhaps with places to fill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntitlementPattern {
    text: String,
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Place(Expression),
}

impl EntitlementPattern {
    /// The text that it was read from.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The name itself, if there is nothing to fill.
    pub fn plain(&self) -> Option<&str> {
        self.expressions().next().is_none().then_some(self.text.as_str())
    }

    /// The expressions of its places.
    pub fn expressions(&self) -> impl Iterator<Item = &Expression> {
        self.parts.iter().filter_map(|part| match part {
            Part::Text(_) => None,
            Part::Place(expression) => Some(expression),
        })
    }

    /// The name with its places filled by `value`.
    pub fn fill(&self, mut value: impl FnMut(&Expression) -> Result<Value, NoValue>) -> Result<String, NoValue> {
        let mut name = String::with_capacity(self.text.len());
        for part in &self.parts {
            match part {
                Part::Text(text) => name.push_str(text),
                Part::Place(expression) => name.push_str(&word(expression, &value(expression)?)?),
            }
        }
        let broken = |reason: String| NoValue::Broken { expression: self.text.clone(), reason };
        if name.len() > ENTITLEMENT_NAME_BYTES_MAX {
            return Err(broken(format!("the name gets longer than {ENTITLEMENT_NAME_BYTES_MAX} bytes")));
        }
        Ok(name)
    }

    /// Whether this name could have come out of it: the texts are there, in order, around
    /// something for each place.
    pub fn could_be(&self, name: &str) -> bool {
        let mut rest = name;
        let mut open = false;
        for (at, part) in self.parts.iter().enumerate() {
            match part {
                Part::Place(_) => open = true,
                Part::Text(text) if at + 1 == self.parts.len() && open => {
                    return rest.len() > text.len() && rest.ends_with(text.as_str());
                }
                Part::Text(text) if open => {
                    // The nearest occurrence, behind at least one letter.
                    let from = rest.chars().next().map_or(0, char::len_utf8);
                    let found = rest.get(from..).and_then(|tail| tail.find(text.as_str()));
                    let Some(found) = found else { return false };
                    rest = rest.get(from + found + text.len()..).unwrap_or_default();
                    open = false;
                }
                Part::Text(text) => {
                    let Some(tail) = rest.strip_prefix(text.as_str()) else { return false };
                    rest = tail;
                }
            }
        }
        if open { !rest.is_empty() } else { rest.is_empty() }
    }
}

/// A value as a part of a name: only what has one plain form.
fn word(expression: &Expression, value: &Value) -> Result<String, NoValue> {
    let broken =
        |reason: &str| Err(NoValue::Broken { expression: expression.text().to_owned(), reason: reason.to_owned() });
    match value {
        Value::Cleared => Err(NoValue::NotKnown { path: expression.text().to_owned() }),
        Value::List(_) => broken("it gives several values, and a name needs one"),
        one => {
            let text = one.to_string();
            if text.trim().is_empty() { broken("it gives an empty text, and a name needs one") } else { Ok(text) }
        }
    }
}

impl FromStr for EntitlementPattern {
    type Err = BadExpression;
    fn from_str(text: &str) -> Result<Self, BadExpression> {
        let bad = |at: usize, reason: String, hint: &str| BadExpression { at, reason, hint: hint.to_owned() };
        if text.trim().is_empty() || text.len() > ENTITLEMENT_NAME_BYTES_MAX {
            let reason = format!("the name has {} bytes", text.len());
            return Err(bad(0, reason, "write a name such as `group/staff`"));
        }
        let mut parts = Vec::new();
        let (mut rest, mut at) = (text, 0);
        while let Some(open) = rest.find(['{', '}']) {
            let close = rest.get(open..).and_then(|tail| tail.find('}')).filter(|close| *close > 0);
            let (Some(close), Some(before)) = (close, rest.get(..open)) else {
                let reason = "a curly bracket is not closed, or was never opened".to_owned();
                return Err(bad(at + open, reason, "write an expression between both, such as `{person.site}`"));
            };
            if !before.is_empty() {
                parts.push(Part::Text(before.to_owned()));
            }
            let inner = rest.get(open + 1..open + close).unwrap_or_default();
            let place =
                Expression::parse(inner).map_err(|error| BadExpression { at: at + open + 1 + error.at, ..error })?;
            parts.push(Part::Place(place));
            at += open + close + 1;
            rest = rest.get(open + close + 1..).unwrap_or_default();
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        let places = parts.iter().filter(|part| matches!(part, Part::Place(_))).count();
        if places > ENTITLEMENT_PLACES_MAX {
            let reason = format!("the name has {places} places to fill, the limit is {ENTITLEMENT_PLACES_MAX}");
            return Err(bad(0, reason, "join them in one expression"));
        }
        Ok(Self { text: text.to_owned(), parts })
    }
}

impl fmt::Display for EntitlementPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Serialize for EntitlementPattern {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for EntitlementPattern {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        crate::words::parsed(from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> EntitlementPattern {
        text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn plain_names_stay_and_places_are_filled() {
        assert_eq!(name("group/staff").plain(), Some("group/staff"));
        let site = name("group/site-{person.site}-{person.level}");
        assert_eq!(site.plain(), None);
        let values = |expression: &Expression| match expression.text() {
            "person.site" => Ok(Value::from("paris")),
            _ => Ok(Value::Number(3)),
        };
        assert_eq!(site.fill(values), Ok("group/site-paris-3".into()));
        for value in [Value::Cleared, Value::List(vec!["a".into()]), Value::from(" ")] {
            assert!(site.fill(|_| Ok(value.clone())).is_err(), "{value:?}");
        }
    }

    #[test]
    fn what_could_have_come_out_is_known_again() {
        let site = name("group/site-{person.site}-rw");
        for (text, could) in [
            ("group/site-paris-rw", true),
            ("group/site-a-rw-rw", true),
            ("group/site--rw", false),
            ("group/site-paris", false),
            ("group/other-paris-rw", false),
        ] {
            assert_eq!(site.could_be(text), could, "{text}");
        }
        assert!(name("{person.site}").could_be("x") && !name("{person.site}").could_be(""));
        assert!(name("a").could_be("a") && !name("a").could_be("ab"));
    }

    #[test]
    fn a_name_that_cannot_be_read_says_where() {
        for (text, at) in [("group/{persn.site}", 7), ("group/{person.site", 6), ("group/}x{", 6), ("", 0)] {
            assert_eq!(text.parse::<EntitlementPattern>().unwrap_err().at, at, "{text}");
        }
    }
}
