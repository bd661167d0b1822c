//! What changed by the time stamps of the server, which every directory has.
//!
//! A time stamp tells who was made or changed, in whole seconds and by the clock of the server. It
//! does not tell who vanished, nor who came into a group, because that changes the group.

use ldap3::Scope;
use tenure_connect::Refusal;

use super::{Answer, Found, not_ours, too_many};
use crate::ldap::LdapConnector;
use crate::ldap::dn::all;
use crate::ldap::pool::{Lease, Search};
use crate::ldap::read::{next_cookie, paged};
use crate::limits::{LDAP_CLOCK_SKEW_MAX, LDAP_FEED_PAGE};

/// The attribute that says when an entry was last changed.
const MODIFIED: &str = "modifyTimestamp";

impl LdapConnector {
    pub(super) fn times_now(&self) -> String {
        // Their clock may be behind ours; what is told twice does no harm.
        (self.clock.now() - LDAP_CLOCK_SKEW_MAX).strftime("%Y%m%d%H%M%SZ").to_string()
    }

    pub(super) async fn times_since(&self, lease: &mut Lease, since: &str) -> Result<Answer, Refusal> {
        if !is_time_stamp(since) {
            return Ok(Err(not_ours()));
        }
        let filter = all(&[self.account_filter(None)?, format!("({MODIFIED}>={since})")]);
        let base = self.config().people_dn();
        let (mut found, mut cookie) = (Found { next: since.to_owned(), ..Found::default() }, Vec::new());
        loop {
            let search = Search {
                base: &base,
                scope: Scope::Subtree,
                filter: &filter,
                attributes: vec![self.dialect().id_attribute(), MODIFIED],
                entries_max: 0,
                controls: vec![paged(LDAP_FEED_PAGE, cookie)],
            };
            let (entries, result) = lease.search(search).await?;
            if result.rc != 0 {
                return Err(lease.refusal("asking what changed", result));
            }
            for raw in entries {
                let entry = self.parse(raw)?;
                if let Some(stamp) = entry.value(MODIFIED).filter(|stamp| is_time_stamp(stamp)) {
                    found.next = found.next.max(stamp.to_owned());
                }
                found.changed.insert(entry.id);
            }
            if let Some(why) = too_many(found.changed.len()) {
                return Ok(Err(why));
            }
            match next_cookie(&result.ctrls) {
                Some(next) => cookie = next,
                None => return Ok(Ok(found)),
            }
        }
    }
}

/// Whether a text is a time as a directory writes it.
fn is_time_stamp(text: &str) -> bool {
    text.len() == 15 && text.ends_with('Z') && text.bytes().take(14).all(|byte| byte.is_ascii_digit())
}
