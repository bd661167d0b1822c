//! Writing: one change, sent only if it is not so already, and read back over a new connection.

use std::collections::HashSet;

use ldap3::Mod;
use tenure_connect::plan::{not_there, other_identity};
use tenure_connect::{Change, Expectation, Locator, Outcome, Refusal, RefusalClass, Write};
use tenure_model::{AccountState, Attributes, Value};

use super::LdapConnector;
use super::dn::child;
use super::entry::{Entry, texts_of};
use super::fault::WriteFault;
use super::pool::Lease;

impl LdapConnector {
    /// Makes one change and reads it back.
    pub(super) async fn write(&self, change: &Change) -> Outcome {
        match self.send(change).await {
            Ok(()) => self.read_back(change).await,
            Err(WriteFault::Refused(refusal)) => Outcome::Refused(refusal),
            Err(WriteFault::Doubt(doubt)) => Outcome::Unknown(doubt),
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
            (Write::Grant { entitlement, .. }, Some(entry)) => self.grant(&mut lease, &entry.dn, entitlement).await?,
            (Write::Revoke { entitlement, .. }, Some(entry)) => self.revoke(&mut lease, &entry.dn, entitlement).await?,
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
        let mut attributes = self.normal(attributes)?;
        let key = self.config().attribute(name).unwrap_or(name).to_owned();
        // Without it nobody would find the account again, and the next attempt would make another.
        let identity = attributes.entry(key).or_insert_with(|| Value::from(value.as_str()));
        if identity.as_text() != Some(value.as_str()) {
            return Err(other_identity(account, name).into());
        }
        let dn = self.new_dn(&attributes)?;
        let result = lease.add(&dn, self.new_entry(&attributes)).await?;
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
        Ok(child(rdn, name, &self.config().people_dn()))
    }

    fn new_entry(&self, attributes: &Attributes) -> Vec<(String, HashSet<String>)> {
        let classes = self.config().people.object_classes.iter().cloned().collect();
        let mut entry = vec![("objectClass".to_owned(), classes)];
        for (name, value) in attributes {
            let texts: HashSet<String> = texts_of(value).unwrap_or_default().into_iter().collect();
            if !texts.is_empty() {
                entry.push((name.clone(), texts));
            }
        }
        let disable = &self.config().disable;
        if let Some(unlocked) = disable.unlocked() {
            entry.retain(|(name, _)| !name.eq_ignore_ascii_case(disable.attribute()));
            entry.push((disable.attribute().to_owned(), HashSet::from([unlocked.to_owned()])));
        }
        entry
    }

    async fn set(&self, lease: &mut Lease, entry: &Entry, attributes: &Attributes) -> Result<(), WriteFault> {
        let wanted = self.normal(attributes)?;
        let now = entry.attributes(wanted.keys().map(String::as_str));
        let mut mods = Vec::new();
        for (name, value) in &wanted {
            let current = now.get(name);
            if current == Some(value) || (current.is_none() && *value == Value::Cleared) {
                continue;
            }
            if name.eq_ignore_ascii_case(&self.config().people.rdn) {
                let message =
                    format!("attribute `{name}` names the entry `{}` and is not set; move the account", entry.dn);
                return Err(Refusal::new(RefusalClass::Invalid, message).into());
            }
            mods.push(Mod::Replace(name.clone(), texts_of(value).unwrap_or_default().into_iter().collect()));
        }
        self.modify(lease, entry, mods, "changing attributes").await
    }

    async fn lock(&self, lease: &mut Lease, entry: &Entry, wanted: AccountState) -> Result<(), WriteFault> {
        let disable = &self.config().disable;
        if disable.state(entry) == wanted {
            return Ok(());
        }
        let change = if wanted == AccountState::Disabled { disable.lock() } else { disable.unlock() };
        self.modify(lease, entry, vec![change], "changing the lock").await
    }

    pub(super) async fn modify(
        &self,
        lease: &mut Lease,
        entry: &Entry,
        mods: Vec<Mod<String>>,
        what: &str,
    ) -> Result<(), WriteFault> {
        if mods.is_empty() {
            return Ok(());
        }
        let result = lease.modify(&entry.dn, mods).await?;
        match result.rc {
            0 => Ok(()),
            _ => Err(lease.refusal(&format!("{what} of `{}`", entry.dn), result).into()),
        }
    }

    async fn read_back(&self, change: &Change) -> Outcome {
        self.verify_past_the_write(&Expectation::after(change)).await.end_of(change, "the server")
    }
}
