//! Who is in which group, read once for a reading of everybody.
//!
//! Asking for the groups of each account would be a request for each account. A server that keeps
//! `memberOf` would answer with the account, but nobody can tell a server that does not keep it
//! from an account without groups. So the groups are read whole, before the accounts.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use ldap3::Scope;
use ldap3::controls::PagedResults;
use tenure_connect::{Refusal, RefusalClass};
use tenure_model::NativeId;

use super::LdapConnector;
use super::dn::comparable;
use super::entry::{ENTRY_UUID, Entry};
use super::pool::{Lease, Search};
use super::read::next_cookie;
use crate::limits::{LDAP_GROUP_PAGE, LDAP_MEMBERS_MAX};

/// The groups of everybody, by DN in the form in which DNs compare.
#[derive(Debug, Default)]
pub(super) struct Memberships {
    groups: Vec<NativeId>,
    by_member: HashMap<Box<str>, Vec<u32>>,
}

impl Memberships {
    /// The groups of an account.
    pub(super) fn of(&self, dn: &str) -> BTreeSet<NativeId> {
        let places = self.by_member.get(comparable(dn).as_str()).map(Vec::as_slice).unwrap_or_default();
        let group = |place: &u32| self.groups.get(usize::try_from(*place).ok()?).cloned();
        places.iter().filter_map(group).collect()
    }

    fn add(&mut self, group: NativeId, members: &[String]) {
        let place = u32::try_from(self.groups.len()).unwrap_or(u32::MAX);
        self.groups.push(group);
        for member in members {
            self.by_member.entry(comparable(member).into_boxed_str()).or_default().push(place);
        }
    }
}

impl LdapConnector {
    /// Every membership there is.
    #[tracing::instrument(name = "connectors.ldap.memberships", skip_all)]
    pub(super) async fn memberships(&self, lease: &mut Lease) -> Result<Arc<Memberships>, Refusal> {
        let (base, filter) = (self.config().groups_dn(), self.group_class());
        let member = self.config().groups.member.as_str();
        let (mut all, mut cookie, mut count) = (Memberships::default(), Vec::new(), 0);
        loop {
            let control = Some(PagedResults { size: LDAP_GROUP_PAGE, cookie }.into());
            let attributes = vec![ENTRY_UUID, member];
            let scope = Scope::Subtree;
            let search = Search { base: &base, scope, filter: &filter, attributes, entries_max: 0, control };
            let (found, result) = lease.search(search).await?;
            if result.rc != 0 {
                return Err(lease.refusal("reading the groups", result));
            }
            for raw in found {
                let group = Entry::parse(raw)?;
                let members = group.values(member);
                count += members.len();
                all.add(group.id.clone(), members);
            }
            if count > LDAP_MEMBERS_MAX {
                let message = format!("the groups have more than {LDAP_MEMBERS_MAX} members; name a smaller container");
                return Err(Refusal::new(RefusalClass::Unsupported, message));
            }
            match next_cookie(&result.ctrls) {
                Some(next) => cookie = next,
                None => return Ok(Arc::new(all)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_is_found_however_the_group_writes_it() {
        let mut all = Memberships::default();
        all.add(NativeId::new("1"), &["uid=Ada, ou=People,dc=x".to_owned(), "cn=nobody,dc=x".to_owned()]);
        all.add(NativeId::new("2"), &["UID=ada,OU=people,DC=x".to_owned()]);
        assert_eq!(all.of("uid=ada,ou=people,dc=x"), [NativeId::new("1"), NativeId::new("2")].into());
        assert!(all.of("uid=bob,ou=people,dc=x").is_empty());
    }
}
