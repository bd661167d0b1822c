//! Group membership, changed by one value at a time so that nobody else is touched.

use std::collections::HashSet;

use ldap3::Mod;
use tenure_connect::plan::no_entitlement;
use tenure_connect::{Locator, Refusal, RefusalClass, SeenEntitlement};
use tenure_model::NativeId;

use super::LdapConnector;
use super::entry::Entry;
use super::fault::WriteFault;
use super::pool::Lease;

/// A group and where it is.
pub(super) struct Group {
    dn: String,
    pub(super) seen: SeenEntitlement,
}

/// The server's codes for "that value is there" and "that value is not there".
const VALUE_EXISTS: u32 = 20;
const NO_SUCH_VALUE: u32 = 16;
/// The server's code for a group that would be left empty.
const SCHEMA_FORBIDS: u32 = 65;

impl LdapConnector {
    /// The one group that answers to the locator.
    pub(super) async fn group(&self, lease: &mut Lease, locator: &Locator) -> Result<Option<Group>, Refusal> {
        let filter = self.group_filter(Some(locator))?;
        let (mut found, result) = self.search_groups(lease, &filter, 2).await?;
        if found.len() > 1 {
            let message = format!("more than one group answers to `{locator}`; use one that is unique");
            return Err(Refusal::new(RefusalClass::Invalid, message));
        }
        if result.rc != 0 {
            return Err(lease.refusal("a search for a group", result));
        }
        let Some(raw) = found.pop() else { return Ok(None) };
        let entry = Entry::parse(raw)?;
        Ok(Some(Group { seen: self.seen_group(&entry), dn: entry.dn }))
    }

    /// Adds the account to the group.
    pub(super) async fn grant(&self, lease: &mut Lease, account: &str, group: &NativeId) -> Result<(), WriteFault> {
        let group = self.known_group(lease, group).await?;
        let member = self.config().groups.member.clone();
        let result = lease.modify(&group.dn, vec![Mod::Add(member, one(account))]).await?;
        match result.rc {
            0 | VALUE_EXISTS => Ok(()),
            _ => Err(lease.refusal(&format!("adding a member to `{}`", group.dn), result).into()),
        }
    }

    /// Takes the account out of the group. Where the schema demands a member and this was the last
    /// one, the placeholder takes its place in the same request.
    pub(super) async fn revoke(&self, lease: &mut Lease, account: &str, group: &NativeId) -> Result<(), WriteFault> {
        let group = self.known_group(lease, group).await?;
        let member = || self.config().groups.member.clone();
        let take = || Mod::Delete(member(), one(account));
        let mut result = lease.modify(&group.dn, vec![take()]).await?;
        if result.rc == SCHEMA_FORBIDS {
            let stay = Mod::Add(member(), one(&self.config().placeholder_dn()));
            result = lease.modify(&group.dn, vec![stay, take()]).await?;
        }
        match result.rc {
            0 | NO_SUCH_VALUE => Ok(()),
            _ => Err(lease.refusal(&format!("taking a member out of `{}`", group.dn), result).into()),
        }
    }

    async fn known_group(&self, lease: &mut Lease, id: &NativeId) -> Result<Group, WriteFault> {
        let locator = Locator::Native(id.clone());
        let found = self.group(lease, &locator).await?;
        found.ok_or_else(|| no_entitlement(&locator).into())
    }
}

fn one(value: &str) -> HashSet<String> {
    HashSet::from([value.to_owned()])
}
