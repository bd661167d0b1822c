//! A dynamic group: a named condition that other conditions can ask for, by `inGroup("…")` or in
//! `person.groups`. It is nobody's list: who is in it follows from facts alone.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tenure_model::{Name, Person, Value};

use crate::expression::{Expression, Facts, NoValue, Verdict};
use crate::role::first_loop;

/// The attribute under which conditions see the groups of a person.
pub const GROUPS: &str = "groups";

/// A dynamic group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Group {
    /// The name of the document.
    pub name: Name,
    /// What to call it on a screen.
    pub title: String,
    /// Who answers for it.
    pub owner: String,
    /// Who is in it.
    pub when: Expression,
    /// Who is not, though the condition holds.
    pub except: Option<Expression>,
}

impl Group {
    /// The groups that it asks for itself.
    pub fn asks(&self) -> impl Iterator<Item = Name> {
        let all = self.when.groups().iter().chain(self.except.iter().flat_map(Expression::groups));
        all.filter_map(|name| name.parse().ok())
    }
}

/// The first loop of groups that ask for each other, as the names along it.
pub fn asking_loop(groups: &[Group]) -> Option<Vec<Name>> {
    let asks = |name: &Name| {
        let found = groups.iter().find(|group| group.name == *name);
        found.map(|group| group.asks().collect()).unwrap_or_default()
    };
    first_loop(groups.iter().map(|group| group.name.clone()), asks)
}

/// Which groups one person is in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Memberships {
    decided: BTreeMap<Name, Membership>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Membership {
    In,
    Out,
    Undecided(String),
}

impl Memberships {
    /// Asks each group, those that others ask for first. A person is not in a group whose
    /// condition is not known; a condition that makes no sense leaves the question open.
    pub fn of(groups: &[Group], facts: &Facts<'_>) -> Self {
        let mut memberships = Self::default();
        for group in groups {
            memberships.ask(group, groups, facts, &mut Vec::new());
        }
        memberships
    }

    fn ask<'g>(&mut self, group: &'g Group, groups: &'g [Group], facts: &Facts<'_>, open: &mut Vec<&'g Name>) {
        if self.decided.contains_key(&group.name) {
            return;
        }
        if open.contains(&&group.name) {
            let why = "it asks for itself".to_owned();
            self.decided.insert(group.name.clone(), Membership::Undecided(why));
            return;
        }
        open.push(&group.name);
        for name in group.asks() {
            if let Some(inner) = groups.iter().find(|known| known.name == name) {
                self.ask(inner, groups, facts, open);
            }
        }
        open.pop();
        let person = self.told(facts.person);
        let facts = Facts { person: &person, ..*facts };
        let membership = match both(self, &group.when, group.except.as_ref(), &facts) {
            Verdict::Holds => Membership::In,
            Verdict::Fails | Verdict::NotKnown { .. } => Membership::Out,
            Verdict::Broken { reason } => Membership::Undecided(reason),
        };
        self.decided.entry(group.name.clone()).or_insert(membership);
    }

    /// The groups that the person is in.
    pub fn names(&self) -> impl Iterator<Item = &Name> {
        self.decided.iter().filter(|(_, membership)| **membership == Membership::In).map(|(name, _)| name)
    }

    /// The person with these groups as an attribute.
    pub fn told(&self, person: &Person) -> Person {
        let names = self.names().map(|name| Value::from(name.as_str())).collect();
        let mut person = person.clone();
        person.attributes.insert(GROUPS.to_owned(), Value::List(names));
        person
    }

    /// What a condition comes to, unless it asks for a group that could not be decided.
    pub fn verdict(&self, condition: &Expression, facts: &Facts<'_>) -> Verdict {
        match self.undecided(condition) {
            Some(reason) => Verdict::Broken { reason },
            None => condition.verdict(facts),
        }
    }

    /// What an expression gives, unless it asks for a group that could not be decided.
    pub fn value(&self, expression: &Expression, facts: &Facts<'_>) -> Result<Value, NoValue> {
        match self.undecided(expression) {
            Some(reason) => Err(NoValue::Broken { expression: expression.text().to_owned(), reason }),
            None => expression.value(facts),
        }
    }

    fn undecided(&self, expression: &Expression) -> Option<String> {
        let reads_all = expression.groups().is_empty() && expression.paths().contains("person.groups");
        self.decided.iter().find_map(|(name, membership)| match membership {
            Membership::Undecided(why) if reads_all || expression.groups().contains(name.as_str()) => {
                Some(format!("group {name} cannot be decided, because {why}"))
            }
            Membership::Undecided(_) | Membership::In | Membership::Out => None,
        })
    }
}

/// Whether the condition holds and the exclusion does not.
pub(crate) fn both(
    memberships: &Memberships,
    when: &Expression,
    except: Option<&Expression>,
    facts: &Facts<'_>,
) -> Verdict {
    let verdict = memberships.verdict(when, facts);
    match (verdict, except) {
        (Verdict::Holds, Some(except)) => match memberships.verdict(except, facts) {
            Verdict::Holds => Verdict::Fails,
            Verdict::Fails => Verdict::Holds,
            open @ (Verdict::NotKnown { .. } | Verdict::Broken { .. }) => open,
        },
        (verdict, _) => verdict,
    }
}
