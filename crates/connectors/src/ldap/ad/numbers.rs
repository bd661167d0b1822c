//! What changed by the update numbers of one domain controller. Each has its own numbers, and one
//! that was restored begins anew under another invocation id; then everything is read again.

use ldap3::Scope;
use tenure_connect::{Refusal, RefusalClass};

use crate::ldap::LdapConnector;
use crate::ldap::ber;
use crate::ldap::entry::values;
use crate::ldap::feed::{Answer, Found, not_ours, too_many};
use crate::ldap::pool::{Lease, Search};
use crate::ldap::read::{next_cookie, paged, root};
use crate::limits::LDAP_FEED_PAGE;

/// Shows what was deleted, to those who may see it.
const SHOW_DELETED_OID: &str = "1.2.840.113556.1.4.417";

impl LdapConnector {
    pub(in crate::ldap) async fn numbers_now(&self, lease: &mut Lease) -> Result<String, Refusal> {
        Ok(format!("{}:{}", self.invocation(lease).await?, self.highest(lease).await?))
    }

    pub(in crate::ldap) async fn numbers_since(&self, lease: &mut Lease, since: &str) -> Result<Answer, Refusal> {
        let parts = since.split_once(':').and_then(|(of, number)| Some((of, number.parse::<u64>().ok()?)));
        let Some((of, number)) = parts else { return Ok(Err(not_ours())) };
        let highest = self.highest(lease).await?;
        let of_now = self.invocation(lease).await?;
        if of != of_now || number > highest {
            return Ok(Err("another domain controller answers, or it was restored".to_owned()));
        }
        let from = number.saturating_add(1);
        let filter = format!("(&(objectClass=user)(!(objectClass=computer))(uSNChanged>={from}))");
        let mut found = Found { next: format!("{of_now}:{highest}"), ..Found::default() };
        let mut cookie = Vec::new();
        loop {
            let search = Search {
                base: &self.config().base_dn,
                scope: Scope::Subtree,
                filter: &filter,
                attributes: vec![self.dialect().id_attribute(), "isDeleted", "lastKnownParent"],
                entries_max: 0,
                controls: vec![ber::plain(SHOW_DELETED_OID), paged(LDAP_FEED_PAGE, cookie)],
            };
            let (entries, result) = lease.search(search).await?;
            if result.rc != 0 {
                return Err(lease.refusal("asking what changed", result));
            }
            for raw in entries {
                self.take_person(&self.parse(raw)?, &mut found);
            }
            if let Some(why) = too_many(found.changed.len() + found.gone.len()) {
                return Ok(Err(why));
            }
            match next_cookie(&result.ctrls) {
                Some(next) => cookie = next,
                None => return Ok(Ok(found)),
            }
        }
    }

    async fn highest(&self, lease: &mut Lease) -> Result<u64, Refusal> {
        let told = root(lease, "highestCommittedUSN").await?;
        told.first().and_then(|number| number.parse().ok()).ok_or_else(|| silent("highestCommittedUSN"))
    }

    /// Under which id the domain controller counts.
    async fn invocation(&self, lease: &mut Lease) -> Result<String, Refusal> {
        let service = root(lease, "dsServiceName").await?.pop().ok_or_else(|| silent("dsServiceName"))?;
        let search = Search::entry(&service, vec!["invocationId"]);
        let (mut found, result) = lease.search(search).await?;
        if result.rc != 0 {
            return Err(lease.refusal("asking the domain controller who it is", result));
        }
        let id = found.pop().and_then(|raw| values(raw, "invocationId").pop());
        id.ok_or_else(|| silent("invocationId"))
    }
}

fn silent(attribute: &str) -> Refusal {
    let message = format!("the domain controller does not show `{attribute}`; let our user read it");
    Refusal::new(RefusalClass::Permission, message)
}
