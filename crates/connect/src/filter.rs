//! Which accounts are wanted, and how much of that question the system itself answers.
//!
//! A connector is asked first ([`push_down`](crate::Connector::push_down)) and says which part of
//! a filter its system can answer; only that part reaches [`read`](crate::Connector::read), and
//! the caller holds the rest against what came back. So a connector that knows no filters is
//! right without a line of code.

use serde::{Deserialize, Serialize};
use tenure_model::{Attributes, Value};

use crate::change::values;
use crate::limits::FILTER_DEPTH_MAX;

/// Which accounts. Texts are compared without regard to case, as directories do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Filter {
    /// One of the values is this.
    Equals {
        /// Of which attribute.
        attribute: String,
        /// The value.
        value: Value,
    },
    /// One of the values is a text that begins so.
    StartsWith {
        /// Of which attribute.
        attribute: String,
        /// The beginning.
        text: String,
    },
    /// There is a value.
    Present {
        /// Of which attribute.
        attribute: String,
    },
    /// All of these.
    All(Vec<Filter>),
    /// At least one of these.
    Any(Vec<Filter>),
    /// Not this.
    Not(Box<Filter>),
}

impl Filter {
    /// That the attribute has this value.
    pub fn equals(attribute: impl Into<String>, value: impl Into<Value>) -> Self {
        Self::Equals { attribute: attribute.into(), value: value.into() }
    }

    /// Whether an account with these attributes is wanted.
    pub fn matches(&self, attributes: &Attributes) -> bool {
        let any = |name: &String, fits: &dyn Fn(&Value) -> bool| {
            attributes.get(name).is_some_and(|value| values(value).iter().any(fits))
        };
        match self {
            Self::Equals { attribute, value } => any(attribute, &|seen| same(seen, value)),
            Self::StartsWith { attribute, text } => any(attribute, &|seen| {
                seen.as_text().is_some_and(|seen| seen.to_lowercase().starts_with(&text.to_lowercase()))
            }),
            Self::Present { attribute } => any(attribute, &|_| true),
            Self::All(parts) => parts.iter().all(|part| part.matches(attributes)),
            Self::Any(parts) => parts.iter().any(|part| part.matches(attributes)),
            Self::Not(part) => !part.matches(attributes),
        }
    }

    /// Whether it is nested no deeper than anybody may ask.
    pub fn is_bounded(&self) -> bool {
        fn within(filter: &Filter, left: usize) -> bool {
            left > 0
                && match filter {
                    Filter::Equals { .. } | Filter::StartsWith { .. } | Filter::Present { .. } => true,
                    Filter::All(parts) | Filter::Any(parts) => parts.iter().all(|part| within(part, left - 1)),
                    Filter::Not(part) => within(part, left - 1),
                }
        }
        within(self, FILTER_DEPTH_MAX)
    }
}

fn same(one: &Value, other: &Value) -> bool {
    match (one.as_text(), other.as_text()) {
        (Some(one), Some(other)) => one.to_lowercase() == other.to_lowercase(),
        _ => one == other,
    }
}

/// A filter, split between the system and the caller.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PushDown {
    /// What the system answers; handed to [`read`](crate::Connector::read).
    pub pushed: Option<Filter>,
    /// What the caller still has to look at.
    pub residual: Option<Filter>,
}

impl PushDown {
    /// Nothing is for the system.
    pub fn none(filter: &Filter) -> Self {
        Self { pushed: None, residual: Some(filter.clone()) }
    }

    /// Splits by what the system can answer whole. The parts of an [`Filter::All`] are split one
    /// by one; anything else goes down or stays as a whole.
    pub fn split(filter: &Filter, answers: &dyn Fn(&Filter) -> bool) -> Self {
        if answers(filter) {
            return Self { pushed: Some(filter.clone()), residual: None };
        }
        let Filter::All(parts) = filter else { return Self::none(filter) };
        let (pushed, residual): (Vec<_>, Vec<_>) = parts.iter().cloned().partition(|part| answers(part));
        let all = |mut parts: Vec<Filter>| match parts.len() {
            0 => None,
            1 => parts.pop(),
            _ => Some(Filter::All(parts)),
        };
        Self { pushed: all(pushed), residual: all(residual) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ada() -> Attributes {
        let mails = Value::List(vec!["ada@example.com".into(), "a.l@example.com".into()]);
        [("title".to_owned(), Value::from("Countess")), ("mail".to_owned(), mails)].into()
    }

    #[test]
    fn a_filter_looks_at_every_value_without_case() {
        let starts = |text: &str| Filter::StartsWith { attribute: "mail".into(), text: text.into() };
        assert!(Filter::equals("title", "COUNTESS").matches(&ada()));
        assert!(starts("A.L@").matches(&ada()) && !starts("bob").matches(&ada()));
        assert!(!Filter::Present { attribute: "phone".into() }.matches(&ada()));
        let neither = Filter::Not(Box::new(Filter::Any(vec![starts("bob"), Filter::equals("title", "Duke")])));
        assert!(neither.matches(&ada()));
    }

    #[test]
    fn what_is_pushed_and_what_remains_is_together_the_whole() {
        let easy = Filter::equals("title", "Countess");
        let hard = Filter::Not(Box::new(easy.clone()));
        let simple = |filter: &Filter| matches!(filter, Filter::Equals { .. });
        let split = PushDown::split(&Filter::All(vec![easy.clone(), hard.clone()]), &simple);
        assert_eq!((split.pushed, split.residual), (Some(easy.clone()), Some(hard.clone())));
        assert_eq!(PushDown::split(&Filter::Any(vec![easy, hard.clone()]), &simple).pushed, None);
        assert_eq!(PushDown::split(&hard, &simple), PushDown::none(&hard));
    }

    #[test]
    fn a_filter_has_a_depth() {
        let deep = (0..FILTER_DEPTH_MAX).fold(Filter::equals("a", "b"), |inner, _| Filter::Not(Box::new(inner)));
        assert!(!deep.is_bounded() && Filter::Not(Box::new(Filter::equals("a", "b"))).is_bounded());
    }
}
