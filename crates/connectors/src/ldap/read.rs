//! Reading: one account, pages of them, and the plan that is made from what was read.

use std::collections::BTreeSet;

use ldap3::controls::{Control, ControlType, PagedResults};
use ldap3::{ResultEntry, Scope};
use tenure_connect::plan::{self, Resolved};
use tenure_connect::{Change, Checked, Desired, Locator, ObjectClass, Query, Refusal, RefusalClass, SeenEntitlement};
use tenure_model::{Attributes, EntitlementKind, NativeId, Observed, Value};

use super::LdapConnector;
use super::config::Disable;
use super::dn::{all, equals, is_attribute_name};
use super::entry::{ENTRY_UUID, Entry, texts_of, value_of, values};
use super::pool::{Lease, Search};
use crate::limits::LDAP_GROUPS_OF_ACCOUNT_MAX;

/// The OID by which a server says that it enforces password policies.
const PASSWORD_POLICY_OID: &str = "1.3.6.1.4.1.42.2.27.8.5.1";

impl LdapConnector {
    /// Whether the server answers, lets us in, and has what the settings speak of.
    pub(super) async fn check_server(&self) -> Result<Checked, Refusal> {
        let mut lease = self.pool.fresh().await?;
        for dn in [self.config().people_dn(), self.config().groups_dn()] {
            let search = Search {
                base: &dn,
                scope: Scope::Base,
                filter: "(objectClass=*)",
                attributes: vec!["1.1"],
                entries_max: 1,
                control: None,
            };
            let (found, result) = lease.search(search).await?;
            if result.rc != 0 || found.is_empty() {
                return Err(lease.refusal(&format!("looking at `{dn}`"), result));
            }
        }
        if self.config().disable == Disable::PpolicyLock && !announces_password_policy(&mut lease).await? {
            return Err(Refusal::new(
                RefusalClass::Unsupported,
                format!(
                    "`{}` does not announce password policies, so a lock would lock nobody out; load the ppolicy \
                     overlay, or set `disable` to another kind",
                    self.config().url
                ),
            ));
        }
        self.pool.keep(lease);
        Ok(Checked { peer: format!("the directory at {}", self.config().url) })
    }

    /// The account as it is now.
    pub(super) async fn observe(&self, locator: &Locator) -> Result<Option<Observed>, Refusal> {
        let (mut lease, entry) = self.find_with_lease(locator).await?;
        let seen = match entry {
            Some(entry) => Some(self.observed(&mut lease, &entry).await?),
            None => None,
        };
        self.pool.keep(lease);
        Ok(seen)
    }

    /// A connection that is known to work, and the entry that was found over it. A connection that
    /// lay idle and turns out to be dead is replaced once.
    pub(super) async fn find_with_lease(&self, locator: &Locator) -> Result<(Lease, Option<Entry>), Refusal> {
        let mut lease = self.pool.lease().await?;
        let found = match self.find(&mut lease, locator).await {
            Err(refusal) if lease.rested && refusal.class == RefusalClass::Network => {
                drop(lease);
                lease = self.pool.fresh().await?;
                self.find(&mut lease, locator).await?
            }
            found => found?,
        };
        Ok((lease, found))
    }

    /// The one account that answers to the locator.
    pub(super) async fn find(&self, lease: &mut Lease, locator: &Locator) -> Result<Option<Entry>, Refusal> {
        let filter = self.account_filter(Some(locator))?;
        let base = self.config().people_dn();
        let search = Search {
            base: &base,
            scope: Scope::Subtree,
            filter: &filter,
            attributes: self.account_attributes(),
            entries_max: 2,
            control: None,
        };
        let (mut found, result) = lease.search(search).await?;
        if found.len() > 1 {
            return Err(Refusal::new(
                RefusalClass::Invalid,
                format!("more than one account answers to `{locator}`; use an attribute that is unique"),
            ));
        }
        match result.rc {
            0 => found.pop().map(Entry::parse).transpose(),
            _ => Err(lease.refusal("a search for an account", result)),
        }
    }

    /// What an entry means, with the groups that it is in.
    #[tracing::instrument(name = "connectors.ldap.observe", skip_all)]
    pub(super) async fn observed(&self, lease: &mut Lease, entry: &Entry) -> Result<Observed, Refusal> {
        let holds = self.groups_of(lease, &entry.dn).await?;
        Ok(self.with_groups(entry, holds))
    }

    pub(super) fn with_groups(&self, entry: &Entry, holds: BTreeSet<NativeId>) -> Observed {
        Observed {
            native_id: Some(entry.id.clone()),
            name: entry.dn.clone(),
            state: self.config().disable.state(entry),
            holds,
            attributes: entry.attributes(self.config().people.attributes.iter().map(String::as_str)),
            at: self.clock.now(),
        }
    }

    pub(super) async fn groups_of(&self, lease: &mut Lease, dn: &str) -> Result<BTreeSet<NativeId>, Refusal> {
        let filter = all(&[self.group_class(), equals(&self.config().groups.member, dn)]);
        let (found, result) = self.search_groups(lease, &filter, LDAP_GROUPS_OF_ACCOUNT_MAX).await?;
        match result.rc {
            0 => found.into_iter().map(|raw| Entry::parse(raw).map(|entry| entry.id)).collect(),
            _ => Err(lease.refusal("reading the groups of an account", result)),
        }
    }

    pub(super) async fn search_groups(
        &self,
        lease: &mut Lease,
        filter: &str,
        entries_max: i32,
    ) -> Result<(Vec<ResultEntry>, ldap3::LdapResult), Refusal> {
        let base = self.config().groups_dn();
        let attributes = vec![ENTRY_UUID, self.config().groups.rdn.as_str()];
        lease
            .search(Search { base: &base, scope: Scope::Subtree, filter, attributes, entries_max, control: None })
            .await
    }

    pub(super) fn group_class(&self) -> String {
        equals("objectClass", &self.config().groups.object_class)
    }

    pub(super) fn account_attributes(&self) -> Vec<&str> {
        let managed = self.config().people.attributes.iter().map(String::as_str);
        managed.chain([ENTRY_UUID, self.config().disable.attribute()]).collect()
    }

    pub(super) fn account_filter(&self, only: Option<&Locator>) -> Result<String, Refusal> {
        let class = self.config().people.object_classes.first().map_or("person", String::as_str);
        let mut parts = vec![equals("objectClass", class)];
        match only {
            None => {}
            Some(Locator::Native(id)) => parts.push(equals(ENTRY_UUID, id.as_str())),
            Some(Locator::Attribute { name, value }) => {
                let name = self.config().attribute(name).ok_or_else(|| unmanaged(name))?;
                parts.push(equals(name, value));
            }
        }
        Ok(all(&parts))
    }

    pub(super) fn group_filter(&self, only: Option<&Locator>) -> Result<String, Refusal> {
        let mut parts = vec![self.group_class()];
        match only {
            None => {}
            Some(Locator::Native(id)) => parts.push(equals(ENTRY_UUID, id.as_str())),
            Some(Locator::Attribute { name, value }) if is_attribute_name(name) => parts.push(equals(name, value)),
            Some(Locator::Attribute { name, .. }) => return Err(unmanaged(name)),
        }
        Ok(all(&parts))
    }

    /// The writes that would make it so.
    pub(super) async fn plan_changes(&self, desired: &Desired) -> Result<Vec<Change>, Refusal> {
        let desired = desired.with_attributes(|attributes| self.normal(attributes))?;
        let (mut lease, entry) = self.find_with_lease(desired.account()).await?;
        let now = match &entry {
            Some(entry) => Some(self.observed(&mut lease, entry).await?),
            None => None,
        };
        let mut resolved = Resolved::new();
        for locator in desired.entitlements() {
            if let Some(group) = self.group(&mut lease, locator).await? {
                resolved.insert(locator.clone(), group.seen);
            }
        }
        self.pool.keep(lease);
        let changes = plan::changes(&desired, now.as_ref(), &resolved)?;
        let accounts = self.description.class(ObjectClass::Account);
        Ok(accounts.map_or_else(Vec::new, |accounts| plan::with_moves(changes, accounts)))
    }

    /// Attributes in our spelling and in the form in which they are read back.
    pub(super) fn normal(&self, attributes: &Attributes) -> Result<Attributes, Refusal> {
        let one = |(name, value): (&String, &Value)| {
            let known = self.config().attribute(name).ok_or_else(|| unmanaged(name))?;
            let texts = texts_of(value).ok_or_else(|| {
                let message = format!("attribute `{name}` has an empty value; a directory has none, so clear it");
                Refusal::new(RefusalClass::Invalid, message)
            })?;
            Ok((known.to_owned(), value_of(texts).unwrap_or(Value::Cleared)))
        };
        attributes.iter().map(one).collect()
    }

    /// Where a query looks, for what, and which attributes it wants.
    pub(super) fn within(&self, query: &Query) -> Result<(String, String, Vec<&str>), Refusal> {
        let (config, only) = (self.config(), query.only.as_ref());
        Ok(match query.class {
            ObjectClass::Account => {
                let mut filter = self.account_filter(only)?;
                if let Some(wanted) = &query.filter {
                    let pushed = self.ldap_filter(wanted);
                    let pushed = pushed.ok_or_else(|| self.description.unsupported("answer this filter itself"))?;
                    filter = all(&[filter, pushed]);
                }
                (config.people_dn(), filter, self.account_attributes())
            }
            ObjectClass::Entitlement => {
                (config.groups_dn(), self.group_filter(only)?, vec![ENTRY_UUID, config.groups.rdn.as_str()])
            }
        })
    }

    pub(super) fn seen_group(&self, entry: &Entry) -> SeenEntitlement {
        let name = entry.values(&self.config().groups.rdn).first().cloned().unwrap_or_else(|| entry.dn.clone());
        SeenEntitlement { native_id: entry.id.clone(), kind: EntitlementKind::Group, name }
    }
}

async fn announces_password_policy(lease: &mut Lease) -> Result<bool, Refusal> {
    let search = Search {
        base: "",
        scope: Scope::Base,
        filter: "(objectClass=*)",
        attributes: vec!["supportedControl"],
        entries_max: 1,
        control: None,
    };
    let (mut found, result) = lease.search(search).await?;
    let controls = found.pop().map(|raw| values(raw, "supportedControl")).unwrap_or_default();
    match result.rc {
        0 => Ok(controls.iter().any(|oid| oid == PASSWORD_POLICY_OID)),
        _ => Err(lease.refusal("asking the server what it can do", result)),
    }
}

pub(super) fn next_cookie(controls: &[Control]) -> Option<Vec<u8>> {
    let paged = controls.iter().find(|control| matches!(control.0, Some(ControlType::PagedResults)))?;
    Some(paged.1.parse::<PagedResults>().cookie).filter(|cookie| !cookie.is_empty())
}

pub(super) fn unmanaged(name: &str) -> Refusal {
    Refusal::new(
        RefusalClass::Invalid,
        format!("`{name}` is not among the attributes of this connection; add it to `people.attributes`"),
    )
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use tenure_connect::FileSecrets;
    use tenure_model::SystemClock;

    #[test]
    fn only_named_attributes_are_asked_for() {
        let settings = serde_json::json!({
            "url": "ldap://127.0.0.1", "bindDn": "cn=a", "password": "file:/none", "baseDn": "dc=b",
            "people": { "attributes": ["uid", "mail"] },
        });
        let config = serde_json::from_value(settings).unwrap();
        let ldap = LdapConnector::new(config, Arc::new(FileSecrets), Arc::new(SystemClock::new())).unwrap();
        assert_eq!(ldap.account_attributes(), ["uid", "mail", "entryUUID", "pwdAccountLockedTime"]);
    }
}
