//! Groups within groups: what one account holds only through others, found by walking upwards.
//!
//! A domain controller has a rule that walks by itself (1.2.840.113556.1.4.1941). It is not used:
//! its cost grows with the domain and not with the account, and other directories lack it.

use std::collections::BTreeSet;

use tenure_connect::{Refusal, RefusalClass};

use super::LdapConnector;
use super::dn::{all, any, comparable, equals};
use super::groups::Group;
use super::pool::Lease;
use crate::limits::{LDAP_GROUP_DEPTH_MAX, LDAP_GROUPS_AT_ONCE_MAX, LDAP_GROUPS_OF_ACCOUNT_MAX};

/// The attribute in which an account shows them.
pub(super) const NESTED_GROUPS: &str = "nestedGroups";

impl LdapConnector {
    /// The groups that these are members of, and so on, without these.
    pub(super) async fn groups_around(&self, lease: &mut Lease, direct: &[Group]) -> Result<Vec<Group>, Refusal> {
        let mut known: BTreeSet<String> = direct.iter().map(|group| comparable(&group.dn)).collect();
        let mut front: Vec<String> = direct.iter().map(|group| group.dn.clone()).collect();
        let mut around = Vec::new();
        for _ in 0..LDAP_GROUP_DEPTH_MAX {
            if front.is_empty() {
                return Ok(around);
            }
            let mut next = Vec::new();
            for some in front.chunks(LDAP_GROUPS_AT_ONCE_MAX) {
                let ways: Vec<String> = some.iter().map(|dn| equals(&self.config().groups.member, dn)).collect();
                let filter = all(&[self.group_class(), any(&ways)]);
                let (found, result) = self.search_groups(lease, &filter, LDAP_GROUPS_OF_ACCOUNT_MAX).await?;
                if result.rc != 0 {
                    return Err(lease.refusal("reading the groups of groups", result));
                }
                for raw in found {
                    let group = self.as_group(self.parse(raw)?);
                    if known.insert(comparable(&group.dn)) {
                        next.push(group.dn.clone());
                        around.push(group);
                    }
                }
            }
            front = next;
        }
        let message = format!("groups are members of groups over more than {LDAP_GROUP_DEPTH_MAX} steps; unfold them");
        Err(Refusal::new(RefusalClass::Unsupported, message))
    }
}
