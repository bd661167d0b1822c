//! What should be seen after a write, and what a look at it says.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use tenure_model::{AccountState, Attributes, NativeId, Observed, Value};

use crate::change::{Change, Write, values};
use crate::locator::Locator;
use crate::outcome::{Doubt, DoubtKind, Outcome};
use crate::refusal::Refusal;
use crate::surface::Artifact;

/// Whether somebody can sign in with an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Usability {
    /// Seen active.
    Usable,
    /// Seen disabled, deleted, or gone though it once was there. Absent is not enough: nothing
    /// proves that the right place was looked at.
    Unusable,
    /// Not there any more. Absent is enough: it is what a deletion leaves behind.
    Gone,
}

impl Usability {
    /// Whether this state is it.
    pub fn fits(self, state: AccountState) -> bool {
        match self {
            Self::Usable => state == AccountState::Active,
            Self::Unusable => {
                matches!(state, AccountState::Disabled | AccountState::SoftDeleted | AccountState::Gone)
            }
            Self::Gone => matches!(state, AccountState::SoftDeleted | AccountState::Gone | AccountState::Absent),
        }
    }
}

/// What should be so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Expectation {
    /// Of which account.
    pub account: Locator,
    /// Whether it should be usable, if that matters.
    pub usability: Option<Usability>,
    /// Attributes that it should have; [`Value::Cleared`] means none.
    pub attributes: Attributes,
    /// Values that should be among those of an attribute.
    pub includes: BTreeMap<String, Vec<Value>>,
    /// Values that should not be among those of an attribute.
    pub excludes: BTreeMap<String, Vec<Value>>,
    /// Entitlements that it should hold.
    pub holds: BTreeSet<NativeId>,
    /// Entitlements that it should not hold.
    pub lacks: BTreeSet<NativeId>,
    /// Kinds of artifacts of which nothing should be left. They are not seen on the account, so
    /// [`AnyConnector::verify`](crate::AnyConnector::verify) lists them.
    pub without: BTreeSet<Artifact>,
}

impl Expectation {
    /// That the account is there, and nothing more.
    pub fn of(account: Locator) -> Self {
        Self {
            account,
            usability: None,
            attributes: [].into(),
            includes: [].into(),
            excludes: [].into(),
            holds: [].into(),
            lacks: [].into(),
            without: [].into(),
        }
    }

    /// That nobody can use the account.
    pub fn unusable(account: Locator) -> Self {
        Self { usability: Some(Usability::Unusable), ..Self::of(account) }
    }

    /// What should be so once the change was made.
    pub fn after(change: &Change) -> Self {
        let plain = Self::of(change.account.clone());
        match &change.write {
            Write::Create { attributes } | Write::Set { attributes } | Write::Move { attributes } => {
                Self { attributes: attributes.clone(), ..plain }
            }
            Write::Amend { attribute, add, remove } => Self {
                includes: [(attribute.clone(), add.clone())].into(),
                excludes: [(attribute.clone(), remove.clone())].into(),
                ..plain
            },
            Write::SetPassword { .. } | Write::Restore => plain,
            Write::Enable => Self { usability: Some(Usability::Usable), ..plain },
            Write::Disable => Self { usability: Some(Usability::Unusable), ..plain },
            Write::Grant { entitlement, .. } => Self { holds: [entitlement.clone()].into(), ..plain },
            Write::Revoke { entitlement, .. } => Self { lacks: [entitlement.clone()].into(), ..plain },
            Write::End { artifact } => Self { without: [*artifact].into(), ..plain },
            Write::Delete => Self { usability: Some(Usability::Gone), ..plain },
        }
    }

    /// In which ways what was seen is not what should be so. Attribute values are not shown.
    pub fn differences(&self, seen: &Observed) -> Vec<String> {
        let missing = matches!(seen.state, AccountState::Absent | AccountState::Gone);
        let mut differences = Vec::new();
        if let Some(usability) = self.usability
            && !usability.fits(seen.state)
        {
            differences.push(format!("`{}` is {}", self.account, seen.state));
        }
        if missing && matches!(self.usability, None | Some(Usability::Usable)) {
            differences.push(format!("`{}` is not there", self.account));
            return differences;
        }
        for (name, wanted) in &self.attributes {
            let now = seen.attributes.get(name);
            if now != Some(wanted) && !(now.is_none() && *wanted == Value::Cleared) {
                differences.push(format!("attribute `{name}` has another value"));
            }
        }
        let has = |name: &String, value: &Value| {
            seen.attributes.get(name).is_some_and(|current| values(current).contains(value))
        };
        for (name, wanted) in &self.includes {
            if !wanted.iter().all(|value| has(name, value)) {
                differences.push(format!("attribute `{name}` lacks a value"));
            }
        }
        for (name, unwanted) in &self.excludes {
            if unwanted.iter().any(|value| has(name, value)) {
                differences.push(format!("attribute `{name}` still has a value"));
            }
        }
        differences.extend(self.holds.difference(&seen.holds).map(|id| format!("`{id}` is not held")));
        differences.extend(self.lacks.intersection(&seen.holds).map(|id| format!("`{id}` is still held")));
        differences
    }
}

/// What a look says about an expectation.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum Verdict {
    /// It is so.
    Met {
        /// As it was seen.
        seen: Observed,
    },
    /// It is not so.
    Unmet {
        /// As it was seen.
        seen: Observed,
        /// In which ways.
        differences: Vec<String>,
    },
    /// Nobody could look.
    Undecided {
        /// Why.
        refusal: Refusal,
    },
}

impl Verdict {
    /// The verdict over what was seen.
    pub fn over(expectation: &Expectation, seen: Observed) -> Self {
        let differences = expectation.differences(&seen);
        if differences.is_empty() { Self::Met { seen } } else { Self::Unmet { seen, differences } }
    }

    /// Whether it is so.
    pub fn is_met(&self) -> bool {
        matches!(self, Self::Met { .. })
    }

    /// How a write ended that `system` said yes to, by what was seen after it.
    pub fn end_of(self, change: &Change, system: &str) -> Outcome {
        let summary = &change.summary;
        match self {
            Self::Met { seen } => Outcome::Done { seen },
            Self::Unmet { differences, .. } => {
                let how = differences.join(", ");
                let message = format!("{system} said yes to `{summary}`, and it is not so: {how}");
                Outcome::Unknown(Doubt::new(DoubtKind::NotSeen, message))
            }
            Self::Undecided { refusal } => {
                let message = format!("{system} said yes to `{summary}`, and could not be read: {refusal}");
                Outcome::Unknown(Doubt::new(DoubtKind::NotReadBack, message))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;

    #[test]
    fn absent_is_not_proof_of_unusable_and_gone_is() {
        let at = Timestamp::UNIX_EPOCH;
        let by_name = Expectation::unusable(Locator::attribute("uid", "ada"));
        assert_eq!(by_name.differences(&by_name.account.nothing_there(at)), ["`uid=ada` is absent"]);
        let by_id = Expectation::unusable(Locator::native("7f"));
        assert!(by_id.differences(&by_id.account.nothing_there(at)).is_empty());
    }

    #[test]
    fn each_difference_is_named_without_values() {
        let seen = Observed {
            native_id: Some(NativeId::new("7f")),
            name: "uid=ada".into(),
            state: AccountState::Active,
            holds: [NativeId::new("b")].into(),
            attributes: [("title".to_owned(), Value::from("Countess"))].into(),
            at: Timestamp::UNIX_EPOCH,
        };
        let expectation = Expectation {
            attributes: [("title".to_owned(), Value::Cleared), ("mail".to_owned(), Value::Cleared)].into(),
            holds: [NativeId::new("a")].into(),
            lacks: [NativeId::new("b")].into(),
            ..Expectation::unusable(Locator::native("7f"))
        };
        assert_eq!(
            expectation.differences(&seen),
            ["`7f` is active", "attribute `title` has another value", "`a` is not held", "`b` is still held"]
        );
    }
}
