//! Reading: one account, pages of them, and the plan that is made from what was read.

use ldap3::controls::{Control, RawControl};
use ldap3::{ResultEntry, Scope};
use tenure_connect::plan::{self, Resolved};
use tenure_connect::{Change, Checked, Desired, Locator, ObjectClass, Query, Refusal, RefusalClass, SeenEntitlement};
use tenure_model::{Attributes, EntitlementKind, Observed, Value};

use super::LdapConnector;
use super::ad;
use super::ber::{self, Part};
use super::config::Disable;
use super::container::{self, CONTAINER};
use super::dialect::Dialect;
use super::dn::{all, any, equals, is_attribute_name, is_within};
use super::entry::{Entry, values};
use super::form::Form;
use super::groups::Group;
use super::memberships::Held;
use super::nested::NESTED_GROUPS;
use super::pool::{Lease, Pool, Search};
use crate::limits::LDAP_GROUPS_OF_ACCOUNT_MAX;

/// The OID by which a server says that it enforces password policies.
const PASSWORD_POLICY_OID: &str = "1.3.6.1.4.1.42.2.27.8.5.1";
/// The OID of reading in pages (RFC 2696).
const PAGED_RESULTS_OID: &str = "1.2.840.113556.1.4.319";

impl LdapConnector {
    /// Whether the server answers, lets us in, and has what the settings speak of.
    pub(super) async fn check_server(&self) -> Result<Checked, Refusal> {
        let mut lease = self.pool.fresh().await?;
        for dn in [self.config().people_dn(), self.config().groups_dn()] {
            let search = Search::entry(&dn, vec!["1.1"]);
            let (found, result) = lease.search(search).await?;
            if result.rc != 0 || found.is_empty() {
                return Err(lease.refusal(&format!("looking at `{dn}`"), result));
            }
        }
        if self.dialect() == Dialect::ActiveDirectory {
            ad::demand_domain(&mut lease, &self.config().url).await?;
        }
        let controls = root(&mut lease, "supportedControl").await?;
        if self.config().disable == Disable::PpolicyLock && !controls.iter().any(|oid| oid == PASSWORD_POLICY_OID) {
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
        self.find_over(&self.pool, locator).await
    }

    /// The same over a connection of either pool.
    pub(super) async fn find_over(&self, pool: &Pool, locator: &Locator) -> Result<(Lease, Option<Entry>), Refusal> {
        let mut lease = pool.lease().await?;
        let found = match self.find(&mut lease, locator).await {
            Err(refusal) if lease.rested && refusal.class == RefusalClass::Network => {
                drop(lease);
                lease = pool.fresh().await?;
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
            controls: Vec::new(),
        };
        let (mut found, result) = lease.search(search).await?;
        if found.len() > 1 {
            return Err(Refusal::new(
                RefusalClass::Invalid,
                format!("more than one account answers to `{locator}`; use an attribute that is unique"),
            ));
        }
        match result.rc {
            0 => found.pop().map(|raw| self.parse(raw)).transpose(),
            _ => Err(lease.refusal("a search for an account", result)),
        }
    }

    /// An entry, known by the id of this kind of directory.
    pub(super) fn parse(&self, raw: ResultEntry) -> Result<Entry, Refusal> {
        Entry::parse(raw, self.dialect().id_attribute())
    }

    /// What an entry means, with the groups that it is in.
    #[tracing::instrument(name = "connectors.ldap.observe", skip_all)]
    pub(super) async fn observed(&self, lease: &mut Lease, entry: &Entry) -> Result<Observed, Refusal> {
        let held = self.groups_of(lease, entry).await?;
        let through = if self.config().groups.nested { self.groups_around(lease, &held).await? } else { Vec::new() };
        let ids = |groups: Vec<Group>| groups.into_iter().map(|group| group.seen.native_id).collect();
        Ok(self.with_groups(entry, Held { direct: ids(held), through: ids(through) }))
    }

    pub(super) fn with_groups(&self, entry: &Entry, held: Held) -> Observed {
        let names = self.config().people.attributes.iter().map(String::as_str);
        let mut attributes = self.attributes_of(entry, names);
        if !held.through.is_empty() {
            let groups = held.through.iter().map(|id| Value::from(id.as_str())).collect();
            attributes.insert(NESTED_GROUPS.to_owned(), Value::List(groups));
        }
        Observed {
            native_id: Some(entry.id.clone()),
            name: entry.dn.clone(),
            state: self.config().disable.state(entry),
            holds: held.direct,
            attributes,
            at: self.clock.now(),
        }
    }

    /// These attributes, in the form in which all attributes are compared.
    pub(super) fn attributes_of<'a>(&self, entry: &Entry, names: impl Iterator<Item = &'a str>) -> Attributes {
        let value = |name: &str| match name {
            CONTAINER => container::of(&entry.dn, &self.config().base_dn),
            _ => Form::of(self.dialect(), name).read(entry.values(name).to_vec()),
        };
        names.filter_map(|name| Some((name.to_owned(), value(name)?))).collect()
    }

    /// The groups that an account is a member of itself.
    pub(super) async fn groups_of(&self, lease: &mut Lease, entry: &Entry) -> Result<Vec<Group>, Refusal> {
        let mut ways = vec![equals(&self.config().groups.member, &self.member(entry)?)];
        ways.extend(ad::primary::filter(entry));
        let filter = all(&[self.group_class(), any(&ways)]);
        let (found, result) = self.search_groups(lease, &filter, LDAP_GROUPS_OF_ACCOUNT_MAX).await?;
        match result.rc {
            0 => found.into_iter().map(|raw| Ok(self.as_group(self.parse(raw)?))).collect(),
            _ => Err(lease.refusal("reading the groups of an account", result)),
        }
    }

    /// What stands for an account in its groups.
    pub(super) fn member(&self, entry: &Entry) -> Result<String, Refusal> {
        let Some(by) = &self.config().groups.member_by else { return Ok(entry.dn.clone()) };
        match entry.values(by) {
            [one] => Ok(one.clone()),
            _ => Err(Refusal::new(
                RefusalClass::Invalid,
                format!("`{}` must have one value of `{by}`; it is a member of groups by it", entry.dn),
            )),
        }
    }

    pub(super) async fn search_groups(
        &self,
        lease: &mut Lease,
        filter: &str,
        entries_max: i32,
    ) -> Result<(Vec<ResultEntry>, ldap3::LdapResult), Refusal> {
        let base = self.config().groups_dn();
        let search = Search {
            base: &base,
            scope: Scope::Subtree,
            filter,
            attributes: self.group_attributes(),
            entries_max,
            controls: Vec::new(),
        };
        lease.search(search).await
    }

    pub(super) fn group_class(&self) -> String {
        equals("objectClass", &self.config().groups.object_class)
    }

    pub(super) fn group_attributes(&self) -> Vec<&str> {
        let own = self.dialect().group_attributes().iter().copied();
        own.chain([self.config().groups.rdn.as_str()]).collect()
    }

    pub(super) fn account_attributes(&self) -> Vec<&str> {
        let managed = self.config().people.attributes.iter().map(String::as_str).filter(|name| *name != CONTAINER);
        let own = self.dialect().own_attributes().iter().copied().chain([self.config().disable.attribute()]);
        managed.chain(own).collect()
    }

    pub(super) fn account_filter(&self, only: Option<&Locator>) -> Result<String, Refusal> {
        let mut parts = vec![self.dialect().account_class(self.config())];
        match only {
            None => {}
            Some(Locator::Native(id)) => parts.push(self.dialect().id_filter(id.as_str())),
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
            Some(Locator::Native(id)) => parts.push(self.dialect().id_filter(id.as_str())),
            Some(Locator::Attribute { name, value }) if is_attribute_name(name) => parts.push(equals(name, value)),
            Some(Locator::Attribute { name, .. }) => return Err(unmanaged(name)),
        }
        Ok(all(&parts))
    }

    /// The writes that would make it so.
    pub(super) async fn plan_changes(&self, desired: &Desired) -> Result<Vec<Change>, Refusal> {
        let desired = desired.with_attributes(|attributes| self.wanted(attributes))?;
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
            if known == CONTAINER {
                return Ok((known.to_owned(), self.normal_container(value)?));
            }
            let form = Form::of(self.dialect(), known);
            let texts = form.write(value).ok_or_else(|| unwritable(name, form))?;
            Ok((known.to_owned(), form.read(texts).unwrap_or(Value::Cleared)))
        };
        attributes.iter().map(one).collect()
    }

    /// The same, of attributes that are to be written.
    pub(super) fn wanted(&self, attributes: &Attributes) -> Result<Attributes, Refusal> {
        if let Some(name) = attributes.keys().find(|name| self.dialect().is_read_only(name)) {
            let message = format!("attribute `{name}` is written by the directory alone; take it out of what is set");
            return Err(Refusal::new(RefusalClass::Invalid, message));
        }
        let wanted = self.normal(attributes)?;
        ad::mailbox::demand_one_primary(&wanted)?;
        Ok(wanted)
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
            ObjectClass::Entitlement => (config.groups_dn(), self.group_filter(only)?, self.group_attributes()),
        })
    }

    pub(super) fn seen_group(&self, entry: &Entry) -> SeenEntitlement {
        let name = entry.value(&self.config().groups.rdn).unwrap_or(&entry.dn).to_owned();
        SeenEntitlement { native_id: entry.id.clone(), kind: EntitlementKind::Group, name }
    }

    /// Whether an entry is where accounts are.
    pub(super) fn is_among_people(&self, dn: &str) -> bool {
        is_within(dn, &self.config().people_dn())
    }
}

/// What the server says of itself under this name.
pub(super) async fn root(lease: &mut Lease, attribute: &str) -> Result<Vec<String>, Refusal> {
    let search = Search::entry("", vec![attribute]);
    let (mut found, result) = lease.search(search).await?;
    match result.rc {
        0 => Ok(found.pop().map(|raw| values(raw, attribute)).unwrap_or_default()),
        _ => Err(lease.refusal("asking the server what it can do", result)),
    }
}

/// A request for a page after this cookie.
pub(super) fn paged(size: i32, cookie: Vec<u8>) -> RawControl {
    RawControl { crit: false, ..ber::demand(PAGED_RESULTS_OID, vec![Part::Number(size), Part::Octets(cookie)]) }
}

/// Where the next page begins; none after the last one.
pub(super) fn next_cookie(controls: &[Control]) -> Option<Vec<u8>> {
    let cookie = ber::control(controls, PAGED_RESULTS_OID)?.into_iter().nth(1)?.expect_primitive()?;
    Some(cookie).filter(|cookie| !cookie.is_empty())
}

pub(super) fn unmanaged(name: &str) -> Refusal {
    Refusal::new(
        RefusalClass::Invalid,
        format!("`{name}` is not among the attributes of this connection; add it to `people.attributes`"),
    )
}

fn unwritable(name: &str, form: Form) -> Refusal {
    let message = match form {
        Form::Text => format!("attribute `{name}` has an empty value; a directory has none, so clear it"),
        Form::Moment => format!("attribute `{name}` is a day or a moment, such as `2027-03-31`; give it one"),
    };
    Refusal::new(RefusalClass::Invalid, message)
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
