//! What changed since, by the log of PostgreSQL itself (logical decoding), where a slot was made for
//! us: everything that was made, changed or vanished, in the order of its commits, also while
//! nobody listened.
//!
//! The slot keeps the log until we have said that we know it, which the next question does; so the
//! same token may be asked from again. Only which rows changed is taken from the log; what they are
//! now is read from the tables. What lines mean is in `lines`, what the slot must be in `slot`.

mod lines;
mod slot;

use std::collections::BTreeMap;

use tenure_connect::{ChangeToken, Changed, Changes, Refusal, Seen, limits};
use tenure_model::{NativeId, Value};

use super::SqlConnector;
use super::catalogue::Catalogue;
use super::dialect::Dialect;
use super::pool::Lease;
use crate::limits::SQL_CAPTURED_AT_ONCE;
use lines::{Watched, place, place_text, told};
use slot::{Slot, unusable};

impl SqlConnector {
    /// What changed since the token, or a token for now.
    pub(super) async fn captured_since(&self, name: &str, since: Option<&ChangeToken>) -> Result<Changes, Refusal> {
        let (mut lease, known) = self.ready().await?;
        let watched = self.watched(&mut lease).await?;
        let answer = match (self.slot(&mut lease, name).await?, since) {
            (Ok(slot), None) => {
                let next = self.now(&mut lease, &slot).await?;
                Changes::Since { changed: Vec::new(), next, more: false }
            }
            (Err(why), None) => return Err(unusable(why)),
            (Ok(slot), Some(since)) => match place(since.as_str()) {
                Some(from) => self.captured(&mut lease, &known, &watched, name, &slot, from).await?,
                None => Changes::Reset { why: "this token is not of this connection as it is now".to_owned() },
            },
            (Err(why), Some(_)) => Changes::Reset { why },
        };
        self.pool.keep(lease);
        Ok(answer)
    }

    /// A token for now. The end of the log is one unless somebody may be in the middle of a commit,
    /// whose rows a reading that begins now would not see; then it is where the slot stands, and some
    /// of what was before is told again.
    async fn now(&self, lease: &mut Lease, slot: &Slot) -> Result<ChangeToken, Refusal> {
        let is_quiet = self.open(lease).await?.is_empty();
        Ok(ChangeToken::new(place_text(if is_quiet { slot.end } else { slot.kept_from })))
    }

    async fn captured(
        &self,
        lease: &mut Lease,
        known: &Catalogue,
        watched: &[Watched],
        name: &str,
        slot: &Slot,
        from: u64,
    ) -> Result<Changes, Refusal> {
        if from > slot.end {
            let why = "the log of the database ends before this token; it was set back, or is another".to_owned();
            return Ok(Changes::Reset { why });
        }
        if from < slot.kept_from {
            let why = format!("the slot `{name}` does not go back so far; it was made or moved since");
            return Ok(Changes::Reset { why });
        }
        // Whoever asks from here has taken in what was before.
        if from > slot.kept_from {
            self.let_go(lease, name, from).await?;
        }
        let entries = self.peek(lease, name, limits::PAGE_OBJECTS_MAX).await?;
        let open = self.open(lease).await?;
        let (told, all) = told(&entries, from, &open, watched);
        if let Some(why) = told.lost {
            // Everything is read now, also what this keeps from being told; else it would be lost again.
            self.let_go(lease, name, told.to).await?;
            return Ok(Changes::Reset { why });
        }
        let more = all && entries.len() >= limits::PAGE_OBJECTS_MAX as usize;
        // Where nothing is of us the log is let go too, or it would be kept for the sake of nothing.
        let next = if all && !more { told.to.max(slot.end) } else { told.to };
        let changed = self.as_they_are(lease, known, told.ids).await?;
        Ok(Changes::Since { changed, next: ChangeToken::new(place_text(next)), more })
    }

    /// The accounts with these ids as they are now, and who of them is gone.
    async fn as_they_are(
        &self,
        lease: &mut Lease,
        known: &Catalogue,
        ids: Vec<String>,
    ) -> Result<Vec<Changed>, Refusal> {
        let accounts = &self.config().accounts;
        let (kind, dialect) = (known.kind(&accounts.table, &accounts.id), self.pool.dialect());
        let mut changed = Vec::with_capacity(ids.len());
        for ids in ids.chunks(SQL_CAPTURED_AT_ONCE) {
            let values = ids.iter().filter_map(|id| Dialect::normal(kind, &Value::from(id.as_str())));
            let values: Vec<_> = values.map(|value| dialect.datum(&value)).collect();
            if values.is_empty() {
                continue;
            }
            let sql = self.select(lease.sql()).text(" WHERE ").column(&accounts.id).text(" IN ").bind_all(values);
            let rows = lease.read("reading what changed", sql).await?;
            let found = self.observed(lease, known, rows).await?;
            let mut found: BTreeMap<_, _> = found.into_iter().map(|seen| (seen.native_id.clone(), seen)).collect();
            changed.extend(ids.iter().map(NativeId::new).map(|id| match found.remove(&Some(id.clone())) {
                Some(seen) => Changed::Now(Seen::Account(seen)),
                None => Changed::Gone(id),
            }));
            // An id that the column writes in another way than the log.
            changed.extend(found.into_values().map(|seen| Changed::Now(Seen::Account(seen))));
        }
        Ok(changed)
    }
}
