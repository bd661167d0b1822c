//! Of which kind each attribute is, and the schema that says so.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use jiff::civil::{Date, date};
use tenure_model::Value;

use super::super::people::People;
use super::text::quoted;

/// Of which kind all values of an attribute are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Kind {
    Text,
    Number,
    Flag,
    /// A day, as a number: days are compared, and Cedar compares no texts.
    Day,
    Texts,
}

/// The days before the first for which birthrights must lead so that they have begun.
pub(super) const STARTS_IN: &str = "@startsIn";

/// The kind of every attribute whose values are all of one.
pub(super) fn kinds(people: &People) -> BTreeMap<String, Kind> {
    let mut kinds = BTreeMap::new();
    for (path, column) in people.attributes() {
        let mut found = None;
        let mut one = true;
        for value in column.values() {
            match kind(value) {
                Some(kind) if found.is_none_or(|known| known == kind) => found = Some(kind),
                // Among texts there may be some that look like days.
                Some(Kind::Text | Kind::Day) if column.values().all(|value| value.as_text().is_some()) => {
                    found = Some(Kind::Text);
                }
                Some(_) | None => one = false,
            }
        }
        if let (true, Some(kind)) = (one, found) {
            kinds.insert(path.to_owned(), kind);
        }
    }
    kinds
}

/// The kind of one value by itself; none if Cedar has no such kind.
fn kind(value: &Value) -> Option<Kind> {
    match value {
        Value::Text(words) if day_of(words).is_some() => Some(Kind::Day),
        Value::Text(_) => Some(Kind::Text),
        Value::Number(_) => Some(Kind::Number),
        Value::Flag(_) => Some(Kind::Flag),
        Value::Date(day) if in_order(*day) => Some(Kind::Day),
        Value::List(items) if items.iter().all(|item| matches!(item, Value::Text(_))) => Some(Kind::Texts),
        Value::Date(_) | Value::Instant(_) | Value::List(_) | Value::Cleared => None,
    }
}

/// The number of a day, from a text that is one and nothing else.
pub(super) fn day_of(words: &str) -> Option<i64> {
    let day: Date = words.parse().ok()?;
    (in_order(day) && day.to_string() == words).then(|| number_of(day))
}

/// As texts, days of these years stand in their order.
fn in_order(day: Date) -> bool {
    (0..=9_999).contains(&day.year())
}

/// The number of a day.
pub(super) fn number_of(day: Date) -> i64 {
    const EPOCH: Date = date(1970, 1, 1);
    EPOCH.until(day).map_or(i64::MIN, |span| i64::from(span.get_days()))
}

/// The schema for these kinds.
pub(super) fn text(kinds: &BTreeMap<String, Kind>) -> String {
    let mut text = String::from("entity Entitlement;\nentity Person = {\n");
    for (path, kind) in kinds.iter().map(|(path, kind)| (path.as_str(), *kind)).chain([(STARTS_IN, Kind::Number)]) {
        let of = match kind {
            Kind::Text => "String",
            Kind::Number | Kind::Day => "Long",
            Kind::Flag => "Bool",
            Kind::Texts => "Set<String>",
        };
        // Writing to a string cannot fail.
        writeln!(text, "  {}?: {of},", quoted(attribute(path))).unwrap_or_default();
    }
    text.push_str("};\n");
    text.push_str(
        "action hold appliesTo { principal: [Person], resource: [Entitlement], context: {\n  \
         today: Long,\n  holds: Set<String>,\n  fails: Set<String>,\n  tooLarge: Set<String>,\n} };\n",
    );
    text
}

/// What an attribute is called in the policies.
pub(super) fn attribute(path: &str) -> &str {
    path.strip_prefix("person.").unwrap_or(path)
}
