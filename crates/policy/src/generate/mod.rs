//! Names that Tenure makes: user names, mail addresses.
//!
//! [`Generator::names`] is pure: the names to try for one person, in order. Whether one is free is
//! the store's to say, which reserves it in the same breath. A name that cannot be spelled in the
//! letters of the generator is a human's to choose.

use std::collections::BTreeSet;

use tenure_model::{IdentityKind, Name, Value};

use crate::expression::{Expression, Facts, NoValue, Session};
use crate::limits::GENERATED_NAMES_TRIED_MAX;
use crate::transliterate::spelled;

/// How names for one attribute are made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Generator {
    /// The name of the document: names are unique within it.
    pub name: Name,
    /// What to call it on a screen.
    pub title: String,
    /// Who answers for it.
    pub owner: Option<String>,
    /// The attribute of the person that it fills.
    pub attribute: String,
    /// For which kinds of identity.
    pub kinds: BTreeSet<IdentityKind>,
    /// What to make a name of, in this order.
    pub names: Vec<Expression>,
    /// What is made of a name that is taken.
    pub collision: Collision,
    /// What follows the name after an `@`, if it is an address.
    pub domain: Option<String>,
    /// The letters that a name may have, in small.
    pub letters: String,
    /// The fewest letters, without the domain.
    pub length_min: usize,
    /// The most letters, without the domain.
    pub length_max: usize,
    /// Names that nobody gets, in small, without the domain.
    pub reserved: BTreeSet<String>,
    /// For how many days a name rests after its holder lost it.
    pub quarantine_days: u16,
}

/// What is made of a name that is taken: what stands before, between and after name and number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Collision {
    before: String,
    between: String,
    after: String,
}

/// Why there is no name to try.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoName {
    /// Something is not known yet; as soon as it is, a name is made.
    #[error("{path} is not known")]
    NotKnown {
        /// What.
        path: String,
    },
    /// No name can be made of it by rule.
    #[error("no name can be made by rule: {0}")]
    Unspellable(String),
    /// The expression fails.
    #[error("{0}")]
    Broken(String),
}

impl Collision {
    /// Reads a pattern such as `{name}{n}` or `{name}.{n}`.
    pub fn parse(pattern: &str) -> Option<Self> {
        let (before, rest) = pattern.split_once("{name}")?;
        let (between, after) = rest.split_once("{n}")?;
        let plain = [before, between, after].iter().all(|part| !part.contains(['{', '}', '@']));
        plain.then(|| Self { before: before.to_owned(), between: between.to_owned(), after: after.to_owned() })
    }

    fn of(&self, name: &str, number: usize, length_max: usize) -> String {
        let tail = format!("{}{number}{}", self.between, self.after);
        let room = length_max.saturating_sub(self.before.chars().count() + tail.chars().count());
        // A name that ends in a dot or a dash after it was cut would look like a slip.
        let cut: String = name.chars().take(room).collect();
        format!("{}{}{tail}", self.before, cut.trim_end_matches(['.', '-', '_']))
    }
}

impl Generator {
    /// The names to try for this person, in order, each once and none that is reserved.
    pub fn names(&self, facts: &Facts<'_>, session: &mut Session) -> Result<Vec<String>, NoName> {
        let mut bases = Vec::new();
        let mut first_trouble = None;
        for expression in &self.names {
            match self.base(expression, facts, session) {
                Ok(base) => bases.push(base),
                Err(trouble) => {
                    first_trouble.get_or_insert(trouble);
                }
            }
        }
        let Some(first) = bases.first().cloned() else {
            return Err(first_trouble.unwrap_or_else(|| NoName::Broken("the generator has no names".to_owned())));
        };
        let numbered = (2..=GENERATED_NAMES_TRIED_MAX).map(|number| self.collision.of(&first, number, self.length_max));
        let mut seen = BTreeSet::new();
        let mut names: Vec<String> = bases.into_iter().chain(numbered).collect();
        names.retain(|name| self.check(name).is_ok() && seen.insert(name.clone()));
        names.truncate(GENERATED_NAMES_TRIED_MAX);
        if names.is_empty() {
            let reason = format!("`{first}` is too short, too long or reserved, and so is every number of it");
            return Err(NoName::Unspellable(reason));
        }
        Ok(names.into_iter().map(|name| self.whole(&name)).collect())
    }

    /// The name with its domain.
    pub fn whole(&self, name: &str) -> String {
        self.domain.as_ref().map_or_else(|| name.to_owned(), |domain| format!("{name}@{domain}"))
    }

    /// What is wrong with a name that a human chose; given without the domain.
    pub fn check(&self, name: &str) -> Result<(), String> {
        let length = name.chars().count();
        if length < self.length_min || length > self.length_max {
            return Err(format!("it has {length} letters and needs {} to {}", self.length_min, self.length_max));
        }
        if let Some(strange) = name.chars().find(|letter| !self.letters.contains(*letter)) {
            return Err(format!("`{strange}` is not one of its letters `{}`", self.letters));
        }
        if self.reserved.contains(name) {
            return Err(format!("`{name}` is reserved"));
        }
        Ok(())
    }

    fn base(&self, expression: &Expression, facts: &Facts<'_>, session: &mut Session) -> Result<String, NoName> {
        let words = match session.value(expression, facts) {
            Ok(Value::Text(words)) => words,
            Ok(Value::Number(number)) => number.to_string(),
            Ok(_) => return Err(NoName::Broken(format!("`{expression}` gives no text"))),
            Err(NoValue::NotKnown { path }) => return Err(NoName::NotKnown { path }),
            Err(NoValue::Broken { reason, .. }) => return Err(NoName::Broken(reason)),
        };
        let plain = spelled(&words)
            .map_err(|letter| NoName::Unspellable(format!("`{letter}` has no spelling in Latin letters")))?;
        let kept: String = plain.to_ascii_lowercase().chars().filter(|letter| self.letters.contains(*letter)).collect();
        let base: String = kept.trim_matches(['.', '-', '_']).chars().take(self.length_max).collect();
        if base.is_empty() {
            return Err(NoName::Unspellable("nothing is left of it in the letters of the generator".to_owned()));
        }
        Ok(base)
    }
}

#[cfg(test)]
mod tests;
