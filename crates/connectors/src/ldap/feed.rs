//! What changed, by the time stamps of the server; and filters in its own language.
//!
//! A time stamp tells who was made or changed, in whole seconds and by the clock of the server. It
//! does not tell who vanished, nor who came into a group, because that changes the group.

use ldap3::Scope;
use ldap3::controls::PagedResults;
use tenure_connect::{ChangeToken, Changed, Changes, Filter, Refusal, Seen};
use tenure_model::Value;

use super::LdapConnector;
use super::dn::{all, equals};
use super::entry::Entry;
use super::pool::Search;
use super::read::next_cookie;
use crate::limits::{LDAP_CHANGES_MAX, LDAP_CLOCK_SKEW_MAX, LDAP_FEED_PAGE};

/// The attribute that says when an entry was last changed.
const MODIFIED: &str = "modifyTimestamp";

impl LdapConnector {
    /// Everybody whose entry was changed since the token. What was told last may be told again.
    pub(super) async fn changed_since(&self, since: Option<&ChangeToken>) -> Result<Changes, Refusal> {
        let Some(since) = since else {
            // Their clock may be behind ours; what is told twice does no harm.
            let now = self.clock.now() - LDAP_CLOCK_SKEW_MAX;
            let next = ChangeToken::new(now.strftime("%Y%m%d%H%M%SZ").to_string());
            return Ok(Changes::Since { changed: Vec::new(), next, more: false });
        };
        if !is_time_stamp(since.as_str()) {
            return Ok(Changes::Reset { why: "the token is not one of ours".to_owned() });
        }
        let filter = all(&[self.account_filter(None)?, format!("({MODIFIED}>={})", since.as_str())]);
        let mut attributes = self.account_attributes();
        attributes.push(MODIFIED);
        let base = self.config().people_dn();
        let mut lease = self.pool.fresh().await?;
        let (mut changed, mut newest, mut cookie) = (Vec::new(), since.as_str().to_owned(), Vec::new());
        loop {
            let control = Some(PagedResults { size: LDAP_FEED_PAGE, cookie }.into());
            let scope = Scope::Subtree;
            let attributes = attributes.clone();
            let search = Search { base: &base, scope, filter: &filter, attributes, entries_max: 0, control };
            let (found, result) = lease.search(search).await?;
            if result.rc != 0 {
                return Err(lease.refusal("asking what changed", result));
            }
            for raw in found {
                let entry = Entry::parse(raw)?;
                if let Some(stamp) = entry.values(MODIFIED).first().filter(|stamp| is_time_stamp(stamp)) {
                    newest = newest.max(stamp.clone());
                }
                changed.push(Changed::Now(Seen::Account(self.observed(&mut lease, &entry).await?)));
            }
            if changed.len() > LDAP_CHANGES_MAX {
                let why = format!("more than {LDAP_CHANGES_MAX} entries changed, so a whole reading is quicker");
                return Ok(Changes::Reset { why });
            }
            match next_cookie(&result.ctrls) {
                Some(next) => cookie = next,
                None => break,
            }
        }
        self.pool.keep(lease);
        Ok(Changes::Since { changed, next: ChangeToken::new(newest), more: false })
    }

    /// The filter as the server understands it; none where it would not mean the same. A server
    /// compares most texts without case, as a [`Filter`] does; nothing is pushed down that it
    /// would answer with less.
    pub(super) fn ldap_filter(&self, filter: &Filter) -> Option<String> {
        let known = |attribute: &str| self.config().attribute(attribute);
        let each = |parts: &[Filter]| parts.iter().map(|part| self.ldap_filter(part)).collect::<Option<String>>();
        match filter {
            Filter::Equals { attribute, value: Value::Text(text) } if !text.is_empty() => {
                Some(equals(known(attribute)?, text))
            }
            Filter::StartsWith { attribute, text } if !text.is_empty() => {
                Some(format!("({}={}*)", known(attribute)?, ldap3::ldap_escape(text.as_str())))
            }
            Filter::Present { attribute } => Some(format!("({}=*)", known(attribute)?)),
            Filter::All(parts) if !parts.is_empty() => Some(format!("(&{})", each(parts)?)),
            Filter::Any(parts) if !parts.is_empty() => Some(format!("(|{})", each(parts)?)),
            // In a directory "not equal" leaves out whoever has no value at all.
            Filter::Equals { .. } | Filter::StartsWith { .. } | Filter::All(_) | Filter::Any(_) | Filter::Not(_) => {
                None
            }
        }
    }
}

/// Whether a text is a time as a directory writes it.
fn is_time_stamp(text: &str) -> bool {
    text.len() == 15 && text.ends_with('Z') && text.bytes().take(14).all(|byte| byte.is_ascii_digit())
}
