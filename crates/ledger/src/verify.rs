//! The auditor's question: is this the log that was signed, and if not, where does it go wrong?
//!
//! Everything is recomputed from the entries' bytes; stored leaf hashes and earlier checkpoints
//! only help to name the place. Keys are pinned by whoever asks and never taken from the log.

use crate::checkpoint::{BadCheckpoint, Checkpoint};
use crate::entry::{BadEntry, Entry};
use crate::hash::{Hash, leaf_hash};
use crate::note::PublicKey;
use crate::tree::{Frontier, TreeHead};

/// An entry as it was stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record<'a> {
    /// Its canonical bytes.
    pub bytes: &'a [u8],
    /// The leaf hash that was stored beside it, where there is one: it names the bad entry.
    pub leaf: Option<Hash>,
}

/// What became of the question.
#[derive(Debug)]
pub enum Verdict {
    /// Every entry that was signed is there and unchanged.
    Sound {
        /// What was signed last.
        head: TreeHead,
        /// Entries after the last checkpoint: well-formed, and not yet signed by anybody.
        unsigned: u64,
    },
    /// This checkpoint (counted from 0, as given) is not the log's.
    BadCheckpoint {
        /// Which one.
        place: usize,
        /// Why.
        why: BadCheckpoint,
    },
    /// There is no checkpoint, so nothing was promised.
    NothingSigned,
    /// Two checkpoints of the same size differ: the log was forked.
    Forked {
        /// Of which size.
        size: u64,
    },
    /// This entry is not one.
    BadEntry {
        /// Which entry, from 0.
        index: u64,
        /// Why.
        why: BadEntry,
    },
    /// This entry is not the one that was stored first.
    Changed {
        /// Which entry, from 0.
        index: u64,
    },
    /// Among these entries at least one was changed, removed, added or moved.
    Differs {
        /// All before this index are as they were signed.
        from: u64,
        /// The entries from here on were not looked at.
        to: u64,
    },
    /// Entries are missing at the end.
    Missing {
        /// The first that is missing.
        from: u64,
        /// How many were signed.
        signed: u64,
    },
}

impl Verdict {
    /// Whether every signed entry is there and unchanged.
    pub fn is_sound(&self) -> bool {
        matches!(self, Self::Sound { .. })
    }

    /// The first entry that is bad or may be, when the log is not sound and the place is known.
    pub fn first_bad(&self) -> Option<u64> {
        match self {
            Self::BadEntry { index, .. } | Self::Changed { index } => Some(*index),
            Self::Differs { from, .. } | Self::Missing { from, .. } => Some(*from),
            Self::Sound { .. } | Self::BadCheckpoint { .. } | Self::NothingSigned | Self::Forked { .. } => None,
        }
    }
}

/// A verification that is fed one entry after the other, so that no log is too long for memory.
#[derive(Debug)]
pub struct Verifier {
    /// What was signed, in rising order of size, and what is still ahead.
    heads: std::vec::IntoIter<TreeHead>,
    next: Option<TreeHead>,
    /// The last signed head that was met; before it all is well.
    met: TreeHead,
    frontier: Frontier,
}

impl Verifier {
    /// Starts with signed checkpoints, in any order, and the one key that is trusted.
    pub fn new<'a>(signed: impl IntoIterator<Item = &'a str>, pinned: &PublicKey) -> Result<Self, Verdict> {
        let mut heads = Vec::new();
        for (place, signed) in signed.into_iter().enumerate() {
            let checkpoint = Checkpoint::open(signed, pinned).map_err(|why| Verdict::BadCheckpoint { place, why })?;
            heads.push(checkpoint.head);
        }
        heads.sort_unstable_by_key(|head| head.size);
        heads.dedup();
        for pair in heads.windows(2) {
            if let [earlier, later] = pair
                && earlier.size == later.size
            {
                return Err(Verdict::Forked { size: later.size });
            }
        }
        let frontier = Frontier::default();
        let mut heads = heads.into_iter();
        let next = heads.next().ok_or(Verdict::NothingSigned)?;
        let mut verifier = Self { heads, next: Some(next), met: frontier.head(), frontier };
        verifier.meet()?;
        Ok(verifier)
    }

    /// Looks at the next entry.
    pub fn push(&mut self, record: Record<'_>) -> Result<(), Verdict> {
        let index = self.frontier.size();
        let leaf = leaf_hash(record.bytes);
        if record.leaf.is_some_and(|stored| stored != leaf) {
            return Err(Verdict::Changed { index });
        }
        Entry::from_bytes(record.bytes).map_err(|why| Verdict::BadEntry { index, why })?;
        self.frontier.append(leaf);
        self.meet()
    }

    /// The verdict, after the last entry.
    pub fn finish(self) -> Verdict {
        let signed = self.next.iter().chain(self.heads.as_slice()).next_back();
        match signed {
            Some(head) => Verdict::Missing { from: self.frontier.size(), signed: head.size },
            None => Verdict::Sound { head: self.met, unsigned: self.frontier.size() - self.met.size },
        }
    }

    /// Compares with the next signed head, when the log has grown to its size.
    fn meet(&mut self) -> Result<(), Verdict> {
        if let Some(next) = self.next
            && next.size == self.frontier.size()
        {
            if next != self.frontier.head() {
                return Err(Verdict::Differs { from: self.met.size, to: next.size });
            }
            self.met = next;
            self.next = self.heads.next();
        }
        Ok(())
    }
}

/// Verifies a whole log against its signed checkpoints and the pinned key.
pub fn verify<'a>(
    records: impl IntoIterator<Item = Record<'a>>,
    signed: impl IntoIterator<Item = &'a str>,
    pinned: &PublicKey,
) -> Verdict {
    let mut verifier = match Verifier::new(signed, pinned) {
        Ok(verifier) => verifier,
        Err(verdict) => return verdict,
    };
    for record in records {
        if let Err(verdict) = verifier.push(record) {
            return verdict;
        }
    }
    verifier.finish()
}
