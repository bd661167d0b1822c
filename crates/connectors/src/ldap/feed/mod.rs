//! What changed, in the way that the directory offers. A token begins with the word of its way, so
//! that one of another way is never taken for one of this.

mod accesslog;
mod sync;
mod times;

use std::collections::BTreeSet;

use tenure_connect::{ChangeToken, Changed, Changes, Locator, Refusal, RefusalClass, Seen};
use tenure_model::NativeId;
use tokio::time::timeout;

use super::LdapConnector;
use super::config::ChangeSource;
use super::pool::Lease;
use crate::limits::{LDAP_CHANGES_MAX, LDAP_FEED_TIME_MAX};

/// What was found, before anybody looked at the accounts.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Accounts that were made, changed, or vanished without a word.
    pub(super) changed: BTreeSet<NativeId>,
    /// What may be an account, and whose memberships changed.
    pub(super) touched: BTreeSet<NativeId>,
    /// Accounts that vanished.
    pub(super) gone: BTreeSet<NativeId>,
    /// Where to go on.
    pub(super) next: String,
}

/// What came of asking, or why everything has to be read again.
pub(super) type Answer = Result<Found, String>;

impl ChangeSource {
    fn word(self) -> &'static str {
        match self {
            Self::Announced => "announced",
            Self::Syncrepl => "sync",
            Self::Accesslog => "log",
            Self::Timestamps => "time",
            Self::Dirsync => "dirsync",
            Self::UpdateNumbers => "usn",
        }
    }
}

impl LdapConnector {
    /// Every account that changed since the token. What was told last may be told again.
    pub(super) async fn changed_since(&self, since: Option<&ChangeToken>) -> Result<Changes, Refusal> {
        let server = &self.config().url;
        timeout(LDAP_FEED_TIME_MAX, self.asked_since(since)).await.unwrap_or_else(|late| {
            let message = format!("`{server}` did not come to an end of what changed; look into its log");
            Err(Refusal::new(RefusalClass::Maintenance, message).because(late))
        })
    }

    async fn asked_since(&self, since: Option<&ChangeToken>) -> Result<Changes, Refusal> {
        let mut lease = self.pool.fresh().await?;
        let source = self.source(&mut lease).await?;
        let token = |rest: &str| ChangeToken::new(format!("{}:{rest}", source.word()));
        let Some(since) = since else {
            let rest = self.token_for_now(&mut lease, source).await?;
            self.pool.keep(lease);
            return Ok(Changes::Since { changed: Vec::new(), next: token(&rest), more: false });
        };
        let rest = since.as_str().split_once(':').filter(|(word, _)| *word == source.word()).map(|(_, rest)| rest);
        let answer = match rest {
            Some(rest) => self.since(&mut lease, source, rest).await?,
            None => Err("the token is not of the way in which changes are asked for now".to_owned()),
        };
        match answer {
            Ok(found) => {
                let changed = self.look_at(&mut lease, &found).await?;
                self.pool.keep(lease);
                Ok(Changes::Since { changed, next: token(&found.next), more: false })
            }
            // The line may still be busy with what nobody wants to hear.
            Err(why) => Ok(Changes::Reset { why }),
        }
    }

    async fn source(&self, lease: &mut Lease) -> Result<ChangeSource, Refusal> {
        match self.config().changes {
            ChangeSource::Announced => {}
            chosen => return Ok(chosen),
        }
        if self.has_log(lease).await? {
            return Ok(ChangeSource::Accesslog);
        }
        Ok(if self.synchronizes(lease).await? { ChangeSource::Syncrepl } else { ChangeSource::Timestamps })
    }

    async fn token_for_now(&self, lease: &mut Lease, source: ChangeSource) -> Result<String, Refusal> {
        match source {
            ChangeSource::Announced | ChangeSource::Timestamps => Ok(self.times_now()),
            ChangeSource::Syncrepl => self.sync_now(lease).await,
            ChangeSource::Accesslog => self.log_now(lease).await,
            ChangeSource::Dirsync => self.dirsync_now(lease).await,
            ChangeSource::UpdateNumbers => self.numbers_now(lease).await,
        }
    }

    async fn since(&self, lease: &mut Lease, source: ChangeSource, rest: &str) -> Result<Answer, Refusal> {
        match source {
            ChangeSource::Announced | ChangeSource::Timestamps => self.times_since(lease, rest).await,
            ChangeSource::Syncrepl => self.sync_since(lease, rest).await,
            ChangeSource::Accesslog => self.log_since(lease, rest).await,
            ChangeSource::Dirsync => self.dirsync_since(lease, rest).await,
            ChangeSource::UpdateNumbers => self.numbers_since(lease, rest).await,
        }
    }

    /// Each account as it is now.
    async fn look_at(&self, lease: &mut Lease, found: &Found) -> Result<Vec<Changed>, Refusal> {
        let mut changed: Vec<Changed> = found.gone.iter().cloned().map(Changed::Gone).collect();
        for id in found.changed.union(&found.touched).filter(|id| !found.gone.contains(*id)) {
            match self.find(lease, &Locator::Native(id.clone())).await? {
                Some(entry) => changed.push(Changed::Now(Seen::Account(self.observed(lease, &entry).await?))),
                // It vanished, or went to where we do not look.
                None if found.changed.contains(id) => changed.push(Changed::Gone(id.clone())),
                None => {}
            }
        }
        Ok(changed)
    }
}

/// The reason to read everything again where this many changed.
pub(super) fn too_many(changes: usize) -> Option<String> {
    (changes > LDAP_CHANGES_MAX)
        .then(|| format!("more than {LDAP_CHANGES_MAX} entries changed, so a whole reading is quicker"))
}

/// The reason to read everything again where the token says nothing to us.
pub(super) fn not_ours() -> String {
    "the token is not one of ours".to_owned()
}
