//! The primary group. Its members are not among its `member` values, so that whoever looks there
//! alone would lose them; an account says by a number which one it is.
//!
//! `Domain Users`, which is everybody's unless somebody changed it, does not count as held.

use std::collections::HashSet;

use ldap3::{Mod, Scope};
use tenure_connect::{Refusal, RefusalClass, WriteFault};

use crate::ldap::LdapConnector;
use crate::ldap::dn::{all, bytes_equal, equals};
use crate::ldap::entry::Entry;
use crate::ldap::form;
use crate::ldap::groups::Group;
use crate::ldap::pool::{Lease, Search};

const ATTRIBUTE: &str = "primaryGroupID";
/// The number of `Domain Users` in every domain.
const DOMAIN_USERS: &str = "513";

/// The SID of the primary group of an account, where it is not the one of everybody.
pub(in crate::ldap) fn sid(entry: &Entry) -> Option<String> {
    let number = entry.value(ATTRIBUTE).filter(|number| *number != DOMAIN_USERS)?;
    form::sid_beside(entry.value("objectSid")?, number)
}

/// A filter that is true of that group.
pub(in crate::ldap) fn filter(entry: &Entry) -> Option<String> {
    Some(bytes_equal("objectSid", &form::sid_bytes(&sid(entry)?)?))
}

/// Whether a group is that of the account.
pub(in crate::ldap) fn is(entry: &Entry, group: &Group) -> bool {
    group.sid.is_some() && sid(entry) == group.sid
}

impl LdapConnector {
    /// Gives an account `Domain Users` for its primary group again, so that it can leave the one
    /// that it has. The server then puts it among the members of that one.
    pub(in crate::ldap) async fn leave_primary_group(
        &self,
        lease: &mut Lease,
        entry: &Entry,
    ) -> Result<(), WriteFault> {
        let everybody = self.domain_users(lease, entry).await?;
        self.add_member(lease, &everybody, &entry.dn).await?;
        let mods = vec![Mod::Replace(ATTRIBUTE.to_owned(), HashSet::from([DOMAIN_USERS.to_owned()]))];
        self.modify(lease, entry, mods, "changing the primary group").await
    }

    async fn domain_users(&self, lease: &mut Lease, entry: &Entry) -> Result<String, Refusal> {
        let sid = entry.value("objectSid").and_then(|sid| form::sid_beside(sid, DOMAIN_USERS));
        let bytes = sid.as_deref().and_then(form::sid_bytes).unwrap_or_default();
        let filter = all(&[equals("objectClass", "group"), bytes_equal("objectSid", &bytes)]);
        let search = Search {
            base: &self.config().base_dn,
            scope: Scope::Subtree,
            filter: &filter,
            attributes: vec!["objectGUID"],
            entries_max: 2,
            controls: Vec::new(),
        };
        let (mut found, result) = lease.search(search).await?;
        match (result.rc, found.pop()) {
            (0, Some(raw)) => Ok(self.parse(raw)?.dn),
            (0, None) => {
                let message = "`Domain Users` is not below `baseDn`, and an account must leave its primary group for \
                               it; set `baseDn` to the domain";
                Err(Refusal::new(RefusalClass::Invalid, message))
            }
            _ => Err(lease.refusal("looking for `Domain Users`", result)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ldap::entry::tests::entry;

    #[test]
    fn the_group_of_everybody_is_nobodys() {
        let of = |number: &str| sid(&entry("cn=a", &[("objectSid", &["S-1-5-21-1-2-3-1104"]), (ATTRIBUTE, &[number])]));
        assert_eq!(of("513"), None);
        assert_eq!(of("1102").as_deref(), Some("S-1-5-21-1-2-3-1102"));
        assert_eq!(sid(&entry("cn=a", &[("uid", &["a"])])), None);
    }
}
