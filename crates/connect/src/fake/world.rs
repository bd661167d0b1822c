//! The accounts and groups of the fake, and what a write does to them.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use jiff::Timestamp;
use serde_json::Value as Json;
use tenure_model::{AccountState, Attributes, NativeId, Observed, Value};

use super::{ATTRIBUTES, Effect, Fault, MANY_ATTRIBUTE, NAMING_ATTRIBUTE};
use crate::actions::Act;
use crate::change::{Change, Operation, Write, values};
use crate::locator::Locator;
use crate::plan::{no_entitlement, not_there, other_identity};
use crate::query::SeenEntitlement;
use crate::refusal::{Refusal, RefusalClass};
use crate::secret::SecretRef;
use crate::surface::SeenArtifact;

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
    /// The accounts that were written, in order; a feed counts along it.
    pub(super) log: Vec<NativeId>,
    /// How much of the log is forgotten.
    pub(super) forgotten: usize,
    before: BTreeMap<NativeId, Entry>,
    made: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    enabled: bool,
    deleted: bool,
    attributes: Attributes,
    holds: BTreeSet<NativeId>,
    password: Option<SecretRef>,
    pub(super) artifacts: Vec<SeenArtifact>,
    /// What is done for it, and with what.
    pub(super) acts: BTreeMap<String, BTreeMap<String, Json>>,
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
        self.accounts.insert(
            id.clone(),
            Entry {
                enabled: true,
                deleted: false,
                attributes,
                holds,
                password: None,
                artifacts: Vec::new(),
                acts: BTreeMap::new(),
            },
        );
        self.log.push(id.clone());
        id
    }

    /// Keeps something about an account by itself.
    pub(super) fn keep(&mut self, account: &Locator, attribute: &str, value: Value) {
        let found = self.find(account).ok().flatten();
        if let Some(entry) = found.as_ref().and_then(|id| self.accounts.get_mut(id)) {
            entry.attributes.insert(attribute.to_owned(), value);
        }
        self.log.extend(found);
    }

    /// Does the write. What is so already is left alone and is not an effect.
    pub(super) fn write(&mut self, change: &Change, operation: &Operation) -> Result<(), Refusal> {
        self.writes += 1;
        let before = self.accounts.clone();
        match &change.write {
            Write::Create { attributes } => self.ensure(&change.account, attributes)?,
            Write::Set { attributes } => {
                known(attributes)?;
                let entry = self.held(&change.account)?;
                stays(entry, attributes)?;
                set(&mut entry.attributes, attributes);
            }
            Write::Amend { attribute, add, remove } => {
                known(&[(attribute.clone(), Value::Cleared)].into())?;
                amend(&mut self.held(&change.account)?.attributes, attribute, add, remove)?;
            }
            Write::Move { attributes } => self.move_to(&change.account, attributes)?,
            Write::SetPassword { secret, .. } => self.held(&change.account)?.password = Some(secret.clone()),
            Write::End { artifact } => self.held(&change.account)?.artifacts.retain(|one| one.kind != *artifact),
            Write::Delete => {
                if let Some(id) = self.find(&change.account)? {
                    self.accounts.get_mut(&id).ok_or_else(|| not_there(&change.account))?.deleted = true;
                }
            }
            Write::Restore => {
                let id = self.find(&change.account)?.ok_or_else(|| not_there(&change.account))?;
                self.accounts.get_mut(&id).ok_or_else(|| not_there(&change.account))?.deleted = false;
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
            self.remember(&before);
            self.before = before;
            self.effects.push(Effect { operation: operation.clone(), what: change.summary.clone() });
        }
        Ok(())
    }

    /// Does something for an account, or puts back what was done before.
    pub(super) fn act(&mut self, act: &Act, operation: &Operation) -> Result<(), Refusal> {
        self.writes += 1;
        let before = self.accounts.clone();
        let acts = &mut self.held(&act.account)?.acts;
        match &act.back {
            None => drop(acts.insert(act.action.clone(), act.with.clone())),
            Some(back) => match serde_json::from_value(back.clone()) {
                Ok(with) => drop(acts.insert(act.action.clone(), with)),
                Err(_) => drop(acts.remove(&act.action)),
            },
        }
        if before != self.accounts {
            self.remember(&before);
            self.before = before;
            self.effects.push(Effect { operation: operation.clone(), what: act.summary() });
        }
        Ok(())
    }

    fn ensure(&mut self, locator: &Locator, attributes: &Attributes) -> Result<(), Refusal> {
        known(attributes)?;
        if let Some(id) = self.find(locator)? {
            let entry = self.accounts.get_mut(&id).ok_or_else(|| not_there(locator))?;
            if entry.deleted {
                return Err(Refusal::new(
                    RefusalClass::Exists,
                    format!("the account of `{locator}` lies in the recycle bin; restore it"),
                ));
            }
            set(&mut entry.attributes, attributes);
            return Ok(());
        }
        let Locator::Attribute { name: key, value: identity } = locator else { return Err(not_there(locator)) };
        if attributes.get(key).and_then(Value::as_text) != Some(identity.as_str()) {
            return Err(other_identity(locator, key));
        }
        let name = attributes.get(NAMING_ATTRIBUTE).and_then(Value::as_text).unwrap_or_default();
        if name.is_empty() {
            return Err(Refusal::new(
                RefusalClass::Invalid,
                format!("attribute `{NAMING_ATTRIBUTE}` is missing; an account cannot be named without it"),
            ));
        }
        self.free(name, None, locator)?;
        self.insert(attributes.clone(), BTreeSet::new());
        Ok(())
    }

    /// Gives the account another name, which nobody else may have.
    fn move_to(&mut self, locator: &Locator, attributes: &Attributes) -> Result<(), Refusal> {
        let id = self.find(locator)?.ok_or_else(|| not_there(locator))?;
        let (Some(name), 1) = (attributes.get(NAMING_ATTRIBUTE).and_then(Value::as_text), attributes.len()) else {
            return Err(Refusal::new(
                RefusalClass::Invalid,
                format!("an account of this system is moved by its `{NAMING_ATTRIBUTE}` and nothing else"),
            ));
        };
        self.free(name, Some(&id), locator)?;
        set(&mut self.held(locator)?.attributes, attributes);
        Ok(())
    }

    /// Nothing if the name is free, or has this account.
    fn free(&self, name: &str, for_account: Option<&NativeId>, locator: &Locator) -> Result<(), Refusal> {
        let holder = self.find(&Locator::attribute(NAMING_ATTRIBUTE, name))?;
        if holder.is_none() || holder.as_ref() == for_account {
            return Ok(());
        }
        Err(Refusal::new(
            RefusalClass::Exists,
            format!("`{name}` belongs to an account that does not answer to `{locator}`; choose another name"),
        ))
    }

    fn held(&mut self, locator: &Locator) -> Result<&mut Entry, Refusal> {
        let id = self.find(locator)?.ok_or_else(|| not_there(locator))?;
        let entry = self.accounts.get_mut(&id).filter(|entry| !entry.deleted);
        entry.ok_or_else(|| not_there(locator))
    }

    /// Keeps in mind which accounts a write changed.
    fn remember(&mut self, before: &BTreeMap<NativeId, Entry>) {
        let changed = self.accounts.iter().filter(|(id, entry)| before.get(*id) != Some(*entry));
        self.log.extend(changed.map(|(id, _)| id.clone()));
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
            state: match (self.deleted, self.enabled) {
                (true, _) => AccountState::SoftDeleted,
                (false, true) => AccountState::Active,
                (false, false) => AccountState::Disabled,
            },
            holds: self.holds.clone(),
            attributes: self.attributes.clone(),
            at,
        }
    }
}

/// The account among these that answers to the locator.
pub(super) fn find_in(accounts: &BTreeMap<NativeId, Entry>, locator: &Locator) -> Result<Option<NativeId>, Refusal> {
    if let Locator::Attribute { name, .. } = locator {
        known(&[(name.clone(), Value::Cleared)].into())?;
    }
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
    match attributes
        .keys()
        .find(|name| !(*name == NAMING_ATTRIBUTE || *name == MANY_ATTRIBUTE || ATTRIBUTES.contains(&name.as_str())))
    {
        None => Ok(()),
        Some(name) => Err(Refusal::new(
            RefusalClass::Invalid,
            format!("`{name}` is not an attribute of this system; its description lists those that are"),
        )),
    }
}

/// Nothing if the account keeps its name.
fn stays(entry: &Entry, attributes: &Attributes) -> Result<(), Refusal> {
    let name = attributes.get(NAMING_ATTRIBUTE);
    if name.is_none() || name == entry.attributes.get(NAMING_ATTRIBUTE) {
        return Ok(());
    }
    Err(Refusal::new(
        RefusalClass::Invalid,
        format!("`{NAMING_ATTRIBUTE}` names the account and is not set; move the account"),
    ))
}

fn amend(current: &mut Attributes, name: &str, add: &[Value], remove: &[Value]) -> Result<(), Refusal> {
    if name != MANY_ATTRIBUTE {
        return Err(Refusal::new(
            RefusalClass::Invalid,
            format!("attribute `{name}` has one value, which is set; only one with several can be amended"),
        ));
    }
    let mut all: BTreeSet<Value> = current.get(name).map(values).unwrap_or_default().iter().cloned().collect();
    all.extend(add.iter().cloned());
    all.retain(|value| !remove.contains(value));
    let all: Vec<Value> = all.into_iter().collect();
    set(current, &[(name.to_owned(), if all.is_empty() { Value::Cleared } else { Value::List(all) })].into());
    Ok(())
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
