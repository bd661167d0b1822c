//! What changed by the log of accesses that OpenLDAP can keep in a database of its own. It tells
//! who vanished, and who came into a group or left it.

use ldap3::Scope;
use tenure_connect::{Refusal, RefusalClass};
use tenure_model::NativeId;

use super::{Answer, Found, not_ours, too_many};
use crate::ldap::LdapConnector;
use crate::ldap::dn::{all, comparable, equals, is_within};
use crate::ldap::entry::Entry;
use crate::ldap::pool::{Lease, Search};
use crate::ldap::read::{next_cookie, paged, root};
use crate::limits::LDAP_FEED_PAGE;

const LOG: &str = "cn=accesslog";
/// The attribute that names an entry of the log, and says when.
const START: &str = "reqStart";
const WRITES: &str = "(&(objectClass=auditWriteObject)(reqResult=0))";
/// The token of a log without entries.
const BEFORE_ALL: &str = "19700101000000.000000Z";

/// The server's code for what is not there, or not for us.
const NOT_SHOWN: u32 = 32;

impl LdapConnector {
    /// Whether the server has such a log and shows it to us.
    pub(super) async fn has_log(&self, lease: &mut Lease) -> Result<bool, Refusal> {
        let contexts = root(lease, "namingContexts").await?;
        if !contexts.iter().any(|context| comparable(context) == comparable(LOG)) {
            return Ok(false);
        }
        let search = Search::entry(LOG, vec!["1.1"]);
        let (found, result) = lease.search(search).await?;
        match result.rc {
            0 | NOT_SHOWN => Ok(!found.is_empty()),
            _ => Err(lease.refusal("looking at the log of accesses", result)),
        }
    }

    pub(super) async fn log_now(&self, lease: &mut Lease) -> Result<String, Refusal> {
        let mut newest = BEFORE_ALL.to_owned();
        self.each_in_log(lease, WRITES, &[], |entry| {
            if let Some(start) = entry.value(START).filter(|start| is_start(start)) {
                newest = start.to_owned().max(std::mem::take(&mut newest));
            }
            true
        })
        .await?;
        Ok(newest)
    }

    pub(super) async fn log_since(&self, lease: &mut Lease, since: &str) -> Result<Answer, Refusal> {
        if !is_start(since) {
            return Ok(Err(not_ours()));
        }
        let mut reaches_back = since == BEFORE_ALL;
        let mut entries = Vec::new();
        let filter = all(&[WRITES.to_owned(), format!("({START}>={since})")]);
        let wanted = ["reqType", "reqDN", "reqEntryUUID", "reqMod"];
        self.each_in_log(lease, &filter, &wanted, |entry| {
            if entry.value(START) == Some(since) {
                reaches_back = true;
            } else {
                entries.push(entry);
            }
            too_many(entries.len()).is_none()
        })
        .await?;
        if !reaches_back {
            return Ok(Err("the log of accesses no longer reaches back to that moment".to_owned()));
        }
        if let Some(why) = too_many(entries.len()) {
            return Ok(Err(why));
        }
        let mut found = Found { next: since.to_owned(), ..Found::default() };
        for entry in entries {
            self.take_from_log(lease, &entry, &mut found).await?;
        }
        Ok(Ok(found))
    }

    async fn take_from_log(&self, lease: &mut Lease, entry: &Entry, found: &mut Found) -> Result<(), Refusal> {
        if let Some(start) = entry.value(START).filter(|start| is_start(start)) {
            found.next = start.to_owned().max(std::mem::take(&mut found.next));
        }
        let dn = entry.value("reqDN").unwrap_or_default();
        if self.is_among_people(dn) {
            let id = entry.value("reqEntryUUID").map(NativeId::new).ok_or_else(|| {
                let message = "the log of accesses does not name entries by `reqEntryUUID`, as OpenLDAP does from 2.5 \
                               on; set `changes: timestamps`";
                Refusal::new(RefusalClass::Unsupported, message)
            })?;
            match entry.value("reqType") {
                Some("delete") => found.gone.insert(id),
                _ => found.changed.insert(id),
            };
        } else if is_within(dn, &self.config().groups_dn()) {
            for member in members(entry, &self.config().groups.member) {
                found.touched.extend(self.id_of_member(lease, member).await?);
            }
        }
        Ok(())
    }

    async fn id_of_member(&self, lease: &mut Lease, member: &str) -> Result<Option<NativeId>, Refusal> {
        let people = self.config().people_dn();
        let (base, scope, by) = match &self.config().groups.member_by {
            None if !self.is_among_people(member) => return Ok(None),
            None => (member, Scope::Base, None),
            Some(by) => (people.as_str(), Scope::Subtree, Some(equals(by, member))),
        };
        let parts: Vec<String> = by.into_iter().chain([self.account_filter(None)?]).collect();
        let filter = all(&parts);
        let attributes = vec![self.dialect().id_attribute()];
        let search = Search { base, scope, filter: &filter, attributes, entries_max: 2, controls: Vec::new() };
        let (mut entries, result) = lease.search(search).await?;
        match (result.rc, entries.pop()) {
            (0, Some(raw)) => self.parse(raw).map(|entry| Some(entry.id)),
            (0 | NOT_SHOWN, _) => Ok(None),
            _ => Err(lease.refusal("looking for a member", result)),
        }
    }

    async fn each_in_log(
        &self,
        lease: &mut Lease,
        filter: &str,
        attributes: &[&str],
        mut each: impl FnMut(Entry) -> bool,
    ) -> Result<(), Refusal> {
        let mut cookie = Vec::new();
        loop {
            let search = Search {
                base: LOG,
                scope: Scope::OneLevel,
                filter,
                attributes: attributes.iter().copied().chain([START]).collect(),
                entries_max: 0,
                controls: vec![paged(LDAP_FEED_PAGE, cookie)],
            };
            let (entries, result) = lease.search(search).await?;
            match result.rc {
                0 => {}
                NOT_SHOWN => {
                    let message = format!("`{LOG}` is not there or not shown to us; let our bind DN read it");
                    return Err(Refusal::new(RefusalClass::Permission, message).because(result));
                }
                _ => return Err(lease.refusal("reading the log of accesses", result)),
            }
            for raw in entries {
                if !each(Entry::parse(raw, START)?) {
                    return Ok(());
                }
            }
            match next_cookie(&result.ctrls) {
                Some(next) => cookie = next,
                None => return Ok(()),
            }
        }
    }
}

/// Who came in or went, from lines such as `member:+ uid=ada,ou=people,dc=example,dc=org`.
fn members<'a>(entry: &'a Entry, attribute: &str) -> impl Iterator<Item = &'a str> {
    entry.values("reqMod").iter().filter_map(move |line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case(attribute).then(|| value.get(2..))?
    })
}

/// Whether a text is a moment as the log writes it, to the microsecond.
fn is_start(text: &str) -> bool {
    let parts = text.strip_suffix('Z').and_then(|text| text.split_once('.'));
    parts.is_some_and(|(seconds, rest)| {
        let digits = |text: &str, length: usize| text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit());
        digits(seconds, 14) && digits(rest, 6)
    })
}
