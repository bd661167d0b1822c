//! Reading: a snapshot for each reading, its pages, and one row of the latest.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

use tenure_connect::{
    Batch, Checked, Completeness, Locator, ObjectClass, Page, PageToken, Query, Refusal, RefusalClass, Seen,
};
use tenure_model::Observed;

use super::FileConnector;
use super::snapshot::Snapshot;
use super::source::blocking;
use crate::limits::FILE_READINGS_OPEN_MAX;

/// Readings that are under way, the latest last.
#[derive(Default)]
pub(super) struct Readings {
    last: u64,
    open: BTreeMap<u64, Arc<Snapshot>>,
}

impl FileConnector {
    /// Whether the feed can be had and is right from its first line to its last, and how it is
    /// written.
    pub(super) async fn check_feed(&self) -> Result<Checked, Refusal> {
        let snapshot = self.fresh().await?;
        let facts = &snapshot.facts;
        let mut peer = format!("{}, {} rows, {} columns", snapshot.manner, facts.rows, facts.fill.len());
        if !facts.doubts.is_empty() {
            let (doubts, mark) = (facts.doubts.join("; "), &facts.mark);
            peer = format!("{peer}; in doubt: {doubts}; if it is right, write `expect: {{ accept: \"{mark}\" }}`");
        }
        Ok(Checked { peer })
    }

    /// The feed as it is now: the latest snapshot if the source says that it is still that.
    pub(super) async fn fresh(&self) -> Result<Arc<Snapshot>, Refusal> {
        let _one_at_a_time = self.surveying.lock().await;
        let latest = self.latest();
        let known = latest.as_ref().and_then(|snapshot| snapshot.stamp.as_deref());
        let fetched = self.source.fetch(&self.config, &self.room, &self.secrets, known).await?;
        match (fetched, latest) {
            (None, Some(latest)) => Ok(latest),
            (None, None) => Err(Refusal::new(RefusalClass::Stale, "the feed is said to be unchanged; read it again")),
            (Some(fetched), _) => {
                let (config, room, memory) = (Arc::clone(&self.config), Arc::clone(&self.room), self.memory.clone());
                let at = self.clock.now();
                let snapshot = blocking(move || Snapshot::take(&config, fetched, &room, &memory, at)).await?;
                Ok(self.keep(snapshot))
            }
        }
    }

    fn latest(&self) -> Option<Arc<Snapshot>> {
        let readings = self.readings.lock().unwrap_or_else(PoisonError::into_inner);
        readings.open.last_key_value().map(|(_, snapshot)| Arc::clone(snapshot))
    }

    fn keep(&self, snapshot: Snapshot) -> Arc<Snapshot> {
        let snapshot = Arc::new(snapshot);
        let mut readings = self.readings.lock().unwrap_or_else(PoisonError::into_inner);
        while readings.open.len() >= FILE_READINGS_OPEN_MAX && readings.open.pop_first().is_some() {}
        readings.last += 1;
        let number = readings.last;
        readings.open.insert(number, Arc::clone(&snapshot));
        snapshot
    }

    fn number_of(&self, snapshot: &Arc<Snapshot>) -> Option<u64> {
        let readings = self.readings.lock().unwrap_or_else(PoisonError::into_inner);
        readings.open.iter().find(|(_, other)| Arc::ptr_eq(other, snapshot)).map(|(number, _)| *number)
    }

    /// The row that answers to a locator.
    pub(super) async fn observe(&self, locator: &Locator) -> Result<Option<Observed>, Refusal> {
        let snapshot = self.fresh().await?;
        let (config, locator) = (Arc::clone(&self.config), locator.clone());
        blocking(move || snapshot.find(&config, &locator)).await
    }

    /// A page of rows. All pages of a reading are of one snapshot.
    pub(super) async fn read_page(&self, query: &Query, page: &Page) -> Result<Batch, Refusal> {
        if query.class == ObjectClass::Entitlement {
            return Ok(Batch { objects: Vec::new(), next: None, completeness: Completeness::Whole, expected: Some(0) });
        }
        if let Some(locator) = &query.only {
            let objects: Vec<Seen> = self.observe(locator).await?.map(Seen::Account).into_iter().collect();
            return Ok(Batch { objects, next: None, completeness: Completeness::Whole, expected: None });
        }
        let (snapshot, number, from) = match page.after() {
            None => {
                let snapshot = self.fresh().await?;
                let number = self.number_of(&snapshot).ok_or_else(closed)?;
                (snapshot, number, 0)
            }
            Some(token) => self.resume(token)?,
        };
        let (config, memory, size) = (Arc::clone(&self.config), self.memory.clone(), page.size());
        blocking(move || {
            let (rows, offset) = snapshot.rows(&config, from, size)?;
            let ended = offset >= snapshot.end;
            let doubts = &snapshot.facts.doubts;
            let completeness = match (ended, doubts.is_empty(), config.delta.is_some()) {
                (false, ..) => Completeness::Open,
                (true, false, _) => Completeness::Partial { why: doubts.join("; ") },
                (true, true, true) => Completeness::Partial { why: "a delta names only what changed".to_owned() },
                (true, true, false) => Completeness::Whole,
            };
            if ended {
                snapshot.remember(&memory)?;
            }
            let next = (!ended).then(|| PageToken::new(format!("{number}:{offset}")));
            let objects = rows.into_iter().map(Seen::Account).collect();
            Ok(Batch { objects, next, completeness, expected: Some(snapshot.facts.rows) })
        })
        .await
    }

    fn resume(&self, token: &PageToken) -> Result<(Arc<Snapshot>, u64, u64), Refusal> {
        let parts = token.as_str().split_once(':');
        let parts = parts.and_then(|(number, offset)| number.parse().ok().zip(offset.parse().ok()));
        let (number, offset): (u64, u64) = parts.ok_or_else(closed)?;
        let readings = self.readings.lock().unwrap_or_else(PoisonError::into_inner);
        let snapshot = readings.open.get(&number).cloned().ok_or_else(closed)?;
        Ok((snapshot, number, offset))
    }
}

fn closed() -> Refusal {
    Refusal::new(RefusalClass::Stale, "this reading is no longer open; read again from the first page")
}
