//! What it would take to take a write back, said before the write is made. Pure.

use serde::{Deserialize, Serialize};
use tenure_model::{AccountState, Attributes, Observed, Value};

use crate::change::{Change, Write, values};
use crate::description::{Description, Reversibility, Verb};
use crate::locator::Locator;
use crate::query::ObjectClass;

/// What taking a write back would mean.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "undo", rename_all = "kebab-case")]
pub enum Undo {
    /// It changes nothing, so there is nothing to take back.
    Nothing,
    /// These writes, in order.
    By {
        /// The writes.
        changes: Vec<Change>,
        /// How far they go.
        class: Reversibility,
    },
    /// It cannot be taken back.
    Never {
        /// Why, in words.
        why: String,
    },
}

impl Undo {
    /// What taking this change back would mean, for an account that was seen so beforehand; none
    /// where there was no account.
    pub fn of(change: &Change, before: Option<&Observed>, by: &Description) -> Self {
        let class = match by.verbs.get(&change.write.verb()) {
            None => return Self::never("the connector cannot make it"),
            Some(Reversibility::Irreversible) => return Self::never("the system does not take it back"),
            Some(class) => *class,
        };
        match (&change.write, before) {
            (Write::Create { .. }, None) => Self::unmake(&change.account, by, class),
            (Write::Delete | Write::Restore, None) => Self::Nothing,
            (Write::Delete, Some(seen)) => Self::undelete(&change.account, seen, by, class),
            (Write::SetPassword { .. }, _) => Self::never("the password before is not known"),
            (Write::End { artifact }, _) => Self::never(&format!("an ended {artifact} does not come back")),
            (_, None) => Self::never("what was there before is not known"),
            (write, Some(seen)) => Self::back_to(change, write, seen, by, class),
        }
    }

    fn never(why: &str) -> Self {
        Self::Never { why: why.to_owned() }
    }

    /// By this write, if the connector can make it.
    fn by(account: &Locator, write: Write, by: &Description, class: Reversibility) -> Self {
        if by.permits(&write).is_err() {
            return Self::Never { why: format!("the connector cannot `{}`", write.verb()) };
        }
        Self::By { changes: vec![Change::new(account.clone(), write)], class }
    }

    fn unmake(account: &Locator, by: &Description, class: Reversibility) -> Self {
        if by.verbs.contains_key(&Verb::Delete) {
            Self::by(account, Write::Delete, by, class)
        } else {
            Self::by(account, Write::Disable, by, Reversibility::Lossy)
        }
    }

    fn undelete(account: &Locator, seen: &Observed, by: &Description, class: Reversibility) -> Self {
        if class <= Reversibility::Window && by.verbs.contains_key(&Verb::Restore) {
            return Self::by(account, Write::Restore, by, class);
        }
        let rules = by.class(ObjectClass::Account).map(|class| class.attributes.as_slice()).unwrap_or_default();
        let given =
            |name: &str| rules.iter().any(|rule| rule.name == name && (rule.write || rule.create_only || rule.placing));
        let attributes: Attributes =
            seen.attributes.iter().filter(|(name, _)| given(name)).map(|(n, v)| (n.clone(), v.clone())).collect();
        match account {
            Locator::Attribute { .. } => Self::by(account, Write::Create { attributes }, by, Reversibility::Lossy),
            Locator::Native(_) => Self::never("a deleted account gets another id"),
        }
    }

    fn back_to(change: &Change, write: &Write, seen: &Observed, by: &Description, class: Reversibility) -> Self {
        let account = &change.account;
        let to = |write| Self::by(account, write, by, class);
        let active = seen.state == AccountState::Active;
        match write {
            Write::Create { attributes } | Write::Set { attributes } => match before(attributes, seen) {
                attributes if attributes.is_empty() => Self::Nothing,
                attributes => to(Write::Set { attributes }),
            },
            Write::Move { attributes } => match before(attributes, seen) {
                attributes if attributes.is_empty() => Self::Nothing,
                attributes => to(Write::Move { attributes }),
            },
            Write::Amend { attribute, add, remove } => {
                let now = seen.attributes.get(attribute).map(values).unwrap_or_default();
                let added: Vec<Value> = add.iter().filter(|value| !now.contains(value)).cloned().collect();
                let removed: Vec<Value> = remove.iter().filter(|value| now.contains(value)).cloned().collect();
                if added.is_empty() && removed.is_empty() {
                    return Self::Nothing;
                }
                to(Write::Amend { attribute: attribute.clone(), add: removed, remove: added })
            }
            Write::Enable if active => Self::Nothing,
            Write::Enable => to(Write::Disable),
            Write::Disable if active => to(Write::Enable),
            Write::Grant { entitlement, .. } if seen.holds.contains(entitlement) => Self::Nothing,
            Write::Grant { entitlement, name } => {
                to(Write::Revoke { entitlement: entitlement.clone(), name: name.clone() })
            }
            Write::Revoke { entitlement, name } if seen.holds.contains(entitlement) => {
                to(Write::Grant { entitlement: entitlement.clone(), name: name.clone() })
            }
            Write::Restore if seen.state == AccountState::SoftDeleted => to(Write::Delete),
            Write::Disable
            | Write::Revoke { .. }
            | Write::Restore
            | Write::Delete
            | Write::SetPassword { .. }
            | Write::End { .. } => Self::Nothing,
        }
    }
}

/// The values that these attributes had, where they had others; [`Value::Cleared`] for none.
fn before(attributes: &Attributes, seen: &Observed) -> Attributes {
    let earlier = |name: &String| seen.attributes.get(name).cloned().unwrap_or(Value::Cleared);
    let pairs = attributes.iter().map(|(name, wanted)| (name, wanted, earlier(name)));
    pairs.filter(|(_, wanted, earlier)| *wanted != earlier).map(|(name, _, earlier)| (name.clone(), earlier)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;
    use tenure_model::NativeId;

    fn description(verbs: &[(Verb, Reversibility)]) -> Description {
        Description { verbs: verbs.iter().copied().collect(), ..Description::new("test") }
    }

    fn everything_exact() -> Description {
        description(&Verb::ALL.map(|verb| (verb, Reversibility::Exact)))
    }

    fn ada() -> Locator {
        Locator::attribute("uid", "ada")
    }

    fn seen(state: AccountState) -> Observed {
        Observed {
            native_id: Some(NativeId::new("7f")),
            name: "uid=ada".into(),
            state,
            holds: [NativeId::new("staff")].into(),
            attributes: [("title".to_owned(), Value::from("Countess"))].into(),
            at: Timestamp::UNIX_EPOCH,
        }
    }

    fn undo(write: Write, before: Option<&Observed>, by: &Description) -> Undo {
        Undo::of(&Change::new(ada(), write), before, by)
    }

    fn writes(undo: Undo) -> Vec<Write> {
        match undo {
            Undo::By { changes, .. } => changes.into_iter().map(|change| change.write).collect(),
            Undo::Nothing | Undo::Never { .. } => Vec::new(),
        }
    }

    #[test]
    fn what_was_so_already_leaves_nothing_to_take_back() {
        let (all, now) = (everything_exact(), seen(AccountState::Active));
        let staff = || ("staff".to_owned(), NativeId::new("staff"));
        let (name, entitlement) = staff();
        assert_eq!(undo(Write::Grant { entitlement, name }, Some(&now), &all), Undo::Nothing);
        assert_eq!(undo(Write::Enable, Some(&now), &all), Undo::Nothing);
        let same = [("title".to_owned(), Value::from("Countess"))].into();
        assert_eq!(undo(Write::Set { attributes: same }, Some(&now), &all), Undo::Nothing);
    }

    #[test]
    fn attributes_go_back_to_what_they_were_or_to_nothing() {
        let wanted = [("title".to_owned(), Value::from("Duke")), ("mail".to_owned(), Value::from("a@b"))].into();
        let back = undo(Write::Set { attributes: wanted }, Some(&seen(AccountState::Active)), &everything_exact());
        let earlier = [("title".to_owned(), Value::from("Countess")), ("mail".to_owned(), Value::Cleared)].into();
        assert_eq!(writes(back), [Write::Set { attributes: earlier }]);
    }

    #[test]
    fn only_the_values_that_a_delta_touched_go_back() {
        let write = Write::Amend {
            attribute: "title".into(),
            add: vec!["Countess".into(), "Analyst".into()],
            remove: vec!["Duke".into()],
        };
        let back = undo(write, Some(&seen(AccountState::Active)), &everything_exact());
        assert_eq!(
            writes(back),
            [Write::Amend { attribute: "title".into(), add: vec![], remove: vec!["Analyst".into()] }]
        );
    }

    #[test]
    fn a_created_account_is_deleted_or_at_least_disabled() {
        let write = || Write::Create { attributes: [].into() };
        assert_eq!(writes(undo(write(), None, &everything_exact())), [Write::Delete]);
        let weak = description(&[(Verb::Create, Reversibility::Exact), (Verb::Disable, Reversibility::Exact)]);
        let Undo::By { class, changes } = undo(write(), None, &weak) else { panic!("not taken back") };
        assert_eq!((class, &changes[0].write), (Reversibility::Lossy, &Write::Disable));
    }

    #[test]
    fn what_cannot_come_back_says_so() {
        let all = everything_exact();
        let now = seen(AccountState::Active);
        let secret = "file:/run/secret".parse().unwrap();
        for write in [
            Write::SetPassword { secret, must_change: true },
            Write::End { artifact: crate::surface::Artifact::Session },
        ] {
            assert!(matches!(undo(write, Some(&now), &all), Undo::Never { .. }));
        }
        let wipe = description(&[(Verb::Delete, Reversibility::Irreversible), (Verb::Create, Reversibility::Exact)]);
        assert!(matches!(undo(Write::Delete, Some(&now), &wipe), Undo::Never { .. }));
    }
}
