//! Writes to an entry as a whole: deleted, renamed, given a password, amended value by value.

use std::collections::HashSet;

use ldap3::Mod;
use tenure_connect::{Refusal, RefusalClass, SecretRef};
use tenure_model::{Attributes, Value};

use super::LdapConnector;
use super::config::Disable;
use super::dn::rdn;
use super::entry::{Entry, texts_of};
use super::fault::WriteFault;
use super::pool::Lease;

/// The server's code for "no such entry".
const NO_SUCH_ENTRY: u32 = 32;

impl LdapConnector {
    /// Takes the entry away. Its memberships go first: a server that does not look after them
    /// would hand them to whoever gets the same DN next.
    pub(super) async fn delete(&self, lease: &mut Lease, entry: &Entry) -> Result<(), WriteFault> {
        for group in self.groups_of(lease, &entry.dn).await? {
            self.revoke(lease, &entry.dn, &group).await?;
        }
        let result = lease.delete(&entry.dn).await?;
        match result.rc {
            0 | NO_SUCH_ENTRY => Ok(()),
            _ => Err(lease.refusal(&format!("deleting `{}`", entry.dn), result).into()),
        }
    }

    /// Renames the entry, and takes its memberships along where the server does not.
    pub(super) async fn move_to(
        &self,
        lease: &mut Lease,
        entry: &Entry,
        attributes: &Attributes,
    ) -> Result<(), WriteFault> {
        let wanted = self.normal(attributes)?;
        let naming = &self.config().people.rdn;
        let name = match (wanted.len(), wanted.iter().next()) {
            (1, Some((name, Value::Text(text)))) if name.eq_ignore_ascii_case(naming) => text,
            _ => {
                let message = format!("`{}` is moved by one value of `{naming}` and by nothing else", entry.dn);
                return Err(Refusal::new(RefusalClass::Invalid, message).into());
            }
        };
        if entry.values(naming).iter().any(|value| value == name) {
            return Ok(());
        }
        let held = self.groups_of(lease, &entry.dn).await?;
        let new = rdn(naming, name);
        let result = lease.rename(&entry.dn, &new).await?;
        if result.rc != 0 {
            return Err(lease.refusal(&format!("renaming `{}`", entry.dn), result).into());
        }
        let parent = super::dn::parent(&entry.dn);
        let moved = format!("{new},{parent}");
        for group in held {
            self.grant(lease, &moved, &group).await?;
            self.revoke(lease, &entry.dn, &group).await?;
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
        let renewal = match (must_change, &self.config().disable) {
            (false, _) => None,
            (true, Disable::PpolicyLock) => Some(("pwdReset", "TRUE")),
            (true, Disable::NsAccountLock) => Some(("passwordExpirationTime", "19700101000000Z")),
            (true, Disable::Attribute { .. }) => {
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
        if known.eq_ignore_ascii_case(&self.config().people.rdn) {
            let message = format!("attribute `{known}` names the entry `{}`; move the account", entry.dn);
            return Err(Refusal::new(RefusalClass::Invalid, message).into());
        }
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
