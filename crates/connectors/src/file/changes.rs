//! What is new or changed since the last good reading, by its fingerprints.
//!
//! Who vanished is not told: fingerprints do not say whose they were. A delta tells it in its own
//! words. A feed in doubt tells nothing until a human has said that it is right.

use std::sync::Arc;

use tenure_connect::{ChangeToken, Changed, Changes, ObjectClass, Refusal, RefusalClass, Seen, limits};
use tenure_model::AccountState;

use super::FileConnector;
use super::source::blocking;

impl FileConnector {
    /// What changed since the token, or a token for now.
    pub(super) async fn changes_since(
        &self,
        class: ObjectClass,
        since: Option<&ChangeToken>,
    ) -> Result<Changes, Refusal> {
        if class != ObjectClass::Account {
            return Err(self.description.unsupported("tell what changed of what is held"));
        }
        let snapshot = self.fresh().await?;
        if !snapshot.facts.doubts.is_empty() {
            let (doubts, mark) = (snapshot.facts.doubts.join("; "), &snapshot.facts.mark);
            let what =
                format!("the feed is in doubt: {doubts}; if it is right, write `expect: {{ accept: \"{mark}\" }}`");
            return Err(Refusal::new(RefusalClass::Invalid, what));
        }
        let (config, memory) = (Arc::clone(&self.config), self.memory.clone());
        let since = since.cloned();
        blocking(move || {
            let mark = snapshot.facts.mark.clone();
            let Some(since) = since else {
                snapshot.remember(&memory)?;
                return Ok(Changes::Since { changed: Vec::new(), next: ChangeToken::new(mark), more: false });
            };
            // The base, and while there is more: the reading that is under way and where to go on.
            let mut parts = since.as_str().split(':');
            let base = parts.next().unwrap_or_default();
            let under_way = parts.next().zip(parts.next().and_then(|from| from.parse::<u64>().ok()));
            let from = under_way.filter(|(reading, _)| *reading == mark).map_or(0, |(_, from)| from);
            let offsets = if base == mark { Some(Vec::new()) } else { snapshot.changed_since(base, &memory)? };
            let Some(offsets) = offsets else {
                let why = "the last good reading is another one than this token is of".to_owned();
                return Ok(Changes::Reset { why });
            };
            let mut left = offsets.into_iter().filter(|offset| *offset >= from);
            let mut changed = Vec::new();
            for offset in left.by_ref().take(limits::PAGE_OBJECTS_MAX as usize) {
                let seen = snapshot.at(&config, offset)?;
                changed.push(match (&seen.native_id, seen.state) {
                    (Some(id), AccountState::Gone) => Changed::Gone(id.clone()),
                    _ => Changed::Now(Seen::Account(seen)),
                });
            }
            let next = left.next();
            if next.is_none() {
                snapshot.remember(&memory)?;
            }
            let token = next.map_or_else(|| mark.clone(), |offset| format!("{base}:{mark}:{offset}"));
            Ok(Changes::Since { changed, next: ChangeToken::new(token), more: next.is_some() })
        })
        .await
    }
}
