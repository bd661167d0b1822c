//! Writing: one change, sent only if it is not so already, and read back over a connection that
//! never writes.

use std::collections::HashSet;
use std::hash::Hash;

use ldap3::Mod;
use tenure_connect::plan::{not_there, other_identity};
use tenure_connect::{Change, Expectation, Locator, Outcome, Refusal, RefusalClass, Write, WriteFault};
use tenure_model::{AccountState, Attributes, Value};

use super::LdapConnector;
use super::ad;
use super::container::CONTAINER;
use super::dialect::Dialect;
use super::dn::child;
use super::entry::Entry;
use super::form::Form;
use super::pool::Lease;

/// The attributes of a new entry with their values.
pub(super) type NewEntry = Vec<(Vec<u8>, HashSet<Vec<u8>>)>;

impl LdapConnector {
    /// Makes one change and reads it back.
    pub(super) async fn write(&self, change: &Change) -> Outcome {
        match self.send(change).await {
            Ok(()) => self.read_back(change).await,
            Err(fault) => fault.into(),
        }
    }

    async fn send(&self, change: &Change) -> Result<(), WriteFault> {
        let (mut lease, entry) = self.find_with_lease(&change.account).await?;
        match (&change.write, entry) {
            (Write::Create { attributes }, entry) => {
                self.create(&mut lease, &change.account, entry.as_ref(), attributes).await?;
            }
            (Write::Delete, None) => {}
            (_, None) => {
                self.pool.keep(lease);
                return Err(not_there(&change.account).into());
            }
            (Write::Set { attributes }, Some(entry)) => self.set(&mut lease, &entry, attributes).await?,
            (Write::Enable, Some(entry)) => self.lock(&mut lease, &entry, AccountState::Active).await?,
            (Write::Disable, Some(entry)) => self.lock(&mut lease, &entry, AccountState::Disabled).await?,
            (Write::Grant { entitlement, .. }, Some(entry)) => self.grant(&mut lease, &entry, entitlement).await?,
            (Write::Revoke { entitlement, .. }, Some(entry)) => self.revoke(&mut lease, &entry, entitlement).await?,
            (Write::Amend { attribute, add, remove }, Some(entry)) => {
                self.amend(&mut lease, &entry, attribute, add, remove).await?;
            }
            (Write::Move { attributes }, Some(entry)) => self.move_to(&mut lease, &entry, attributes).await?,
            (Write::SetPassword { secret, must_change }, Some(entry)) => {
                self.set_password(&mut lease, &entry, secret, *must_change).await?;
            }
            (Write::Delete, Some(entry)) => self.delete(&mut lease, &entry).await?,
            (Write::End { .. } | Write::Restore, Some(_)) => {
                self.pool.keep(lease);
                return Err(self.description.unsupported(&format!("`{}`", change.write.verb())).into());
            }
        }
        self.pool.keep(lease);
        Ok(())
    }

    /// Makes the account, or brings the one that answers to the locator up to date. One that only
    /// has the same name is somebody else's and is left alone.
    async fn create(
        &self,
        lease: &mut Lease,
        account: &Locator,
        entry: Option<&Entry>,
        attributes: &Attributes,
    ) -> Result<(), WriteFault> {
        if let Some(entry) = entry {
            return self.set(lease, entry, attributes).await;
        }
        let Locator::Attribute { name, value } = account else { return Err(not_there(account).into()) };
        let mut attributes = self.wanted(attributes)?;
        let key = self.config().attribute(name).unwrap_or(name).to_owned();
        // Without it nobody would find the account again, and the next attempt would make another.
        let identity = attributes.entry(key).or_insert_with(|| Value::from(value.as_str()));
        if identity.as_text() != Some(value.as_str()) {
            return Err(other_identity(account, name).into());
        }
        let dn = self.new_dn(&attributes)?;
        let result = lease.add(&dn, self.new_entry(&attributes)?).await?;
        match result.rc {
            0 => Ok(()),
            // Somebody else may have made the same account since we looked.
            68 => match self.find(lease, account).await? {
                Some(entry) => self.set(lease, &entry, &attributes).await,
                None => Err(lease.refusal(&format!("creating `{dn}`"), result).into()),
            },
            _ => Err(lease.refusal(&format!("creating `{dn}`"), result).into()),
        }
    }

    fn new_dn(&self, attributes: &Attributes) -> Result<String, Refusal> {
        let rdn = &self.config().people.rdn;
        let name = self.config().attribute(rdn).and_then(|known| attributes.get(known)).and_then(Value::as_text);
        let name = name.ok_or_else(|| {
            let message = format!("attribute `{rdn}` must have one value; the entry is named by it");
            Refusal::new(RefusalClass::Invalid, message)
        })?;
        Ok(child(rdn, name, &self.parent_for(attributes, &self.config().people_dn())?))
    }

    fn new_entry(&self, attributes: &Attributes) -> Result<NewEntry, Refusal> {
        let (config, disable) = (self.config(), &self.config().disable);
        let bytes = |texts: Vec<String>| -> HashSet<Vec<u8>> { texts.into_iter().map(String::into_bytes).collect() };
        let mut entry = vec![("objectClass", bytes(config.people.object_classes.clone()))];
        for (name, value) in attributes.iter().filter(|(name, _)| *name != CONTAINER) {
            let texts = Form::of(self.dialect(), name).write(value).unwrap_or_default();
            if !texts.is_empty() {
                entry.push((name, bytes(texts)));
            }
        }
        if let Some(unlocked) = disable.unlocked() {
            entry.retain(|(name, _)| !name.eq_ignore_ascii_case(disable.attribute()));
            entry.push((disable.attribute(), bytes(vec![unlocked.to_owned()])));
        }
        if self.dialect() == Dialect::ActiveDirectory {
            entry.push((ad::password::ATTRIBUTE, HashSet::from([ad::password::nobodys()?])));
        }
        Ok(entry.into_iter().map(|(name, values)| (name.as_bytes().to_vec(), values)).collect())
    }

    async fn set(&self, lease: &mut Lease, entry: &Entry, attributes: &Attributes) -> Result<(), WriteFault> {
        let wanted = self.wanted(attributes)?;
        let now = self.attributes_of(entry, wanted.keys().map(String::as_str));
        let mut mods = Vec::new();
        for (name, value) in &wanted {
            let current = now.get(name);
            if current == Some(value) || (current.is_none() && *value == Value::Cleared) {
                continue;
            }
            self.demand_settable(entry, name)?;
            let texts = Form::of(self.dialect(), name).write(value).unwrap_or_default();
            mods.push(Mod::Replace(name.clone(), texts.into_iter().collect()));
        }
        self.modify(lease, entry, mods, "changing attributes").await
    }

    /// Demands that an attribute says neither where the account is nor what it is a member by.
    pub(super) fn demand_settable(&self, entry: &Entry, name: &str) -> Result<(), Refusal> {
        let (config, dn) = (self.config(), &entry.dn);
        let is = |other: &str| name.eq_ignore_ascii_case(other);
        let message = if is(&config.people.rdn) || is(CONTAINER) {
            format!("attribute `{name}` says where the entry `{dn}` is and is not set; move the account")
        } else if config.groups.member_by.as_deref().is_some_and(is) {
            format!("`{dn}` is a member of groups by `{name}`, which is therefore not changed; name entries by it")
        } else if self.dialect().is_read_only(name) {
            format!("attribute `{name}` is written by the directory alone")
        } else {
            return Ok(());
        };
        Err(Refusal::new(RefusalClass::Invalid, message))
    }

    async fn lock(&self, lease: &mut Lease, entry: &Entry, wanted: AccountState) -> Result<(), WriteFault> {
        let disable = &self.config().disable;
        if disable.state(entry) == wanted {
            return Ok(());
        }
        let change = disable.change(entry, wanted)?;
        self.modify(lease, entry, vec![change], "changing the lock").await
    }

    pub(super) async fn modify<Bytes: AsRef<[u8]> + Eq + Hash>(
        &self,
        lease: &mut Lease,
        entry: &Entry,
        mods: Vec<Mod<Bytes>>,
        what: &str,
    ) -> Result<(), WriteFault> {
        if mods.is_empty() {
            return Ok(());
        }
        let result = lease.modify(&self.target(entry), mods).await?;
        match result.rc {
            0 => Ok(()),
            _ => Err(lease.refusal(&format!("{what} of `{}`", entry.dn), result).into()),
        }
    }

    /// The entry as a request names it: where the server understands it by its id, so that whoever
    /// renames it meanwhile does not send the write astray.
    pub(super) fn target(&self, entry: &Entry) -> String {
        match self.dialect() {
            Dialect::Rfc => entry.dn.clone(),
            Dialect::ActiveDirectory => format!("<GUID={}>", entry.id),
        }
    }

    async fn read_back(&self, change: &Change) -> Outcome {
        self.verify_past_the_write(&Expectation::after(change)).await.end_of(change, "the server")
    }
}
