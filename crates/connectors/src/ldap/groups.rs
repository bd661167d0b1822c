//! Group membership, changed by one value at a time so that nobody else is touched.

use std::collections::HashSet;

use ldap3::{Mod, Scope};
use tenure_connect::plan::no_entitlement;
use tenure_connect::{Locator, Refusal, RefusalClass, SeenEntitlement, WriteFault};
use tenure_model::NativeId;

use super::LdapConnector;
use super::ad;
use super::dn::equals;
use super::entry::Entry;
use super::pool::{Lease, Search};

/// A group and where it is.
pub(super) struct Group {
    pub(super) dn: String,
    pub(super) seen: SeenEntitlement,
    /// By which an account can be in it without being among its members.
    pub(super) sid: Option<String>,
}

/// The server's codes for "that value is there" and "that value is not there".
const VALUE_EXISTS: u32 = 20;
const NO_SUCH_VALUE: u32 = 16;
/// The server's code for a group that would be left empty.
const SCHEMA_FORBIDS: u32 = 65;
/// What a domain controller says for both, and for other things.
const NAME_EXISTS: u32 = 68;
const UNWILLING: u32 = 53;

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
        Ok(Some(self.as_group(self.parse(raw)?)))
    }

    pub(super) fn as_group(&self, entry: Entry) -> Group {
        Group { seen: self.seen_group(&entry), sid: entry.value("objectSid").map(str::to_owned), dn: entry.dn }
    }

    /// Adds the account to the group.
    pub(super) async fn grant(&self, lease: &mut Lease, entry: &Entry, group: &NativeId) -> Result<(), WriteFault> {
        let group = self.known_group(lease, group).await?;
        if ad::primary::is(entry, &group) {
            return Ok(());
        }
        self.add_member(lease, &group.dn, &self.member(entry)?).await
    }

    /// Takes the account out of the group.
    pub(super) async fn revoke(&self, lease: &mut Lease, entry: &Entry, group: &NativeId) -> Result<(), WriteFault> {
        let group = self.known_group(lease, group).await?;
        if ad::primary::is(entry, &group) {
            self.leave_primary_group(lease, entry).await?;
        }
        self.remove_member(lease, &group.dn, &self.member(entry)?).await
    }

    /// Adds a member where it is not one already.
    pub(super) async fn add_member(&self, lease: &mut Lease, group: &str, member: &str) -> Result<(), WriteFault> {
        let change = Mod::Add(self.config().groups.member.clone(), one(member));
        let result = lease.modify(group, vec![change]).await?;
        match result.rc {
            0 | VALUE_EXISTS => Ok(()),
            NAME_EXISTS if self.is_member(lease, group, member).await? => Ok(()),
            _ => Err(lease.refusal(&format!("adding a member to `{group}`"), result).into()),
        }
    }

    /// Takes a member out where it is one. Where the schema demands a member and this was the last
    /// one, the placeholder takes its place in the same request.
    pub(super) async fn remove_member(&self, lease: &mut Lease, group: &str, member: &str) -> Result<(), WriteFault> {
        let attribute = || self.config().groups.member.clone();
        let take = || Mod::Delete(attribute(), one(member));
        let mut result = lease.modify(group, vec![take()]).await?;
        if result.rc == SCHEMA_FORBIDS {
            let stay = Mod::Add(attribute(), one(&self.config().placeholder_dn()));
            result = lease.modify(group, vec![stay, take()]).await?;
        }
        match result.rc {
            0 | NO_SUCH_VALUE => Ok(()),
            UNWILLING if !self.is_member(lease, group, member).await? => Ok(()),
            _ => Err(lease.refusal(&format!("taking a member out of `{group}`"), result).into()),
        }
    }

    /// Whether somebody is a member, asked after a refusal: a domain controller has several codes
    /// for what is so already, and they mean other things too.
    async fn is_member(&self, lease: &mut Lease, group: &str, member: &str) -> Result<bool, Refusal> {
        let filter = equals(&self.config().groups.member, member);
        let search = Search {
            base: group,
            scope: Scope::Base,
            filter: &filter,
            attributes: vec!["1.1"],
            entries_max: 1,
            controls: Vec::new(),
        };
        let (found, result) = lease.search(search).await?;
        match result.rc {
            0 => Ok(!found.is_empty()),
            _ => Err(lease.refusal("looking for a member", result)),
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
