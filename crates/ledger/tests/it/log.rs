//! A small signed log to attack.

use jiff::Timestamp;
use tenure_ledger::{Checkpoint, DetailKey, Entry, Frontier, Hash, Origin, Record, SigningKey, Tree, leaf_hash};
use tenure_model::{Actor, Ids, PersonId, RunId, SeededIds, new_id};
use zeroize::Zeroizing;

/// A log, what was signed of it, and by whom.
pub struct Log {
    pub origin: Origin,
    pub key: SigningKey,
    pub bytes: Vec<Vec<u8>>,
    pub leaves: Vec<Hash>,
}

impl Log {
    pub fn of(size: usize) -> Self {
        let origin = Origin::first("id.example/ledger").unwrap();
        let key = SigningKey::from_seed(&origin.to_string(), &Zeroizing::new([7; 32])).unwrap();
        let ids = SeededIds::new(11);
        let bytes: Vec<_> = (0..size).map(|n| entry(&ids, n).to_bytes().unwrap()).collect();
        let leaves = bytes.iter().map(|bytes| leaf_hash(bytes)).collect();
        Self { origin, key, bytes, leaves }
    }

    pub fn tree(&self) -> Tree {
        self.leaves.iter().copied().collect()
    }

    pub fn checkpoint(&self, size: usize) -> Checkpoint {
        let mut frontier = Frontier::default();
        frontier.extend(self.leaves[..size].iter().copied());
        Checkpoint { origin: self.origin.clone(), head: frontier.head() }
    }

    pub fn signed(&self, size: usize) -> String {
        self.checkpoint(size).sign(&self.key).unwrap()
    }

    pub fn records(&self) -> impl Iterator<Item = Record<'_>> {
        self.bytes.iter().zip(&self.leaves).map(|(bytes, leaf)| Record { bytes, leaf: Some(*leaf) })
    }

    /// As an auditor gets them who was given the entries and nothing else.
    pub fn bare_records(&self) -> impl Iterator<Item = Record<'_>> {
        self.bytes.iter().map(|bytes| Record { bytes, leaf: None })
    }
}

fn entry(ids: &dyn Ids, n: usize) -> Entry {
    let at = Timestamp::from_second(1_800_000_000 + i64::try_from(n).unwrap()).unwrap();
    let mut entry = Entry::new("effect.done".parse().unwrap(), at, &Actor::system("runner"))
        .about(new_id::<PersonId>(ids))
        .with(DetailKey::Evidence, Hash::of(&n.to_be_bytes()))
        .with(DetailKey::Count, i64::try_from(n).unwrap());
    entry.run = Some(new_id::<RunId>(ids));
    entry.effect = Some("account.disable".parse().unwrap());
    entry
}
