//! What was known of a connection when a reading began: two short hashes for each account, so that
//! a million of them fit into some 70 MB.

use std::collections::HashMap;

use sha2::{Digest as _, Sha256};
use tenure_model::{ConnectionName, NativeId};
use tenure_store::{StoreError, observations};

use super::short;
use crate::cx::House;

/// What was known, less what the reading met so far.
#[derive(Debug, Default)]
pub(super) struct Known {
    hashes: HashMap<u128, [u8; 16]>,
    /// How many there were.
    pub(super) count: u64,
}

/// What a reading is told of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Met {
    /// It is as it was.
    Same,
    /// It is new, changed, or was read twice.
    Other,
}

impl Known {
    /// Everything that is known of the connection.
    pub(super) async fn load(house: &House, connection: &ConnectionName) -> Result<Self, StoreError> {
        let mut known = Self::default();
        let mut after: Option<NativeId> = None;
        loop {
            let (name, from) = (connection.clone(), after.take());
            let page = house
                .store
                .read(move |tx| Box::pin(async move { observations::hashes(tx, &name, from.as_ref()).await }));
            let page: Vec<observations::Hashed> = page.await.map_err(|error: StoreError| error)?;
            let Some((last, _)) = page.last() else { break };
            after = Some(last.clone());
            known.hashes.extend(page.iter().map(|(native, hash)| (key(native), *hash)));
        }
        known.count = u64::try_from(known.hashes.len()).unwrap_or(u64::MAX);
        Ok(known)
    }

    /// The reading met this account.
    pub(super) fn meet(&mut self, native: &NativeId, hash: &[u8; 16]) -> Met {
        match self.hashes.remove(&key(native)) {
            Some(known) if known == *hash => Met::Same,
            Some(_) | None => Met::Other,
        }
    }

    /// Whether it was known and the reading did not meet it.
    pub(super) fn is_missing(&self, native: &NativeId) -> bool {
        self.hashes.contains_key(&key(native))
    }

    /// How many the reading did not meet.
    pub(super) fn missing(&self) -> u64 {
        u64::try_from(self.hashes.len()).unwrap_or(u64::MAX)
    }
}

fn key(native: &NativeId) -> u128 {
    u128::from_be_bytes(short(&Sha256::digest(native.as_str().as_bytes())))
}
