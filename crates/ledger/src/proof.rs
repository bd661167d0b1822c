//! Proofs that a leaf is in a tree, and that a tree is a longer version of another.
//!
//! Making a proof needs stored hashes; checking one needs nothing but the proof, and believes
//! nothing in it: sizes and lengths are checked with the hashes (RFC 9162 §2.1.3 and §2.1.4).

use serde::{Deserialize, Serialize};

use crate::hash::{Hash, node_hash};
use crate::limits::PROOF_HASHES_MAX;
use crate::tree::{NodeMissing, Nodes, TreeHead, left_width, range_hash};

/// That the leaf `index` is in the tree of `size` leaves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct InclusionProof {
    /// Which leaf.
    pub index: u64,
    /// Of how many.
    pub size: u64,
    /// The neighbours on the way to the root, from the leaf up.
    pub path: Vec<Hash>,
}

/// That the tree of `from` leaves is the beginning of the tree of `to` leaves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ConsistencyProof {
    /// The size of the earlier tree.
    pub from: u64,
    /// The size of the later tree.
    pub to: u64,
    /// The hashes that make both roots.
    pub path: Vec<Hash>,
}

/// Why there is no such proof.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoProof {
    /// The question makes no sense.
    #[error("there is no {wanted} in a log of {size} entries")]
    Outside {
        /// What was asked for.
        wanted: u64,
        /// How many there are.
        size: u64,
    },
    /// The store does not have what is needed.
    #[error("a hash that the proof needs is missing")]
    Missing(#[from] NodeMissing),
}

/// A proof does not prove what it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the proof does not lead to the given root")]
pub struct ProofRefused;

impl InclusionProof {
    /// Proves a leaf in the tree of the first `size` leaves.
    pub fn make<N: Nodes + ?Sized>(nodes: &N, index: u64, size: u64) -> Result<Self, NoProof> {
        if index >= size {
            return Err(NoProof::Outside { wanted: index, size });
        }
        let (mut begin, mut end) = (0, size);
        let mut path = Vec::new();
        while end - begin > 1 {
            let middle = begin + left_width(end - begin);
            if index < middle {
                path.push(range_hash(nodes, middle, end)?);
                end = middle;
            } else {
                path.push(range_hash(nodes, begin, middle)?);
                begin = middle;
            }
        }
        path.reverse();
        Ok(Self { index, size, path })
    }

    /// Checks that the leaf with this hash is in the tree with this head.
    ///
    /// Take the head from a checkpoint whose signature was checked, never from where the proof came.
    pub fn check(&self, leaf: &Hash, head: &TreeHead) -> Result<(), ProofRefused> {
        if self.index >= self.size || self.size != head.size || self.path.len() > PROOF_HASHES_MAX {
            return Err(ProofRefused);
        }
        let mut place = Place { node: self.index, last: self.size - 1 };
        let mut hash = *leaf;
        for neighbour in &self.path {
            hash = match place.climb()? {
                Side::Left => node_hash(neighbour, &hash),
                Side::Right => node_hash(&hash, neighbour),
            };
        }
        if place.last == 0 && hash == head.root { Ok(()) } else { Err(ProofRefused) }
    }
}

impl ConsistencyProof {
    /// Proves that the first `from` of `to` leaves are the earlier tree.
    pub fn make<N: Nodes + ?Sized>(nodes: &N, from: u64, to: u64) -> Result<Self, NoProof> {
        if from > to {
            return Err(NoProof::Outside { wanted: from, size: to });
        }
        let mut path = Vec::new();
        if from > 0 {
            let (mut begin, mut end) = (0, to);
            while end != from {
                let middle = begin + left_width(end - begin);
                if from <= middle {
                    path.push(range_hash(nodes, middle, end)?);
                    end = middle;
                } else {
                    path.push(range_hash(nodes, begin, middle)?);
                    begin = middle;
                }
            }
            if begin > 0 {
                path.push(range_hash(nodes, begin, end)?);
            }
            path.reverse();
        }
        Ok(Self { from, to, path })
    }

    /// Checks that the tree with the later head begins with the tree of the earlier head.
    pub fn check(&self, earlier: &TreeHead, later: &TreeHead) -> Result<(), ProofRefused> {
        let sizes = self.from <= self.to && self.from == earlier.size && self.to == later.size;
        if !sizes || self.path.len() > PROOF_HASHES_MAX {
            return Err(ProofRefused);
        }
        if self.from == 0 {
            // Every tree begins with the empty one, whose root is known.
            let sound = self.path.is_empty() && earlier.root == Hash::of(b"") && (self.to > 0 || earlier == later);
            return if sound { Ok(()) } else { Err(ProofRefused) };
        }
        if self.from == self.to {
            return if self.path.is_empty() && earlier == later { Ok(()) } else { Err(ProofRefused) };
        }
        self.check_longer(&earlier.root, &later.root)
    }

    fn check_longer(&self, earlier: &Hash, later: &Hash) -> Result<(), ProofRefused> {
        let mut place = Place { node: self.from - 1, last: self.to - 1 };
        place.leave_complete();
        // A complete earlier tree is itself the first hash, and is left out of the proof.
        let (first, rest) = if self.from.is_power_of_two() {
            (earlier, self.path.as_slice())
        } else {
            self.path.split_first().ok_or(ProofRefused)?
        };
        let (mut old, mut new) = (*first, *first);
        for hash in rest {
            match place.climb()? {
                Side::Left => {
                    old = node_hash(hash, &old);
                    new = node_hash(hash, &new);
                }
                Side::Right => new = node_hash(&new, hash),
            }
        }
        if place.last == 0 && old == *earlier && new == *later { Ok(()) } else { Err(ProofRefused) }
    }
}

/// On which side of a node its neighbour in the proof is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Left,
    Right,
}

/// A node of some level, and the last node of that level.
#[derive(Debug)]
struct Place {
    node: u64,
    last: u64,
}

impl Place {
    fn is_right_child(&self) -> bool {
        self.node & 1 == 1
    }

    fn up(&mut self) {
        self.node >>= 1;
        self.last >>= 1;
    }

    /// Goes up one hash of the proof, and over the levels where a lone last node has no neighbour.
    fn climb(&mut self) -> Result<Side, ProofRefused> {
        if self.last == 0 {
            return Err(ProofRefused);
        }
        let side = if self.is_right_child() || self.node == self.last { Side::Left } else { Side::Right };
        if side == Side::Left && !self.is_right_child() {
            while !self.is_right_child() && self.node != 0 {
                self.up();
            }
        }
        self.up();
        Ok(side)
    }

    /// Goes up to the top of the largest complete subtree that ends here.
    fn leave_complete(&mut self) {
        while self.is_right_child() {
            self.up();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::Tree;
    use crate::tree::tests::{definition, leaves};

    fn head(leaves: &[Hash]) -> TreeHead {
        TreeHead { size: leaves.len() as u64, root: definition(leaves) }
    }

    const SIZE: usize = 70;

    #[test]
    fn every_leaf_of_every_tree_is_proved_from_leaves_and_from_a_tree() {
        let leaves = leaves(SIZE);
        let tree: Tree = leaves.iter().copied().collect();
        for size in 1..=SIZE {
            let root = head(&leaves[..size]);
            for index in 0..size {
                let proof = InclusionProof::make(&tree, index as u64, size as u64).unwrap();
                assert_eq!(proof.check(&leaves[index], &root), Ok(()), "{index} of {size}");
                assert_eq!(InclusionProof::make(leaves.as_slice(), index as u64, size as u64), Ok(proof));
            }
        }
    }

    #[test]
    fn a_proof_holds_for_no_other_leaf_index_size_or_root() {
        let leaves = leaves(SIZE);
        for size in 1..=SIZE {
            let shorter = head(&leaves[..size - 1]);
            let root = head(&leaves[..size]);
            for index in 0..size {
                let proof = InclusionProof::make(leaves.as_slice(), index as u64, size as u64).unwrap();
                for other in (0..size).filter(|other| *other != index) {
                    assert!(proof.check(&leaves[other], &root).is_err());
                    let moved = InclusionProof { index: other as u64, ..proof.clone() };
                    assert!(moved.check(&leaves[index], &root).is_err(), "{index} as {other} of {size}");
                }
                assert!(proof.check(&leaves[index], &shorter).is_err());
                let mut long = proof.clone();
                long.path.push(root.root);
                assert!(long.check(&leaves[index], &root).is_err());
                let mut short = proof.clone();
                if short.path.pop().is_some() {
                    assert!(short.check(&leaves[index], &root).is_err());
                }
            }
        }
    }

    #[test]
    fn every_pair_of_trees_is_proved_and_nothing_else() {
        let leaves = leaves(SIZE);
        let tree: Tree = leaves.iter().copied().collect();
        let roots: Vec<_> = (0..=SIZE).map(|size| head(&leaves[..size])).collect();
        for to in 0..=SIZE {
            for from in 0..=to {
                let proof = ConsistencyProof::make(&tree, from as u64, to as u64).unwrap();
                assert_eq!(proof.check(&roots[from], &roots[to]), Ok(()), "{from} to {to}");
                for other in (0..=SIZE).filter(|other| *other != from) {
                    assert!(proof.check(&roots[other], &roots[to]).is_err(), "{other} as {from} to {to}");
                }
                // Every tree begins with nothing, so a proof from zero says nothing of the later root.
                for other in (0..=SIZE).filter(|other| *other != to && from > 0) {
                    assert!(proof.check(&roots[from], &roots[other]).is_err(), "{from} to {other} as {to}");
                }
                let mut long = proof.clone();
                long.path.push(roots[to].root);
                assert!(long.check(&roots[from], &roots[to]).is_err());
            }
        }
    }

    #[test]
    fn a_rewritten_beginning_has_no_consistency_proof() {
        let honest = leaves(40);
        let mut rewritten = honest.clone();
        rewritten[3] = honest[4];
        let proof = ConsistencyProof::make(rewritten.as_slice(), 20, 40).unwrap();
        assert_eq!(proof.check(&head(&honest[..20]), &head(&rewritten)), Err(ProofRefused));
        assert_eq!(proof.check(&head(&rewritten[..20]), &head(&rewritten)), Ok(()));
    }

    #[test]
    fn what_is_not_there_has_no_proof() {
        let leaves = leaves(4);
        assert_eq!(InclusionProof::make(leaves.as_slice(), 4, 4), Err(NoProof::Outside { wanted: 4, size: 4 }));
        assert!(matches!(InclusionProof::make(leaves.as_slice(), 0, 5), Err(NoProof::Missing(_))));
        assert!(ConsistencyProof::make(leaves.as_slice(), 5, 4).is_err());
        let hollow = InclusionProof { index: 0, size: 0, path: vec![] };
        assert_eq!(hollow.check(&leaves[0], &head(&leaves[..0])), Err(ProofRefused));
    }
}
