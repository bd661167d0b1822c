//! Ten thousand one-bit changes of entries, proofs and checkpoints: all refused, and the
//! unchanged twin of each accepted.

use tenure_ledger::{Checkpoint, ConsistencyProof, Entry, Hash, InclusionProof, Record, Verdict, leaf_hash, verify};
use tenure_model::{Ids, SeededIds};

use crate::log::Log;

const SIZE: usize = 37;
const ENTRY_MUTATIONS: usize = 4_000;
const INCLUSION_MUTATIONS: usize = 2_500;
const CONSISTENCY_MUTATIONS: usize = 2_500;
const CHECKPOINT_MUTATIONS: usize = 1_000;

/// Chance from a seed, so that a failure can be had again.
struct Dice(SeededIds);

impl Dice {
    fn below(&self, limit: usize) -> usize {
        let mut bytes = [0; 8];
        self.0.secret(&mut bytes);
        usize::try_from(u64::from_le_bytes(bytes) % limit as u64).unwrap()
    }
    fn flip(&self, bytes: &[u8]) -> Vec<u8> {
        let mut changed = bytes.to_vec();
        let bit = self.below(bytes.len() * 8);
        changed[bit / 8] ^= 1 << (bit % 8);
        changed
    }
    fn flip_hash(&self, hash: &Hash) -> Hash {
        Hash::try_from(self.flip(hash.as_bytes()).as_slice()).unwrap()
    }
}

#[test]
fn entries() {
    let (log, dice) = (Log::of(SIZE), Dice(SeededIds::new(1)));
    let head = log.checkpoint(SIZE).head;
    for round in 0..ENTRY_MUTATIONS {
        let index = dice.below(SIZE);
        let proof = InclusionProof::make(log.leaves.as_slice(), index as u64, SIZE as u64).unwrap();
        let changed = dice.flip(&log.bytes[index]);
        assert_eq!(proof.check(&leaf_hash(&log.bytes[index]), &head), Ok(()));
        assert!(proof.check(&leaf_hash(&changed), &head).is_err(), "round {round}");
        // What still reads as an entry reads as another one.
        if let Ok(entry) = Entry::from_bytes(&changed) {
            assert_ne!(entry, Entry::from_bytes(&log.bytes[index]).unwrap(), "round {round}");
        }
    }
}

#[test]
fn entries_of_a_whole_log_by_index() {
    let (log, dice) = (Log::of(SIZE), Dice(SeededIds::new(2)));
    let signed = log.signed(SIZE);
    for round in 0..200 {
        let index = dice.below(SIZE);
        let changed = dice.flip(&log.bytes[index]);
        let records: Vec<_> = (log.records().enumerate())
            .map(|(n, record)| if n == index { Record { bytes: &changed, ..record } } else { record })
            .collect();
        let verdict = verify(records, [signed.as_str()], log.key.public());
        assert!(matches!(verdict, Verdict::Changed { .. }), "round {round}: {verdict:?}");
        assert_eq!(verdict.first_bad(), Some(index as u64), "round {round}");
    }
}

#[test]
fn inclusion_proofs() {
    let (log, dice) = (Log::of(SIZE), Dice(SeededIds::new(3)));
    let tree = log.tree();
    for round in 0..INCLUSION_MUTATIONS {
        let size = 1 + dice.below(SIZE);
        let index = dice.below(size);
        let head = log.checkpoint(size).head;
        let proof = InclusionProof::make(&tree, index as u64, size as u64).unwrap();
        assert_eq!(proof.check(&log.leaves[index], &head), Ok(()));
        let (mut changed, mut changed_head) = (proof.clone(), head);
        match dice.below(4) {
            0 => changed.index ^= 1 << dice.below(64),
            1 => changed.size ^= 1 << dice.below(64),
            2 => changed_head.root = dice.flip_hash(&head.root),
            _ if changed.path.is_empty() => changed_head.size ^= 1 << dice.below(64),
            _ => {
                let place = dice.below(changed.path.len());
                changed.path[place] = dice.flip_hash(&proof.path[place]);
            }
        }
        assert!(changed.check(&log.leaves[index], &changed_head).is_err(), "round {round}: {changed:?}");
    }
}

#[test]
fn consistency_proofs() {
    let (log, dice) = (Log::of(SIZE), Dice(SeededIds::new(4)));
    let tree = log.tree();
    for round in 0..CONSISTENCY_MUTATIONS {
        let to = 2 + dice.below(SIZE - 1);
        let from = 1 + dice.below(to - 1);
        let (earlier, later) = (log.checkpoint(from).head, log.checkpoint(to).head);
        let proof = ConsistencyProof::make(&tree, from as u64, to as u64).unwrap();
        assert_eq!(proof.check(&earlier, &later), Ok(()));
        let (mut changed, mut changed_earlier, mut changed_later) = (proof.clone(), earlier, later);
        match dice.below(5) {
            0 => changed.from ^= 1 << dice.below(64),
            1 => changed.to ^= 1 << dice.below(64),
            2 => changed_earlier.root = dice.flip_hash(&earlier.root),
            3 => changed_later.root = dice.flip_hash(&later.root),
            _ => {
                let place = dice.below(changed.path.len());
                changed.path[place] = dice.flip_hash(&proof.path[place]);
            }
        }
        assert!(changed.check(&changed_earlier, &changed_later).is_err(), "round {round}: {changed:?}");
    }
}

#[test]
fn checkpoints() {
    let (log, dice) = (Log::of(SIZE), Dice(SeededIds::new(5)));
    let signed = log.signed(SIZE);
    assert_eq!(Checkpoint::open(&signed, log.key.public()), Ok(log.checkpoint(SIZE)));
    for round in 0..CHECKPOINT_MUTATIONS {
        let changed = dice.flip(signed.as_bytes());
        // Bytes that are no text never reach the reader.
        let Ok(changed) = String::from_utf8(changed) else { continue };
        assert!(Checkpoint::open(&changed, log.key.public()).is_err(), "round {round}: {changed}");
    }
}
