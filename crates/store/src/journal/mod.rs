//! The engine's journal over either database: one fenced commit, and a few reads.
//!
//! How a commit is written stands in `commit.rs`, what is read in `read.rs`, and the
//! rows that an effect may add in `attachment.rs`. Lists for people are in
//! [`crate::runs`].

mod attachment;
mod commit;
mod lease;
mod read;
pub(crate) mod rows;

use std::time::Duration;

use jiff::Timestamp;
use tenure_engine::journal::{
    Commit, CommitError, Definition, InboxRow, Journal, LaneRow, Ownership, ReadError, StoredRun, TimerRow, Urgency,
};
use tenure_model::{NodeId, RunId};

pub use self::attachment::{Attachment, attach};
pub use self::commit::{define, letters_of, send};
pub use self::read::definition;
use crate::db::Store;
use crate::error::StoreError;

/// The engine's journal.
#[derive(Debug, Clone)]
pub struct StoreJournal {
    store: Store,
}

impl StoreJournal {
    /// The journal in this database.
    pub fn new(store: Store) -> Self {
        Self { store }
    }

    /// The database.
    pub fn store(&self) -> &Store {
        &self.store
    }
}

impl Journal for StoreJournal {
    type Attachment = Attachment;

    async fn commit(&self, commit: Commit<Attachment>) -> Result<(), CommitError> {
        let commit = commit::Prepared::of(commit).map_err(commit::Stop::into_error)?;
        self.store.write(move |tx| Box::pin(commit::apply(tx, commit))).await.map_err(commit::Stop::into_error)
    }

    async fn claim(
        &self,
        node: NodeId,
        from: Vec<u16>,
        now: Timestamp,
        lease: Duration,
    ) -> Result<Vec<Ownership>, ReadError> {
        read_error(self.store.write(move |tx| Box::pin(lease::claim(tx, node, from, now, lease))).await)
    }

    async fn release(&self, node: NodeId) -> Result<(), ReadError> {
        read_error(self.store.write(move |tx| Box::pin(lease::release(tx, node))).await)
    }

    async fn load(&self, runs: Vec<RunId>) -> Result<Vec<StoredRun>, ReadError> {
        read_error(self.store.read(move |tx| Box::pin(read::load(tx, runs))).await)
    }

    async fn definition(&self, hash: String) -> Result<Option<Definition>, ReadError> {
        read_error(self.store.read(move |tx| Box::pin(read::definition(tx, hash))).await)
    }

    async fn lanes(&self, names: Vec<String>) -> Result<Vec<LaneRow>, ReadError> {
        read_error(self.store.read(move |tx| Box::pin(read::lanes(tx, names))).await)
    }

    async fn inbox(&self, partitions: Vec<u16>, from: Urgency, limit: usize) -> Result<Vec<InboxRow>, ReadError> {
        read_error(self.store.read(move |tx| Box::pin(read::inbox(tx, partitions, from, limit))).await)
    }

    async fn due(&self, partitions: Vec<u16>, until: Timestamp, limit: usize) -> Result<Vec<TimerRow>, ReadError> {
        read_error(self.store.read(move |tx| Box::pin(read::due(tx, partitions, until, limit))).await)
    }

    async fn next_due(&self, partitions: Vec<u16>) -> Result<Option<Timestamp>, ReadError> {
        read_error(self.store.read(move |tx| Box::pin(read::next_due(tx, partitions))).await)
    }

    async fn active_runs(
        &self,
        partitions: Vec<u16>,
        after: Option<RunId>,
        limit: usize,
    ) -> Result<Vec<RunId>, ReadError> {
        read_error(self.store.read(move |tx| Box::pin(read::active_runs(tx, partitions, after, limit))).await)
    }
}

fn read_error<T>(ended: Result<T, StoreError>) -> Result<T, ReadError> {
    ended.map_err(|error| match error {
        StoreError::Inconsistent { table, ref column, ref id, ref what } => {
            ReadError::Corrupt { table, what: format!("column {column} of `{id}` {what}") }
        }
        other => ReadError::Unavailable(Box::new(other)),
    })
}
