//! What is wrong with the database, by what the last write met: its disk, its room, its reach.
//! A write that was refused for its own sake says nothing of that.

use std::sync::{Arc, Mutex, PoisonError};

use crate::error::StoreError;

/// Kept by whoever writes. Clones share it.
#[derive(Debug, Clone, Default)]
pub(super) struct Trouble(Arc<Mutex<Option<StoreError>>>);

impl Trouble {
    /// A write ended, with this error or without one.
    pub(super) fn note(&self, error: Option<&StoreError>) {
        let found = match error {
            None => None,
            Some(
                StoreError::Full(_)
                | StoreError::Unwritable(_)
                | StoreError::Corrupt(_)
                | StoreError::Unavailable { .. },
            ) => error.cloned(),
            Some(
                StoreError::Conflict { .. }
                | StoreError::Duplicate(_)
                | StoreError::Refused(_)
                | StoreError::Inconsistent { .. }
                | StoreError::AwaitedInTransaction
                | StoreError::Panicked(_)
                | StoreError::Statement { .. }
                | StoreError::Busy(_),
            ) => return,
        };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = found;
    }

    pub(super) fn get(&self) -> Option<StoreError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
