//! From what should be and what is to the ordered writes between them. Pure.

use std::collections::BTreeMap;

use tenure_model::{AccountState, Attributes, Observed, Value};

use crate::change::{Change, Write, values};
use crate::description::ClassDescription;
use crate::desired::Desired;
use crate::locator::Locator;
use crate::query::SeenEntitlement;
use crate::refusal::{Refusal, RefusalClass};

/// Entitlements that were looked up, by how they were asked for.
pub type Resolved = BTreeMap<Locator, SeenEntitlement>;

/// The writes that make it so, in order; none when it is so already.
///
/// `desired` must be in the form in which the connector reads attributes back, and `resolved`
/// must hold every entitlement that it names.
pub fn changes(desired: &Desired, now: Option<&Observed>, resolved: &Resolved) -> Result<Vec<Change>, Refusal> {
    let account = desired.account();
    let change = |write| Change::new(account.clone(), write);
    match (desired, now) {
        (Desired::Present { attributes, hold, .. }, now) => {
            let mut changes = present(account, attributes, now)?;
            changes.extend(grants(hold, now, resolved)?.into_iter().map(change));
            Ok(changes)
        }
        (Desired::Disabled { .. } | Desired::Deleted { .. }, None) => Ok(Vec::new()),
        (Desired::Disabled { .. }, Some(seen)) => {
            let usable = seen.state.may_be_usable() || seen.state == AccountState::Staged;
            Ok(usable.then(|| change(Write::Disable)).into_iter().collect())
        }
        (Desired::Enabled { .. }, Some(seen)) => Ok(usable(seen).into_iter().map(change).collect()),
        (Desired::Entitlements { add, remove, .. }, Some(seen)) => {
            let mut writes = revokes(remove, seen, resolved)?;
            writes.extend(grants(add, now, resolved)?);
            Ok(writes.into_iter().map(change).collect())
        }
        (Desired::Values { attribute, add, remove, .. }, Some(seen)) => {
            Ok(amended(attribute, add, remove, seen).map(change).into_iter().collect())
        }
        (Desired::Password { secret, must_change, .. }, Some(_)) => {
            Ok(vec![change(Write::SetPassword { secret: secret.clone(), must_change: *must_change })])
        }
        (Desired::Without { artifacts, .. }, Some(_)) => {
            Ok(artifacts.iter().map(|artifact| change(Write::End { artifact: *artifact })).collect())
        }
        (Desired::Deleted { .. }, Some(seen)) => {
            let there = !matches!(seen.state, AccountState::SoftDeleted | AccountState::Gone | AccountState::Absent);
            Ok(there.then(|| change(Write::Delete)).into_iter().collect())
        }
        (
            Desired::Enabled { .. }
            | Desired::Entitlements { .. }
            | Desired::Values { .. }
            | Desired::Password { .. }
            | Desired::Without { .. },
            None,
        ) => Err(not_there(account)),
    }
}

fn present(account: &Locator, wanted: &Attributes, now: Option<&Observed>) -> Result<Vec<Change>, Refusal> {
    let change = |write| Change::new(account.clone(), write);
    let Some(seen) = now else {
        let Locator::Attribute { name, value } = account else { return Err(not_there(account)) };
        let mut attributes = wanted.clone();
        attributes.retain(|_, value| *value != Value::Cleared);
        let identity = attributes.entry(name.clone()).or_insert_with(|| Value::Text(value.clone()));
        if identity.as_text() != Some(value.as_str()) {
            return Err(other_identity(account, name));
        }
        return Ok(vec![change(Write::Create { attributes })]);
    };
    let differs = |(name, value): &(&String, &Value)| {
        let current = seen.attributes.get(*name);
        current != Some(value) && !(current.is_none() && **value == Value::Cleared)
    };
    let attributes: Attributes =
        wanted.iter().filter(differs).map(|(name, value)| (name.clone(), value.clone())).collect();
    let set = (!attributes.is_empty()).then_some(Write::Set { attributes });
    let (back, on): (Vec<_>, Vec<_>) = usable(seen).into_iter().partition(|write| *write == Write::Restore);
    Ok(back.into_iter().chain(set).chain(on).map(change).collect())
}

/// The writes that make an account usable again.
fn usable(seen: &Observed) -> Vec<Write> {
    match seen.state {
        AccountState::Active => Vec::new(),
        AccountState::SoftDeleted => vec![Write::Restore, Write::Enable],
        _ => vec![Write::Enable],
    }
}

fn amended(attribute: &str, add: &[Value], remove: &[Value], seen: &Observed) -> Option<Write> {
    let now = seen.attributes.get(attribute).map(values).unwrap_or_default();
    let add: Vec<Value> = add.iter().filter(|value| !now.contains(value)).cloned().collect();
    let remove: Vec<Value> = remove.iter().filter(|value| now.contains(value)).cloned().collect();
    let nothing = add.is_empty() && remove.is_empty();
    (!nothing).then(|| Write::Amend { attribute: attribute.to_owned(), add, remove })
}

/// The same changes, with those attributes that say where an account is taken out of every
/// [`Write::Set`] into a [`Write::Move`] before it.
pub fn with_moves(changes: Vec<Change>, class: &ClassDescription) -> Vec<Change> {
    let placing = |name: &String| class.attributes.iter().any(|rule| rule.placing && rule.name == *name);
    let split = |change: Change| {
        let Write::Set { attributes } = change.write else { return vec![change] };
        let (moved, set): (Attributes, Attributes) = attributes.into_iter().partition(|(name, _)| placing(name));
        let writes = [Write::Move { attributes: moved }, Write::Set { attributes: set }];
        let kept = writes.into_iter().filter(|write| match write {
            Write::Move { attributes } | Write::Set { attributes } => !attributes.is_empty(),
            _ => true,
        });
        kept.map(|write| Change::new(change.account.clone(), write)).collect()
    };
    changes.into_iter().flat_map(split).collect()
}

fn grants<'a>(
    wanted: impl IntoIterator<Item = &'a Locator>,
    now: Option<&Observed>,
    resolved: &Resolved,
) -> Result<Vec<Write>, Refusal> {
    let mut writes = Vec::new();
    for locator in wanted {
        let found = resolved.get(locator).ok_or_else(|| no_entitlement(locator))?;
        if !now.is_some_and(|seen| seen.holds.contains(&found.native_id)) {
            writes.push(Write::Grant { entitlement: found.native_id.clone(), name: found.name.clone() });
        }
    }
    Ok(writes)
}

fn revokes<'a>(
    wanted: impl IntoIterator<Item = &'a Locator>,
    seen: &Observed,
    resolved: &Resolved,
) -> Result<Vec<Write>, Refusal> {
    let mut writes = Vec::new();
    for locator in wanted {
        let Some(found) = resolved.get(locator) else {
            match locator {
                // It was once there and is gone, so nobody holds it.
                Locator::Native(_) => continue,
                // It may only be misspelt, and then somebody still holds the one that was meant.
                Locator::Attribute { .. } => return Err(no_entitlement(locator)),
            }
        };
        if seen.holds.contains(&found.native_id) {
            writes.push(Write::Revoke { entitlement: found.native_id.clone(), name: found.name.clone() });
        }
    }
    Ok(writes)
}

/// The refusal for an account that would not answer to its own locator.
pub fn other_identity(account: &Locator, attribute: &str) -> Refusal {
    Refusal::new(
        RefusalClass::Invalid,
        format!("attribute `{attribute}` has another value than in `{account}`; the account would not be found again"),
    )
}

/// The refusal for an account that should be there.
pub fn not_there(account: &Locator) -> Refusal {
    Refusal::new(RefusalClass::Gone, format!("no account answers to `{account}`; read the system again, or create it"))
}

/// The refusal for an entitlement that should be there.
pub fn no_entitlement(entitlement: &Locator) -> Refusal {
    Refusal::new(
        RefusalClass::Gone,
        format!(
            "no entitlement answers to `{entitlement}`; create it in the system, or correct the rule that names it"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::description::AttributeRule;
    use jiff::Timestamp;
    use tenure_model::{EntitlementKind, NativeId};

    fn ada() -> Locator {
        Locator::attribute("employeeNumber", "E1042")
    }

    fn seen(state: AccountState, holds: &[&str]) -> Observed {
        Observed {
            native_id: Some(NativeId::new("7f")),
            name: "uid=ada".into(),
            state,
            holds: holds.iter().map(|id| NativeId::new(*id)).collect(),
            attributes: [("title".to_owned(), Value::from("Countess"))].into(),
            at: Timestamp::UNIX_EPOCH,
        }
    }

    fn groups(names: &[&str]) -> Resolved {
        let group = |name: &&str| {
            let native_id = NativeId::new(*name);
            let seen = SeenEntitlement { native_id, kind: EntitlementKind::Group, name: (*name).to_owned() };
            (Locator::attribute("cn", *name), seen)
        };
        names.iter().map(group).collect()
    }

    fn summaries(desired: &Desired, now: Option<&Observed>, names: &[&str]) -> Vec<String> {
        let planned = changes(desired, now, &groups(names)).unwrap();
        planned.into_iter().map(|change| change.summary).collect()
    }

    fn present(title: &str) -> Desired {
        let attributes = [("title".to_owned(), Value::from(title))].into();
        let hold = ["staff", "finance"].map(|name| Locator::attribute("cn", name)).into();
        Desired::Present { account: ada(), attributes, hold }
    }

    #[test]
    fn somebody_new_is_created_and_then_given_what_they_need() {
        let planned = changes(&present("Countess"), None, &groups(&["staff", "finance"])).unwrap();
        let Write::Create { attributes } = &planned[0].write else { panic!("{planned:?}") };
        assert_eq!(attributes.get("employeeNumber"), Some(&Value::from("E1042")));
        assert_eq!(planned.len(), 3);
    }

    #[test]
    fn somebody_known_gets_only_what_is_missing() {
        let now = seen(AccountState::Disabled, &["staff"]);
        assert_eq!(
            summaries(&present("Analyst"), Some(&now), &["staff", "finance"]),
            ["set title of employeeNumber=E1042", "enable employeeNumber=E1042", "add employeeNumber=E1042 to finance"]
        );
        let now = seen(AccountState::Active, &["staff", "finance"]);
        assert!(summaries(&present("Countess"), Some(&now), &["staff", "finance"]).is_empty());
    }

    #[test]
    fn an_account_in_doubt_is_disabled_rather_than_believed() {
        let desired = Desired::Disabled { account: ada() };
        for (state, writes) in [(AccountState::Unknown, 1), (AccountState::Staged, 1), (AccountState::Disabled, 0)] {
            assert_eq!(summaries(&desired, Some(&seen(state, &[])), &[]).len(), writes, "{state}");
        }
    }

    #[test]
    fn what_vanished_is_not_taken_away_and_what_is_misspelt_is_refused() {
        let now = seen(AccountState::Active, &["staff"]);
        let leave = |locator| Desired::Entitlements { account: ada(), add: [].into(), remove: [locator].into() };
        assert!(summaries(&leave(Locator::native("vanished")), Some(&now), &[]).is_empty());
        let refused = changes(&leave(Locator::attribute("cn", "stafff")), Some(&now), &Resolved::new()).unwrap_err();
        assert_eq!(refused.class, RefusalClass::Gone);
    }

    #[test]
    fn only_the_values_that_are_missing_or_too_many_are_written() {
        let now = seen(AccountState::Active, &[]);
        let values = |add: &[&str], remove: &[&str]| Desired::Values {
            account: ada(),
            attribute: "title".into(),
            add: add.iter().map(|text| Value::from(*text)).collect(),
            remove: remove.iter().map(|text| Value::from(*text)).collect(),
        };
        assert!(summaries(&values(&["Countess"], &["Duke"]), Some(&now), &[]).is_empty());
        let planned = changes(&values(&["Countess", "Analyst"], &[]), Some(&now), &groups(&[])).unwrap();
        let write = Write::Amend { attribute: "title".into(), add: vec!["Analyst".into()], remove: vec![] };
        assert_eq!(planned, [Change::new(ada(), write)]);
    }

    #[test]
    fn what_is_deleted_stays_so_and_comes_back_by_a_restore() {
        let gone = Desired::Deleted { account: ada() };
        assert!(summaries(&gone, None, &[]).is_empty());
        assert!(summaries(&gone, Some(&seen(AccountState::SoftDeleted, &[])), &[]).is_empty());
        assert_eq!(summaries(&gone, Some(&seen(AccountState::Active, &[])), &[]).len(), 1);
        let back = Desired::Enabled { account: ada() };
        assert_eq!(
            summaries(&back, Some(&seen(AccountState::SoftDeleted, &[])), &[]),
            ["restore employeeNumber=E1042", "enable employeeNumber=E1042"]
        );
    }

    #[test]
    fn attributes_that_say_where_an_account_is_are_moved_and_not_set() {
        let class = ClassDescription {
            class: crate::query::ObjectClass::Account,
            native_name: "person".into(),
            id_attribute: "id".into(),
            naming_attribute: "uid".into(),
            attributes: vec![AttributeRule::placing("uid"), AttributeRule::open("title")],
        };
        let both = [("uid".to_owned(), Value::from("al")), ("title".to_owned(), Value::from("Duke"))].into();
        let plan = vec![Change::new(ada(), Write::Set { attributes: both }), Change::new(ada(), Write::Enable)];
        let split: Vec<String> = with_moves(plan, &class).into_iter().map(|change| change.summary).collect();
        assert_eq!(
            split,
            [
                "move employeeNumber=E1042 by its uid",
                "set title of employeeNumber=E1042",
                "enable employeeNumber=E1042"
            ]
        );
    }

    #[test]
    fn an_account_must_answer_to_its_own_locator() {
        let attributes = [("employeeNumber".to_owned(), Value::from("E7"))].into();
        let desired = Desired::Present { account: ada(), attributes, hold: [].into() };
        assert_eq!(changes(&desired, None, &Resolved::new()).unwrap_err().class, RefusalClass::Invalid);
    }
}
