//! Whose word counts: what many sources say of one person, merged into what holds.
//!
//! [`Authorities::merge`] is a pure function of the statements and the documents in force, so that
//! it does not matter in which order they came. Nothing is lost by it: what was said otherwise
//! stands beside what holds. Without a document the firmest and then the latest word counts.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use tenure_model::{Attributes, ConnectionName, IdentityKind, Name, Statement, Strength, Value};

use crate::expression::Kind;

/// Whose word counts for some kinds of identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authority {
    /// The name of the document.
    pub name: Name,
    /// What to call it on a screen.
    pub title: String,
    /// Who answers for it.
    pub owner: Option<String>,
    /// For which kinds.
    pub kinds: BTreeSet<IdentityKind>,
    /// Attribute by attribute.
    pub attributes: BTreeMap<String, Ownership>,
    /// What becomes of attributes that are not listed.
    pub others: Others,
    /// By the word of an event, who may tell it, the first in the list before the next.
    pub events: BTreeMap<String, Vec<ConnectionName>>,
}

/// Who owns an attribute, and what it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ownership {
    /// Whose word counts, the first in the list before the next. Empty: everybody's.
    pub from: Vec<ConnectionName>,
    /// What its values are, if that is said.
    pub kind: Option<Kind>,
}

/// What becomes of attributes that are not listed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Others {
    /// Whoever speaks of them is believed.
    #[default]
    Take,
    /// There are none.
    Refuse,
}

/// The documents in force, by the kind of identity.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Authorities {
    by_kind: BTreeMap<IdentityKind, Authority>,
}

/// What holds of one person, and what was said otherwise.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Merged {
    /// Attribute by attribute, each with at least one statement.
    pub attributes: BTreeMap<String, Held>,
}

/// What holds of one attribute.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Held {
    /// The word that counts; none if nobody who spoke may say it.
    pub by: Option<Statement>,
    /// The other words, the firmest first.
    pub others: Vec<Statement>,
    /// Why this word counts, as a sentence.
    pub why: String,
}

impl Held {
    /// Whether somebody who may speak of it says otherwise.
    pub fn is_disputed(&self) -> bool {
        let holds = self.by.as_ref().map(|by| &by.value);
        self.others.iter().any(|other| Some(&other.value) != holds)
    }
}

impl Merged {
    /// The values that hold. What was cleared is not there.
    pub fn values(&self) -> Attributes {
        let held = self.attributes.iter().filter_map(|(name, held)| Some((name, held.by.as_ref()?)));
        held.filter(|(_, by)| by.value != Value::Cleared).map(|(name, by)| (name.clone(), by.value.clone())).collect()
    }
}

/// May a source tell an event, and if not, who may?
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MayTell {
    /// It may. So many others come before it.
    Yes {
        /// Those whose word counts more, if they have spoken.
        before: Vec<ConnectionName>,
    },
    /// Only these may.
    No {
        /// Who.
        only: Vec<ConnectionName>,
    },
}

impl Authorities {
    /// These documents. Of two that speak of one kind the first counts; whoever reads them has
    /// refused that before.
    pub fn of(documents: impl IntoIterator<Item = Authority>) -> Self {
        let mut by_kind = BTreeMap::new();
        for document in documents {
            for kind in &document.kinds {
                by_kind.entry(*kind).or_insert_with(|| document.clone());
            }
        }
        Self { by_kind }
    }

    /// The document for this kind of identity.
    pub fn of_kind(&self, kind: IdentityKind) -> Option<&Authority> {
        self.by_kind.get(&kind)
    }

    /// Whether nothing is said of anybody.
    pub fn is_empty(&self) -> bool {
        self.by_kind.is_empty()
    }

    /// May this source tell this event of this kind of identity?
    pub fn may_tell(&self, kind: IdentityKind, event: &str, source: &ConnectionName) -> MayTell {
        let Some(order) = self.of_kind(kind).and_then(|document| document.events.get(event)) else {
            return MayTell::Yes { before: Vec::new() };
        };
        match order.iter().position(|known| known == source) {
            Some(place) => MayTell::Yes { before: order.iter().take(place).cloned().collect() },
            None => MayTell::No { only: order.clone() },
        }
    }

    /// What holds, from everything that was ever said. Several statements of one source about one
    /// attribute count as the one that is left of them.
    pub fn merge(&self, kind: IdentityKind, said: impl IntoIterator<Item = Statement>) -> Merged {
        let mut left: BTreeMap<String, BTreeMap<ConnectionName, Statement>> = BTreeMap::new();
        for statement in said {
            let of_attribute = left.entry(statement.attribute.clone()).or_default();
            let before = of_attribute.remove(&statement.source);
            let now = match before {
                Some(before) => before.after(statement),
                None => statement,
            };
            of_attribute.insert(now.source.clone(), now);
        }
        let document = self.of_kind(kind);
        let held = |(name, said): (String, BTreeMap<ConnectionName, Statement>)| {
            let held = hold(document, &name, said.into_values().collect());
            (name, held)
        };
        Merged { attributes: left.into_iter().map(held).collect() }
    }
}

fn hold(document: Option<&Authority>, attribute: &str, mut said: Vec<Statement>) -> Held {
    let owned = document.and_then(|document| document.attributes.get(attribute));
    let refused = owned.is_none() && document.is_some_and(|document| document.others == Others::Refuse);
    let order: &[ConnectionName] = owned.map_or(&[], |owned| &owned.from);
    let rank = |statement: &Statement| match order.iter().position(|known| *known == statement.source) {
        Some(place) => Some(place),
        None if order.is_empty() => Some(0),
        None => None,
    };
    said.sort_by(|one, other| {
        let key = |statement: &Statement| {
            let may = rank(statement);
            (may.is_none(), is_idle(statement), Reverse(statement.strength), may, Reverse(statement.seen_at))
        };
        (key(one), &one.source).cmp(&(key(other), &other.source))
    });
    let counts = said.first().is_some_and(|first| rank(first).is_some() && !is_idle(first) && !refused);
    let why = match (&said.first(), document) {
        (_, Some(document)) if refused => format!("{} has no attribute `{attribute}`", document.name),
        (Some(first), Some(document)) if counts && !order.is_empty() => {
            format!("{} gives the word on `{attribute}` to {}", document.name, first.source)
        }
        (_, Some(document)) if !counts && !order.is_empty() => {
            let owners: Vec<&str> = order.iter().map(Name::as_str).collect();
            format!(
                "{} gives the word on `{attribute}` to {}, who did not speak",
                document.name,
                owners.join(", then ")
            )
        }
        (Some(first), _) if counts && said.len() > 1 => {
            format!(
                "no document gives the word on `{attribute}` to anybody; {} said it last and most firmly",
                first.source
            )
        }
        (Some(first), _) => format!("only {} speaks of it", first.source),
        (None, _) => "nobody speaks of it".to_owned(),
    };
    let mut said = said.into_iter();
    let by = if counts { said.next() } else { None };
    Held { by, others: said.collect(), why }
}

/// Whether it says nothing: only an authority can say that there is no value.
fn is_idle(statement: &Statement) -> bool {
    statement.value == Value::Cleared && statement.strength != Strength::Authority
}

#[cfg(test)]
mod tests;
