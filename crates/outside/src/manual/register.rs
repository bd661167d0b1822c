//! What is known of the accounts of a system that only humans reach: what somebody attested,
//! taken together. Pure.

use std::collections::BTreeSet;

use jiff::Timestamp;
use tenure_connect::change::values;
use tenure_connect::desk::{ATTESTED_BY, Attestation};
use tenure_connect::plan::{not_there, other_identity};
use tenure_connect::{Change, Locator, Refusal, RefusalClass, Write};
use tenure_model::{AccountState, Attributes, NativeId, Observed, Value};

use super::config::ManualConfig;

/// What stands between the identity of an account and which life of it an id means.
const LIFE: char = '~';

/// The identity in an id; none if the id is none of ours.
pub(super) fn identity_of(id: &NativeId) -> Option<NativeId> {
    id.as_str().rsplit_once(LIFE).map(|(identity, _)| NativeId::new(identity))
}

/// An account as humans attested it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    id: NativeId,
    /// What it is called in the system, which the next account may be called too.
    identity: NativeId,
    state: AccountState,
    attributes: Attributes,
    holds: BTreeSet<NativeId>,
    by: String,
}

impl Entry {
    /// The account after everything that was said of it, in order; none if it is not there.
    pub(super) fn of<'a>(said: impl IntoIterator<Item = &'a Attestation>, config: &ManualConfig) -> Option<Self> {
        let (entry, _) = said.into_iter().fold((None, 1), |(before, life): (Option<Self>, u32), one| {
            let ends = before.is_some() && one.write == Write::Delete;
            (Self::after(before, one, life, config), life + u32::from(ends))
        });
        entry
    }

    /// The account after one write. Who was deleted and is made again leads another life, and does
    /// not answer to the old id.
    fn after(before: Option<Self>, said: &Attestation, life: u32, config: &ManualConfig) -> Option<Self> {
        let Attestation { account, write, by, .. } = said;
        let new = || Self {
            id: NativeId::new(format!("{account}{LIFE}{life}")),
            identity: account.clone(),
            state: AccountState::Active,
            attributes: [(config.identify.clone(), Value::from(account.as_str()))].into(),
            holds: [].into(),
            by: String::new(),
        };
        let mut entry = match (before, write) {
            (_, Write::Delete) => return None,
            (Some(entry), _) => entry,
            (None, Write::Create { .. }) => new(),
            // What was said of an account that is not there says nothing.
            (None, _) => return None,
        };
        by.clone_into(&mut entry.by);
        match write {
            Write::Create { attributes } | Write::Set { attributes } => set(&mut entry.attributes, attributes),
            Write::Enable => entry.state = AccountState::Active,
            Write::Disable => entry.state = AccountState::Disabled,
            Write::Grant { entitlement, .. } => {
                entry.holds.insert(entitlement.clone());
            }
            Write::Revoke { entitlement, .. } => {
                entry.holds.remove(entitlement);
            }
            Write::Amend { .. }
            | Write::Move { .. }
            | Write::SetPassword { .. }
            | Write::End { .. }
            | Write::Delete
            | Write::Restore => {}
        }
        Some(entry)
    }

    /// As an account that was seen, with the name of whoever attested it last.
    pub(super) fn observed(&self, at: Timestamp) -> Observed {
        let mut attributes = self.attributes.clone();
        attributes.insert(ATTESTED_BY.to_owned(), Value::from(self.by.as_str()));
        Observed {
            native_id: Some(self.id.clone()),
            name: self.identity.to_string(),
            state: self.state,
            holds: self.holds.clone(),
            attributes,
            at,
        }
    }

    /// Whether the account answers to the locator.
    pub(super) fn answers(&self, locator: &Locator) -> bool {
        match locator {
            Locator::Native(id) => *id == self.id,
            Locator::Attribute { name, value } => {
                self.attributes.get(name).and_then(Value::as_text) == Some(value.as_str())
            }
        }
    }
}

fn set(current: &mut Attributes, wanted: &Attributes) {
    for (name, value) in wanted {
        if *value == Value::Cleared {
            current.remove(name);
        } else {
            current.insert(name.clone(), value.clone());
        }
    }
}

/// Whether a write is so already, so that nobody needs to be asked.
pub(super) fn is_so(write: &Write, now: Option<&Entry>) -> bool {
    match (write, now) {
        (Write::Delete, None) => true,
        (Write::Create { attributes } | Write::Set { attributes }, Some(entry)) => {
            let fits = |(name, value): (&String, &Value)| match entry.attributes.get(name) {
                Some(current) => current == value,
                None => *value == Value::Cleared,
            };
            attributes.iter().all(fits)
        }
        (Write::Enable, Some(entry)) => entry.state == AccountState::Active,
        (Write::Disable, Some(entry)) => entry.state == AccountState::Disabled,
        (Write::Grant { entitlement, .. }, Some(entry)) => entry.holds.contains(entitlement),
        (Write::Revoke { entitlement, .. }, Some(entry)) => !entry.holds.contains(entitlement),
        _ => false,
    }
}

/// The id of the account that a write is about, or why nobody can be asked to make it.
pub(super) fn check(change: &Change, now: Option<&Entry>, config: &ManualConfig) -> Result<NativeId, Refusal> {
    match (&change.write, now) {
        (Write::Create { attributes }, now) => {
            known(attributes, config, true)?;
            if matches!((&change.account, now), (Locator::Native(_), None)) {
                return Err(not_there(&change.account));
            }
            let id = identity(&change.account, config)?;
            let named = attributes.get(&config.identify);
            if named.is_some_and(|named| named.as_text() != Some(id.as_str())) {
                return Err(other_identity(&change.account, &config.identify));
            }
            Ok(now.map_or(id, |entry| entry.identity.clone()))
        }
        (Write::Delete, None) => identity(&change.account, config),
        (_, None) => Err(not_there(&change.account)),
        (write, Some(entry)) => {
            match write {
                Write::Set { attributes } => known(attributes, config, false)?,
                Write::Grant { entitlement, .. } | Write::Revoke { entitlement, .. } => held(entitlement, config)?,
                _ => {}
            }
            Ok(entry.identity.clone())
        }
    }
}

fn identity(account: &Locator, config: &ManualConfig) -> Result<NativeId, Refusal> {
    match account {
        Locator::Native(id) => identity_of(id).ok_or_else(|| not_there(account)),
        Locator::Attribute { name, value } if *name == config.identify && is_line(value) => Ok(NativeId::new(value)),
        Locator::Attribute { name, .. } if *name == config.identify => {
            Err(invalid(format!("`{name}` of an account is one line of text; give it another")))
        }
        Locator::Attribute { name, .. } => {
            let identify = &config.identify;
            Err(invalid(format!("accounts of `{}` are known by their `{identify}` and not by `{name}`", config.system)))
        }
    }
}

fn is_line(text: &str) -> bool {
    !text.trim().is_empty() && !text.chars().any(char::is_control)
}

fn held(id: &NativeId, config: &ManualConfig) -> Result<(), Refusal> {
    if config.entitlements.iter().any(|one| one.id == id.as_str()) {
        return Ok(());
    }
    let said = format!("`{}` has no entitlement `{id}`; its settings list those that it has", config.system);
    Err(Refusal::new(RefusalClass::Gone, said))
}

/// Only attributes that the settings name, each with one text that a human can read.
fn known(attributes: &Attributes, config: &ManualConfig, making: bool) -> Result<(), Refusal> {
    for (name, value) in attributes {
        if *name == config.identify && !making {
            return Err(invalid(format!("`{name}` is given once, when the account is made")));
        }
        if *name != config.identify && !config.attributes.contains(name) {
            let said = format!("`{name}` is not an attribute of `{}`; its settings list those that are", config.system);
            return Err(invalid(said));
        }
        let readable = match value {
            Value::Text(text) => !text.chars().any(|letter| letter.is_control() && letter != '\n' && letter != '\t'),
            Value::Cleared => true,
            other => values(other).is_empty(),
        };
        if !readable {
            return Err(invalid(format!("`{name}` has a value that a human cannot copy; give it one text")));
        }
        if *value == Value::Text(String::new()) {
            return Err(invalid(format!("`{name}` has an empty text; clear it instead")));
        }
    }
    Ok(())
}

fn invalid(said: String) -> Refusal {
    Refusal::new(RefusalClass::Invalid, said)
}
