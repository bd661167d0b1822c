//! A witness for systems that nobody can look at but through the connector.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use futures::FutureExt as _;
use futures::future::BoxFuture;

use super::Witness;
use crate::connector::AnyConnector;
use crate::limits::CONFORMANCE_PAGES_MAX;
use crate::query::{Page, Query};

/// Reads every account through the connector itself. It sees no write that the connector hides,
/// so a witness of the system's own is better where there is one.
pub struct ThroughReading<'a>(
    /// The connector.
    pub &'a dyn AnyConnector,
);

impl Witness for ThroughReading<'_> {
    fn mark(&self) -> BoxFuture<'_, String> {
        async {
            let mut page = Page::first();
            let mut all = Vec::new();
            for _ in 0..CONFORMANCE_PAGES_MAX {
                let Ok(batch) = self.0.read(&Query::accounts(), &page).await else { break };
                all.extend(batch.objects.iter().filter_map(|object| {
                    let seen = object.account()?;
                    Some(format!("{:?} {} {:?} {:?}", seen.native_id, seen.state, seen.holds, seen.attributes))
                }));
                let Some(next) = batch.next else { break };
                page = page.then(next);
            }
            all.sort();
            let mut hasher = DefaultHasher::new();
            all.hash(&mut hasher);
            format!("{:016x}", hasher.finish())
        }
        .boxed()
    }
}
