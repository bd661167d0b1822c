//! From what should be and what is to the ordered writes between them. Pure.

use std::collections::BTreeMap;

use tenure_model::{AccountState, Attributes, Observed, Value};

use crate::change::{Change, Write};
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
        (Desired::Disabled { .. }, None) => Ok(Vec::new()),
        (Desired::Disabled { .. }, Some(seen)) => {
            let usable = seen.state.may_be_usable() || seen.state == AccountState::Staged;
            Ok(usable.then(|| change(Write::Disable)).into_iter().collect())
        }
        (Desired::Enabled { .. }, Some(seen)) => {
            Ok((seen.state != AccountState::Active).then(|| change(Write::Enable)).into_iter().collect())
        }
        (Desired::Entitlements { add, remove, .. }, Some(seen)) => {
            let mut writes = revokes(remove, seen, resolved)?;
            writes.extend(grants(add, now, resolved)?);
            Ok(writes.into_iter().map(change).collect())
        }
        (Desired::Enabled { .. } | Desired::Entitlements { .. }, None) => Err(not_there(account)),
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
    let mut changes = Vec::new();
    if !attributes.is_empty() {
        changes.push(change(Write::Set { attributes }));
    }
    if seen.state != AccountState::Active {
        changes.push(change(Write::Enable));
    }
    Ok(changes)
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
    fn an_account_must_answer_to_its_own_locator() {
        let attributes = [("employeeNumber".to_owned(), Value::from("E7"))].into();
        let desired = Desired::Present { account: ada(), attributes, hold: [].into() };
        assert_eq!(changes(&desired, None, &Resolved::new()).unwrap_err().class, RefusalClass::Invalid);
    }
}
