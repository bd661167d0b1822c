//! Who is in which group, read once for a reading of everybody.
//!
//! Asking for the groups of each account would be a request for each account. A server that keeps
//! `memberOf` would answer with the account, but nobody can tell a server that does not keep it
//! from an account without groups. So the groups are read whole, before the accounts.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use ldap3::Scope;
use tenure_connect::{Refusal, RefusalClass};
use tenure_model::NativeId;

use super::LdapConnector;
use super::ad;
use super::dn::comparable;
use super::entry::Entry;
use super::pool::{Lease, Search};
use super::read::{next_cookie, paged};
use crate::limits::{LDAP_GROUP_PAGE, LDAP_MEMBERS_MAX};

/// What an account holds.
#[derive(Debug, Default)]
pub(super) struct Held {
    /// By being a member itself.
    pub(super) direct: BTreeSet<NativeId>,
    /// Only because a group of its is a member.
    pub(super) through: BTreeSet<NativeId>,
}

/// The groups of everybody, by what stands for a member in the form in which members compare.
#[derive(Debug, Default)]
pub(super) struct Memberships {
    groups: Vec<Known>,
    by_member: HashMap<Box<str>, Vec<u32>>,
    by_sid: HashMap<String, u32>,
    nested: bool,
    by_name: bool,
}

#[derive(Debug)]
struct Known {
    id: NativeId,
    /// Needed where groups are members.
    dn: Option<String>,
}

impl Memberships {
    /// What an account holds, for which this stands in its groups.
    pub(super) fn of(&self, entry: &Entry, member: &str) -> Held {
        let mut direct: BTreeSet<u32> = self.places(member).collect();
        direct.extend(ad::primary::sid(entry).and_then(|sid| self.by_sid.get(&sid)));
        let through = if self.nested { self.around(&direct) } else { BTreeSet::new() };
        let ids = |places: BTreeSet<u32>| places.into_iter().filter_map(|place| Some(self.known(place)?.id.clone()));
        Held { through: ids(through).collect(), direct: ids(direct).collect() }
    }

    /// The groups that these are members of, and so on, without these.
    fn around(&self, direct: &BTreeSet<u32>) -> BTreeSet<u32> {
        let (mut all, mut front) = (direct.clone(), direct.clone());
        while !front.is_empty() {
            let dns = front.iter().filter_map(|place| self.known(*place)?.dn.as_deref());
            let next: BTreeSet<u32> = dns.flat_map(|dn| self.places(dn)).filter(|place| !all.contains(place)).collect();
            all.extend(&next);
            front = next;
        }
        all.difference(direct).copied().collect()
    }

    fn known(&self, place: u32) -> Option<&Known> {
        self.groups.get(usize::try_from(place).ok()?)
    }

    fn places(&self, member: &str) -> impl Iterator<Item = u32> {
        let places = self.by_member.get(self.key(member).as_ref()).map(Vec::as_slice).unwrap_or_default();
        places.iter().copied()
    }

    fn key(&self, member: &str) -> Box<str> {
        if self.by_name { member.into() } else { comparable(member).into_boxed_str() }
    }

    fn add(&mut self, group: &Entry, members: &[String]) {
        let place = u32::try_from(self.groups.len()).unwrap_or(u32::MAX);
        self.groups.push(Known { id: group.id.clone(), dn: self.nested.then(|| group.dn.clone()) });
        if let Some(sid) = group.value("objectSid") {
            self.by_sid.insert(sid.to_owned(), place);
        }
        for member in members {
            self.by_member.entry(self.key(member)).or_default().push(place);
        }
    }
}

impl LdapConnector {
    /// Every membership there is.
    #[tracing::instrument(name = "connectors.ldap.memberships", skip_all)]
    pub(super) async fn memberships(&self, lease: &mut Lease) -> Result<Arc<Memberships>, Refusal> {
        let (base, filter, groups) = (self.config().groups_dn(), self.group_class(), &self.config().groups);
        let (nested, by_name) = (groups.nested, groups.member_by.is_some());
        let (mut all, mut cookie, mut count) = (Memberships { nested, by_name, ..Default::default() }, Vec::new(), 0);
        loop {
            let mut attributes = self.group_attributes();
            attributes.push(&groups.member);
            let search = Search {
                base: &base,
                scope: Scope::Subtree,
                filter: &filter,
                attributes,
                entries_max: 0,
                controls: vec![paged(LDAP_GROUP_PAGE, cookie)],
            };
            let (found, result) = lease.search(search).await?;
            if result.rc != 0 {
                return Err(lease.refusal("reading the groups", result));
            }
            for raw in found {
                let group = self.parse(raw)?;
                let members = self
                    .every_value(lease, &group, &groups.member, LDAP_MEMBERS_MAX - count.min(LDAP_MEMBERS_MAX))
                    .await?;
                count += members.len();
                all.add(&group, &members);
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
    use crate::ldap::entry::tests::entry;

    fn group(id: &str, dn: &str) -> Entry {
        entry(dn, &[("entryUUID", &[id])])
    }

    fn held(all: &Memberships, member: &str) -> (Vec<String>, Vec<String>) {
        let held = all.of(&group("0", member), member);
        let texts = |ids: BTreeSet<NativeId>| ids.iter().map(ToString::to_string).collect();
        (texts(held.direct), texts(held.through))
    }

    #[test]
    fn a_member_is_found_however_the_group_writes_it() {
        let mut all = Memberships::default();
        all.add(&group("1", "cn=a"), &["uid=Ada, ou=People,dc=x".to_owned(), "cn=nobody,dc=x".to_owned()]);
        all.add(&group("2", "cn=b"), &["UID=ada,OU=people,DC=x".to_owned()]);
        assert_eq!(held(&all, "uid=ada,ou=people,dc=x").0, ["1", "2"]);
        assert!(held(&all, "uid=bob,ou=people,dc=x").0.is_empty());
    }

    #[test]
    fn a_member_by_name_is_only_that_name() {
        let mut all = Memberships { by_name: true, ..Default::default() };
        all.add(&group("1", "cn=a"), &["ada".to_owned()]);
        assert_eq!((held(&all, "ada").0, held(&all, "Ada").0), (vec!["1".to_owned()], vec![]));
    }

    #[test]
    fn what_is_held_through_groups_is_told_apart_and_a_circle_ends() {
        let mut all = Memberships { nested: true, ..Default::default() };
        all.add(&group("1", "cn=inner"), &["cn=ada".to_owned(), "cn=outer".to_owned()]);
        all.add(&group("2", "cn=outer"), &["CN=Inner".to_owned()]);
        all.add(&group("3", "cn=outermost"), &["cn=outer".to_owned(), "cn=ada".to_owned()]);
        all.add(&group("4", "cn=beyond"), &["cn=outermost".to_owned()]);
        let strings = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        assert_eq!(held(&all, "cn=ada"), (strings(&["1", "3"]), strings(&["2", "4"])));
    }
}
