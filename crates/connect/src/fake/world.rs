//! The accounts and groups of the fake, and what a write does to them.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use jiff::Timestamp;
use tenure_model::{AccountState, Attributes, NativeId, Observed, Value};

use super::{ATTRIBUTES, Effect, Fault, NAMING_ATTRIBUTE};
use crate::change::{Change, Operation, Write};
use crate::locator::Locator;
use crate::plan::{no_entitlement, not_there};
use crate::query::SeenEntitlement;
use crate::refusal::{Refusal, RefusalClass};

#[derive(Debug, Default)]
pub(super) struct World {
    pub(super) accounts: BTreeMap<NativeId, Entry>,
    pub(super) groups: BTreeMap<NativeId, SeenEntitlement>,
    pub(super) faults: VecDeque<Fault>,
    pub(super) always: Option<Fault>,
    pub(super) stale_reads: u32,
    pub(super) writes: u64,
    pub(super) reads: u64,
    pub(super) effects: Vec<Effect>,
    before: BTreeMap<NativeId, Entry>,
    made: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    enabled: bool,
    attributes: Attributes,
    holds: BTreeSet<NativeId>,
}

impl World {
    /// The account that answers to the locator.
    pub(super) fn find(&self, locator: &Locator) -> Result<Option<NativeId>, Refusal> {
        find_in(&self.accounts, locator)
    }

    /// The account as it is.
    pub(super) fn observe(&self, id: &NativeId, at: Timestamp) -> Option<Observed> {
        self.accounts.get(id).map(|entry| entry.observed(id, at))
    }

    /// The accounts as a read sees them: as they were before the latest write while stale reads
    /// are on order.
    pub(super) fn read(&mut self) -> &BTreeMap<NativeId, Entry> {
        self.reads += 1;
        if self.stale_reads > 0 {
            self.stale_reads -= 1;
            &self.before
        } else {
            &self.accounts
        }
    }

    pub(super) fn next_fault(&mut self) -> Option<Fault> {
        self.faults.pop_front().or_else(|| self.always.clone())
    }

    pub(super) fn insert(&mut self, attributes: Attributes, holds: BTreeSet<NativeId>) -> NativeId {
        self.made += 1;
        let id = NativeId::new(format!("account-{}", self.made));
        self.accounts.insert(id.clone(), Entry { enabled: true, attributes, holds });
        id
    }

    /// Does the write. What is so already is left alone and is not an effect.
    pub(super) fn write(&mut self, change: &Change, operation: &Operation) -> Result<(), Refusal> {
        self.writes += 1;
        let before = self.accounts.clone();
        match &change.write {
            Write::Create { attributes } => self.ensure(&change.account, attributes)?,
            Write::Set { attributes } => {
                known(attributes)?;
                set(&mut self.held(&change.account)?.attributes, attributes);
            }
            Write::Enable => self.held(&change.account)?.enabled = true,
            Write::Disable => self.held(&change.account)?.enabled = false,
            Write::Grant { entitlement, .. } => {
                self.check_group(entitlement)?;
                self.held(&change.account)?.holds.insert(entitlement.clone());
            }
            Write::Revoke { entitlement, .. } => {
                self.check_group(entitlement)?;
                self.held(&change.account)?.holds.remove(entitlement);
            }
        }
        if before != self.accounts {
            self.before = before;
            self.effects.push(Effect { operation: operation.clone(), what: change.summary.clone() });
        }
        Ok(())
    }

    fn ensure(&mut self, locator: &Locator, attributes: &Attributes) -> Result<(), Refusal> {
        known(attributes)?;
        if let Some(id) = self.find(locator)? {
            let entry = self.accounts.get_mut(&id).ok_or_else(|| not_there(locator))?;
            set(&mut entry.attributes, attributes);
            return Ok(());
        }
        let name = attributes.get(NAMING_ATTRIBUTE).and_then(Value::as_text).unwrap_or_default();
        if name.is_empty() {
            return Err(Refusal::new(
                RefusalClass::Invalid,
                format!("attribute `{NAMING_ATTRIBUTE}` is missing; an account cannot be named without it"),
            ));
        }
        if self.find(&Locator::attribute(NAMING_ATTRIBUTE, name))?.is_some() {
            return Err(Refusal::new(
                RefusalClass::Exists,
                format!("`{name}` belongs to an account that does not answer to `{locator}`; choose another name"),
            ));
        }
        self.insert(attributes.clone(), BTreeSet::new());
        Ok(())
    }

    fn held(&mut self, locator: &Locator) -> Result<&mut Entry, Refusal> {
        let id = self.find(locator)?.ok_or_else(|| not_there(locator))?;
        self.accounts.get_mut(&id).ok_or_else(|| not_there(locator))
    }

    fn check_group(&self, id: &NativeId) -> Result<(), Refusal> {
        self.groups.get(id).map(|_| ()).ok_or_else(|| no_entitlement(&Locator::Native(id.clone())))
    }
}

impl Entry {
    pub(super) fn observed(&self, id: &NativeId, at: Timestamp) -> Observed {
        Observed {
            native_id: Some(id.clone()),
            name: self.attributes.get(NAMING_ATTRIBUTE).map(ToString::to_string).unwrap_or_default(),
            state: if self.enabled { AccountState::Active } else { AccountState::Disabled },
            holds: self.holds.clone(),
            attributes: self.attributes.clone(),
            at,
        }
    }
}

/// The account among these that answers to the locator.
pub(super) fn find_in(accounts: &BTreeMap<NativeId, Entry>, locator: &Locator) -> Result<Option<NativeId>, Refusal> {
    let mut found = accounts.iter().filter(|(id, entry)| match locator {
        Locator::Native(native) => native == *id,
        Locator::Attribute { name, value } => {
            entry.attributes.get(name).and_then(Value::as_text) == Some(value.as_str())
        }
    });
    let first = found.next().map(|(id, _)| id.clone());
    if found.next().is_some() {
        return Err(Refusal::new(
            RefusalClass::Invalid,
            format!("more than one account answers to `{locator}`; use an attribute that is unique"),
        ));
    }
    Ok(first)
}

fn known(attributes: &Attributes) -> Result<(), Refusal> {
    match attributes.keys().find(|name| *name != NAMING_ATTRIBUTE && !ATTRIBUTES.contains(&name.as_str())) {
        None => Ok(()),
        Some(name) => Err(Refusal::new(
            RefusalClass::Invalid,
            format!("`{name}` is not an attribute of this system; its description lists those that are"),
        )),
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
