//! What changed by directory synchronization (1.2.840.113556.1.4.841): who was made, changed or
//! deleted, and who came into a group or left it. It is asked twice, for people and for groups,
//! because a changed object does not say which of both it is.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ldap3::controls::Control;
use ldap3::{ResultEntry, Scope};
use tenure_connect::{Refusal, RefusalClass};
use tenure_model::NativeId;

use crate::ldap::LdapConnector;
use crate::ldap::ber::{self, Part};
use crate::ldap::entry::Entry;
use crate::ldap::feed::{Answer, Found, not_ours, too_many};
use crate::ldap::pool::{Lease, Search};

const DIRSYNC_OID: &str = "1.2.840.113556.1.4.841";
const EXTENDED_DN_OID: &str = "1.2.840.113556.1.4.529";
/// GUIDs and SIDs before a DN as texts.
const AS_TEXT: i32 = 1;
/// Of an attribute with many values, only those that came and went.
const INCREMENTAL_VALUES: i32 = i32::MIN;
/// As much at once as the server likes.
const BYTES_MAX: i32 = 0;
/// Codes of a server that can do nothing with a cookie.
const UNAVAILABLE: u32 = 12;
const PROTOCOL_ERROR: u32 = 2;

const PEOPLE: &str = "(&(objectClass=user)(!(objectClass=computer)))";
const GROUPS: &str = "(objectClass=group)";
const NOBODY: &str = "(!(objectClass=*))";

/// An answer: what changed, where to go on, and whether there is more.
struct Piece {
    entries: Vec<ResultEntry>,
    cookie: Vec<u8>,
    more: bool,
}

impl LdapConnector {
    pub(in crate::ldap) async fn dirsync_now(&self, lease: &mut Lease) -> Result<String, Refusal> {
        let mut cookie = Vec::new();
        loop {
            // Nobody is asked for, so that the cookie comes without a whole reading.
            let piece = self.synchronize(lease, NOBODY, cookie).await?.map_err(|why| unsynchronized(&why))?;
            cookie = piece.cookie;
            if !piece.more {
                let cookie = STANDARD.encode(cookie);
                return Ok(format!("{cookie}:{cookie}"));
            }
        }
    }

    pub(in crate::ldap) async fn dirsync_since(&self, lease: &mut Lease, since: &str) -> Result<Answer, Refusal> {
        let decode = |text: &str| STANDARD.decode(text).ok().filter(|cookie| !cookie.is_empty());
        let cookies = since.split_once(':').and_then(|(people, groups)| Some((decode(people)?, decode(groups)?)));
        let Some((people, groups)) = cookies else { return Ok(Err(not_ours())) };
        let mut found = Found::default();
        let people = match self.every_piece(lease, PEOPLE, people, |entry| self.take_person(entry, &mut found)).await? {
            Ok(cookie) => cookie,
            Err(why) => return Ok(Err(why)),
        };
        let groups = match self.every_piece(lease, GROUPS, groups, |entry| take_group(entry, &mut found)).await? {
            Ok(cookie) => cookie,
            Err(why) => return Ok(Err(why)),
        };
        found.next = format!("{}:{}", STANDARD.encode(people), STANDARD.encode(groups));
        Ok(Ok(found))
    }

    async fn every_piece(
        &self,
        lease: &mut Lease,
        filter: &str,
        mut cookie: Vec<u8>,
        mut take: impl FnMut(&Entry),
    ) -> Result<Result<Vec<u8>, String>, Refusal> {
        let mut count = 0;
        loop {
            let piece = match self.synchronize(lease, filter, cookie).await? {
                Ok(piece) => piece,
                Err(why) => return Ok(Err(why)),
            };
            count += piece.entries.len();
            if let Some(why) = too_many(count) {
                return Ok(Err(why));
            }
            for raw in piece.entries {
                take(&self.parse(raw)?);
            }
            if !piece.more {
                return Ok(Ok(piece.cookie));
            }
            cookie = piece.cookie;
        }
    }

    /// One request. `Err` within says why everything has to be read again.
    async fn synchronize(
        &self,
        lease: &mut Lease,
        filter: &str,
        cookie: Vec<u8>,
    ) -> Result<Result<Piece, String>, Refusal> {
        let sync = vec![Part::Number(INCREMENTAL_VALUES), Part::Number(BYTES_MAX), Part::Octets(cookie)];
        let mut attributes = self.account_attributes();
        // A move shows in the last two alone.
        attributes.extend([self.config().groups.member.as_str(), "isDeleted", "lastKnownParent", "name", "parentGUID"]);
        let search = Search {
            base: &self.config().base_dn,
            scope: Scope::Subtree,
            filter,
            attributes,
            entries_max: 0,
            controls: vec![ber::demand(DIRSYNC_OID, sync), ber::demand(EXTENDED_DN_OID, vec![Part::Number(AS_TEXT)])],
        };
        let (entries, result) = lease.search(search).await?;
        match result.rc {
            0 => {}
            UNAVAILABLE | PROTOCOL_ERROR => return Ok(Err("the domain controller does not take the token".to_owned())),
            50 => return Err(unsynchronized("our user lacks the right").because(result)),
            _ => return Err(lease.refusal("asking what changed", result)),
        }
        let answer = answer(&result.ctrls).ok_or_else(|| unsynchronized("the server sent no cookie"))?;
        Ok(Ok(Piece { entries, more: answer.0, cookie: answer.1 }))
    }

    pub(super) fn take_person(&self, entry: &Entry, found: &mut Found) {
        let was_ours = entry.value("lastKnownParent").is_none_or(|parent| self.is_among_people(plain_dn(parent)));
        match entry.value("isDeleted") {
            Some(deleted) if deleted.eq_ignore_ascii_case("TRUE") => {
                if was_ours {
                    found.gone.insert(entry.id.clone());
                }
            }
            _ => drop(found.changed.insert(entry.id.clone())),
        }
    }
}

/// Whoever came into a group or left it: `member;range=1-1` and `member;range=0-0`.
fn take_group(entry: &Entry, found: &mut Found) {
    let changed = entry.all().filter(|(name, _)| *name == "member" || name.starts_with("member;"));
    found.touched.extend(changed.flat_map(|(_, values)| values).filter_map(|dn| guid_of(dn)));
}

/// Whether there is more, and where to go on.
fn answer(controls: &[Control]) -> Option<(bool, Vec<u8>)> {
    let mut parts = ber::control(controls, DIRSYNC_OID)?.into_iter();
    let more = ber::number(&parts.next()?)? != 0;
    let cookie = parts.nth(1)?.expect_primitive().filter(|cookie| !cookie.is_empty())?;
    Some((more, cookie))
}

/// The GUID in `<GUID=…>;<SID=…>;CN=…`.
fn guid_of(dn: &str) -> Option<NativeId> {
    let (guid, _) = dn.strip_prefix("<GUID=")?.split_once('>')?;
    Some(NativeId::new(guid.to_ascii_lowercase()))
}

/// The DN behind it.
fn plain_dn(dn: &str) -> &str {
    dn.rsplit_once(">;").map_or(dn, |(_, plain)| plain)
}

fn unsynchronized(why: &str) -> Refusal {
    let message = format!(
        "asking what changed was refused: {why}; grant our user \"Replicating Directory Changes\" on the domain and set \
         `baseDn` to the domain, or set `changes: update-numbers`"
    );
    Refusal::new(RefusalClass::Permission, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ldap::entry::tests::entry;

    #[test]
    fn who_came_and_who_went_is_found_by_guid() {
        let one = "<GUID=28B0f7a5-fff5-4013-ac63-be35b821e511>;<SID=S-1-5-21-1-2-3-4>;CN=Ada\\, L,OU=Staff,DC=x";
        assert_eq!(plain_dn(one), "CN=Ada\\, L,OU=Staff,DC=x");
        let names =
            [("member;range=1-1", [one]), ("member;range=0-0", ["<GUID=2>;CN=b"]), ("membership", ["<GUID=3>;x"])];
        let mut found = Found::default();
        for (name, values) in names {
            take_group(&entry("cn=g", &[("a", &["1"]), (name, &values)]), &mut found);
        }
        let ids: Vec<&str> = found.touched.iter().map(NativeId::as_str).collect();
        assert_eq!(ids, ["2", "28b0f7a5-fff5-4013-ac63-be35b821e511"]);
    }
}
