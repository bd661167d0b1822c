//! What changed since a moment, from a service that hands out an address to ask at later.
//!
//! The answer says only whose account changed; what it is like now is asked for as ever, so that
//! it is told whole, with everything that belongs to it.

use futures::{StreamExt as _, TryStreamExt as _};
use serde_json::Value as Json;
use tenure_connect::{ChangeToken, Changed, Changes, ObjectClass, Refusal, RefusalClass, Seen};

use super::RestConnector;
use super::account::{id_at, items};
use super::pack::Feed;
use super::template::scalar;
use crate::http::Call;
use crate::limits::{HTTP_REQUESTS_AT_ONCE_MAX, REST_FEED_PAGES_MAX};
use crate::look::when_seen;

/// How our tokens begin.
const SIGN: &str = "r1.";

/// Where to ask on, and whether there is more already.
struct Onward {
    address: String,
    more: bool,
}

impl RestConnector {
    /// What changed since, or a token for now.
    pub(super) async fn changes_since(
        &self,
        class: ObjectClass,
        since: Option<&ChangeToken>,
    ) -> Result<Changes, Refusal> {
        let feed = self.pack.accounts.feed.as_ref().filter(|_| class == ObjectClass::Account);
        let Some(feed) = feed else { return Err(self.description.unsupported("tell what changed")) };
        match since {
            None => self.now(feed).await,
            Some(token) => self.since(feed, token).await,
        }
    }

    async fn since(&self, feed: &Feed, token: &ChangeToken) -> Result<Changes, Refusal> {
        let mut call = self.call(&feed.request, &self.scope())?;
        let address = token.as_str().strip_prefix(SIGN);
        if address.is_none_or(|address| self.follow(address, &mut call).is_err()) {
            return Ok(forgotten("the token is not one of ours"));
        }
        let Some((said, onward)) = self.ask_feed(feed, &call).await? else {
            return Ok(forgotten("the service does not remember that moment any more"));
        };
        let told = items(&said, &feed.items).to_vec();
        let told = futures::stream::iter(told.into_iter().map(|one| self.told(feed, one)));
        let told: Vec<Option<Changed>> = told.buffered(HTTP_REQUESTS_AT_ONCE_MAX).try_collect().await?;
        let next = ChangeToken::new(format!("{SIGN}{}", onward.address));
        Ok(Changes::Since { changed: told.into_iter().flatten().collect(), next, more: onward.more })
    }

    /// A token for now. Where the service first tells of everybody, that is let go by.
    async fn now(&self, feed: &Feed) -> Result<Changes, Refusal> {
        let mut call = self.call(&feed.request, &self.scope())?;
        for (name, template) in &feed.start {
            call.query.push((name.clone(), template.text(&self.scope())?));
        }
        for _ in 0..REST_FEED_PAGES_MAX {
            let (_, onward) = self.ask_feed(feed, &call).await?.ok_or_else(|| self.not_known())?;
            if !onward.more {
                let next = ChangeToken::new(format!("{SIGN}{}", onward.address));
                return Ok(Changes::Since { changed: Vec::new(), next, more: false });
            }
            self.follow(&onward.address, &mut call)?;
        }
        let message = format!("the service tells of more than {REST_FEED_PAGES_MAX} pages of changes");
        Err(Refusal::new(RefusalClass::Unsupported, message))
    }

    /// An answer of the feed; none where it does not remember.
    async fn ask_feed(&self, feed: &Feed, call: &Call) -> Result<Option<(Json, Onward)>, Refusal> {
        let Some(said) = self.read(call).await? else { return Ok(None) };
        let at = |pointer| said.json.pointer(pointer).and_then(scalar).filter(|text| !text.is_empty());
        let onward = match (at(&feed.next), at(&feed.later)) {
            (Some(address), _) => Onward { address, more: true },
            (None, Some(address)) => Onward { address, more: false },
            (None, None) => {
                let message = format!(
                    "the answer of `{}` says neither at `{}` nor at `{}` where to ask on; correct the pack",
                    self.http.url(),
                    feed.next,
                    feed.later
                );
                return Err(Refusal::new(RefusalClass::Invalid, message));
            }
        };
        Ok(Some((said.json, onward)))
    }

    /// What became of one that the feed names.
    async fn told(&self, feed: &Feed, one: Json) -> Result<Option<Changed>, Refusal> {
        let Some(id) = id_at(&one, &self.pack.accounts.id) else { return Ok(None) };
        if feed.gone.iter().any(|gone| gone.holds(&one, &self.scope())) {
            return Ok(Some(Changed::Gone(id)));
        }
        // A feed can be ahead of what the service shows. Whoever is not there even then went in the
        // meantime, which the feed tells next.
        let account = when_seen(self.description.consistency_delay, || self.account(&id)).await?;
        Ok(account.map(|account| Changed::Now(Seen::Account(self.observed(&account)))))
    }
}

fn forgotten(why: &str) -> Changes {
    Changes::Reset { why: why.to_owned() }
}
