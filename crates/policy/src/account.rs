//! How an account of a connection is named, filled, kept up to date, and one day deleted.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use tenure_model::{Attributes, Strength, Value};

use crate::expression::{Expression, NoValue};
use crate::limits::ACCOUNT_NAMES_TRIED_MAX;

/// What an account looks like: an expression for each attribute.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AccountTemplate {
    /// The attribute by which an account is recognised as somebody's, such as `employeeNumber`.
    /// It is given once and never changed.
    pub matched_by: Option<String>,
    /// Attribute by attribute.
    pub set: BTreeMap<String, Fill>,
}

/// How one attribute is filled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Fill {
    /// The value.
    pub value: Expression,
    /// How long it is ours: always, while the account has none, or when the account is made. None:
    /// always, but a name that others use is given once.
    pub strength: Option<Strength>,
}

impl From<Expression> for Fill {
    fn from(value: Expression) -> Self {
        Self { value, strength: None }
    }
}

/// When the account of somebody who left is deleted. Nothing is, unless a document says so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Deletion {
    /// So many days after the last day.
    pub after_days: u16,
    /// The name of the approval that it needs each time.
    pub approval: String,
}

/// The value of one expression for the person at hand.
pub(crate) type Valued<'a> = &'a dyn Fn(&Expression) -> Result<Value, NoValue>;

impl AccountTemplate {
    /// The attribute by which accounts name their person, and the attribute of people that it holds
    /// as it stands. Nothing where it is worked out from several, so that it cannot be looked up.
    pub fn matched_key(&self) -> Option<(String, String)> {
        let by = self.matched_by.as_ref()?;
        let key = self.set.get(by)?.value.text().trim().strip_prefix("person.")?;
        let plain = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        plain.then(|| (by.clone(), key.to_owned()))
    }

    /// The attributes of a new account. What is not known is left out and told; what cannot be
    /// worked out stops it, because half an account is worse than none.
    pub(crate) fn fill(&self, value: Valued<'_>) -> Result<Filled, NoValue> {
        let mut filled = Filled::default();
        for (name, fill) in &self.set {
            match value(&fill.value) {
                Ok(Value::Cleared) => {}
                Ok(value) => {
                    filled.attributes.insert(name.clone(), value);
                }
                Err(NoValue::NotKnown { path }) => filled.left_out.push(format!("{name}, because {path} is not known")),
                Err(broken @ NoValue::Broken { .. }) => return Err(broken),
            }
        }
        Ok(filled)
    }

    /// The attributes of an account that differ from what they should be, with what they should
    /// be. `placing` are those that say where an account is: they stay as they were given, unless
    /// the document claims them. What cannot be worked out is left as it is and told.
    pub(crate) fn differences(&self, seen: &Attributes, placing: &BTreeSet<String>, value: Valued<'_>) -> Filled {
        let mut filled = Filled::default();
        for (name, fill) in &self.set {
            let once = if placing.contains(name) { Strength::Initial } else { Strength::Authority };
            let strength = fill.strength.unwrap_or(once);
            let now = seen.get(name).filter(|value| !is_empty(value));
            let ours = match strength {
                Strength::Authority => true,
                Strength::Default => now.is_none(),
                Strength::Initial => false,
            };
            if !ours || self.matched_by.as_ref() == Some(name) {
                continue;
            }
            match value(&fill.value) {
                Ok(wanted) if is_same(now, &wanted, placing.contains(name)) => {}
                Ok(wanted) => {
                    filled.attributes.insert(name.clone(), wanted);
                }
                Err(NoValue::NotKnown { .. }) => {}
                Err(broken @ NoValue::Broken { .. }) => filled.left_out.push(format!("{name}, because {broken}")),
            }
        }
        filled
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Cleared => true,
        Value::Text(text) => text.is_empty(),
        Value::List(items) => items.is_empty(),
        Value::Number(_) | Value::Flag(_) | Value::Date(_) | Value::Instant(_) => false,
    }
}

/// Whether what is there is what should be. A list has no order. A name may carry the number
/// that it got because somebody else had it first.
fn is_same(now: Option<&Value>, wanted: &Value, is_name: bool) -> bool {
    let Some(now) = now else { return is_empty(wanted) };
    if let (true, Value::Text(now), Value::Text(base)) = (is_name, now, wanted)
        && is_candidate(base, now)
    {
        return true;
    }
    let words = |value: &Value| -> BTreeSet<String> {
        match value {
            Value::List(items) => items.iter().map(ToString::to_string).collect(),
            one => [one.to_string()].into(),
        }
    };
    words(now) == words(wanted)
}

/// A filled template.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Filled {
    /// What is known.
    pub attributes: Attributes,
    /// What was left out, and why.
    pub left_out: Vec<String>,
}

/// Names to try for a new account, in order: `alovelace`, `alovelace2`, `alovelace3` … Whether one
/// is free only the connected system knows, so the caller asks it.
pub fn candidates(base: &str) -> impl Iterator<Item = String> {
    let base = base.to_owned();
    (1..=ACCOUNT_NAMES_TRIED_MAX).map(move |number| match number {
        1 => base.clone(),
        more => format!("{base}{more}"),
    })
}

/// Whether a name is one of those that are tried for this base.
fn is_candidate(base: &str, name: &str) -> bool {
    let number = name.strip_prefix(base).filter(|digits| !digits.starts_with('0'));
    let number = number.and_then(|digits| digits.parse::<usize>().ok());
    name == base || number.is_some_and(|number| (2..=ACCOUNT_NAMES_TRIED_MAX).contains(&number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_tried_in_order_and_not_for_ever() {
        let names: Vec<String> = candidates("ada").collect();
        assert_eq!(&names[..3], ["ada", "ada2", "ada3"]);
        assert_eq!(names.len(), ACCOUNT_NAMES_TRIED_MAX);
        assert!(names.iter().all(|name| is_candidate("ada", name)));
        assert!(["ada1", "ada02", "ada101", "ada2x", "ad"].iter().all(|name| !is_candidate("ada", name)));
    }

    /// The differences of an account whose template sets `a` to `wanted`.
    fn differences(strength: Option<Strength>, now: Option<Value>, wanted: &Value, placing: &[&str]) -> Option<Value> {
        let fill = Fill { value: "person.a".parse().unwrap(), strength };
        let template = AccountTemplate { matched_by: Some("id".into()), set: [("a".to_owned(), fill)].into() };
        let seen = now.map(|now| ("a".to_owned(), now)).into_iter().collect();
        let placing = placing.iter().map(ToString::to_string).collect();
        template.differences(&seen, &placing, &|_| Ok(wanted.clone())).attributes.remove("a")
    }

    #[test]
    fn strength_says_what_is_replaced() {
        let (old, new) = (Some(Value::from("old")), Value::from("new"));
        for (strength, now, changes) in [
            (Some(Strength::Authority), &old, true),
            (Some(Strength::Authority), &None, true),
            (Some(Strength::Default), &old, false),
            (Some(Strength::Default), &None, true),
            (Some(Strength::Default), &Some(Value::from("")), true),
            (Some(Strength::Initial), &old, false),
            (Some(Strength::Initial), &None, false),
            (None, &old, true),
        ] {
            assert_eq!(differences(strength, now.clone(), &new, &[]).is_some(), changes, "{strength:?} {now:?}");
        }
        assert_eq!(differences(None, old.clone(), &Value::Cleared, &[]), Some(Value::Cleared));
        assert_eq!(differences(None, None, &Value::Cleared, &[]), None);
    }

    #[test]
    fn a_name_is_given_once_unless_it_is_claimed_and_keeps_its_number() {
        let (old, new) = (Some(Value::from("ada")), Value::from("grace"));
        assert_eq!(differences(None, old.clone(), &new, &["a"]), None);
        assert_eq!(differences(Some(Strength::Authority), old, &new, &["a"]), Some(new.clone()));
        assert_eq!(differences(Some(Strength::Authority), Some("grace2".into()), &new, &["a"]), None);
        assert_eq!(differences(Some(Strength::Authority), Some("grace2".into()), &new, &[]), Some(new));
    }

    #[test]
    fn the_form_in_which_a_system_keeps_a_value_is_no_difference() {
        let list = |items: &[&str]| Value::List(items.iter().map(|item| Value::from(*item)).collect());
        assert_eq!(differences(None, Some("7".into()), &Value::Number(7), &[]), None);
        assert_eq!(differences(None, Some(list(&["b", "a"])), &list(&["a", "b"]), &[]), None);
        assert_eq!(differences(None, Some(list(&["a"])), &Value::from("a"), &[]), None);
        assert!(differences(None, Some(list(&["a", "c"])), &list(&["a", "b"]), &[]).is_some());
    }

    #[test]
    fn what_makes_an_account_known_again_is_never_changed() {
        let fill = Fill { value: "person.a".parse().unwrap(), strength: Some(Strength::Authority) };
        let template = AccountTemplate { matched_by: Some("a".into()), set: [("a".to_owned(), fill)].into() };
        let seen = [("a".to_owned(), Value::from("old"))].into();
        let value = |_: &Expression| Ok(Value::from("new"));
        assert!(template.differences(&seen, &[].into(), &value).attributes.is_empty());
    }
}
