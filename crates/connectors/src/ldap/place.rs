//! Writes to an entry as a whole: deleted, renamed, given a password, amended value by value.

use std::collections::HashSet;

use ldap3::Mod;
use tenure_connect::{Refusal, RefusalClass, SecretRef, WriteFault};
use tenure_model::{AccountState, Attributes, Value};

use super::LdapConnector;
use super::config::Disable;
use super::container::CONTAINER;
use super::dialect::Dialect;
use super::dn::{comparable, parent, rdn};
use super::entry::{Entry, texts_of};
use super::pool::Lease;

/// The server's code for "no such entry".
const NO_SUCH_ENTRY: u32 = 32;

impl LdapConnector {
    /// Takes the entry away. Its memberships go first: a server that does not look after them
    /// would hand them to whoever gets the same DN next.
    pub(super) async fn delete(&self, lease: &mut Lease, entry: &Entry) -> Result<(), WriteFault> {
        if !self.dialect().keeps_links() {
            let member = self.member(entry)?;
            for group in self.groups_of(lease, entry).await? {
                self.remove_member(lease, &group.dn, &member).await?;
            }
        }
        let result = lease.delete(&self.target(entry)).await?;
        match result.rc {
            0 | NO_SUCH_ENTRY => Ok(()),
            _ => Err(lease.refusal(&format!("deleting `{}`", entry.dn), result).into()),
        }
    }

    /// Gives the entry another name or place, and takes its memberships along where the server
    /// does not.
    pub(super) async fn move_to(
        &self,
        lease: &mut Lease,
        entry: &Entry,
        attributes: &Attributes,
    ) -> Result<(), WriteFault> {
        let wanted = self.wanted(attributes)?;
        let naming = &self.config().people.rdn;
        let foreign = |name: &&String| !name.eq_ignore_ascii_case(naming) && name.as_str() != CONTAINER;
        if let Some(name) = wanted.keys().find(foreign) {
            let message = format!("`{}` is moved by `{naming}` or `{CONTAINER}`, and not by `{name}`", entry.dn);
            return Err(Refusal::new(RefusalClass::Invalid, message).into());
        }
        let name = wanted.iter().find(|(name, _)| name.eq_ignore_ascii_case(naming)).map(|(_, value)| value);
        let name = match (name, entry.value(naming)) {
            (Some(Value::Text(new)), _) => new.as_str(),
            (None, Some(now)) => now,
            (Some(_), _) | (None, None) => {
                let message = format!("`{}` is named by one value of `{naming}`; give it one", entry.dn);
                return Err(Refusal::new(RefusalClass::Invalid, message).into());
            }
        };
        let old_parent = parent(&entry.dn);
        let new_parent = self.parent_for(&wanted, old_parent)?;
        let (new, stays) = (rdn(naming, name), comparable(&new_parent) == comparable(old_parent));
        if stays && entry.values(naming).iter().any(|value| value == name) {
            return Ok(());
        }
        let held = if self.dialect().keeps_links() { Vec::new() } else { self.groups_of(lease, entry).await? };
        // A domain controller of Samba knows no entry by its id where no parent is named.
        let target = if stays { entry.dn.clone() } else { self.target(entry) };
        let result = lease.rename(&target, &new, (!stays).then_some(new_parent.as_str())).await?;
        if result.rc != 0 {
            return Err(lease.refusal(&format!("moving `{}`", entry.dn), result).into());
        }
        let by_name = self.config().groups.member_by.as_deref().is_some_and(|by| by.eq_ignore_ascii_case(naming));
        let (before, after) = match (&self.config().groups.member_by, by_name) {
            (None, _) => (entry.dn.clone(), format!("{new},{new_parent}")),
            (Some(_), true) => (self.member(entry)?, name.to_owned()),
            (Some(_), false) => return Ok(()),
        };
        for group in held {
            self.add_member(lease, &group.dn, &after).await?;
            self.remove_member(lease, &group.dn, &before).await?;
        }
        Ok(())
    }

    /// Sets the password by the operation that leaves hashing to the server (RFC 3062).
    pub(super) async fn set_password(
        &self,
        lease: &mut Lease,
        entry: &Entry,
        secret: &SecretRef,
        must_change: bool,
    ) -> Result<(), WriteFault> {
        if self.dialect() == Dialect::ActiveDirectory {
            return self.set_domain_password(lease, entry, secret, must_change).await;
        }
        let disable = &self.config().disable;
        // The overlay lifts every lock with a new password, that of the administrator too.
        if *disable == Disable::PpolicyLock && disable.state(entry) == AccountState::Disabled {
            let message = format!("another password would lift the lock of `{}`; enable the account first", entry.dn);
            return Err(Refusal::new(RefusalClass::Invalid, message).into());
        }
        let renewal = match (must_change, disable) {
            (false, _) => None,
            (true, Disable::PpolicyLock) => Some(("pwdReset", "TRUE")),
            (true, Disable::NsAccountLock) => Some(("passwordExpirationTime", "19700101000000Z")),
            (true, Disable::Attribute { .. } | Disable::AccountControl) => {
                let message = "this directory has no way to demand another password at the next sign-in";
                return Err(Refusal::new(RefusalClass::Unsupported, message).into());
            }
        };
        let password = self.pool.secret(secret)?;
        let result = lease.set_password(&entry.dn, password.expose()).await?;
        if result.rc != 0 {
            return Err(lease.refusal(&format!("setting the password of `{}`", entry.dn), result).into());
        }
        let Some((name, value)) = renewal else { return Ok(()) };
        let change = Mod::Replace(name.to_owned(), HashSet::from([value.to_owned()]));
        self.modify(lease, entry, vec![change], "demanding another password").await
    }

    /// Adds the values that are missing and takes away those that are there, and no others.
    pub(super) async fn amend(
        &self,
        lease: &mut Lease,
        entry: &Entry,
        attribute: &str,
        add: &[Value],
        remove: &[Value],
    ) -> Result<(), WriteFault> {
        let known = self.config().attribute(attribute).ok_or_else(|| super::read::unmanaged(attribute))?;
        self.demand_settable(entry, known)?;
        let now = entry.values(known);
        let texts = |values: &[Value], there: bool| -> HashSet<String> {
            let all = values.iter().filter_map(texts_of).flatten();
            all.filter(|text| now.contains(text) == there).collect()
        };
        let (missing, surplus) = (texts(add, false), texts(remove, true));
        let mut mods = Vec::new();
        if !surplus.is_empty() {
            mods.push(Mod::Delete(known.to_owned(), surplus));
        }
        if !missing.is_empty() {
            mods.push(Mod::Add(known.to_owned(), missing));
        }
        self.modify(lease, entry, mods, "changing values").await
    }
}
