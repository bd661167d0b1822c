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
        attributes.entry(name.clone()).or_insert_with(|| Value::Text(value.clone()));
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
        let found = resolved.get(locator).ok_or_else(|| no_entitlement(locator))?;
        if seen.holds.contains(&found.native_id) {
            writes.push(Write::Revoke { entitlement: found.native_id.clone(), name: found.name.clone() });
        }
    }
    Ok(writes)
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
