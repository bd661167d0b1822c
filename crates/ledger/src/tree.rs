//! The RFC 6962 Merkle tree: appending with a handful of hashes, and looking up nodes for proofs.
//!
//! [`Frontier`] is all that a writer needs to keep: one hash per bit set in the size. [`Nodes`]
//! is what a proof needs: the hashes of complete subtrees, from a slice of leaf hashes, a
//! [`Tree`] in memory, or wherever a store keeps them.

use crate::hash::{Hash, node_hash};

/// What a tree is known by: how many leaves, and the root over them.
///
/// The two belong together: a root alone does not say how many leaves are below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TreeHead {
    /// How many leaves.
    pub size: u64,
    /// The hash over all of them.
    pub root: Hash,
}

/// The right edge of a tree: enough to append and to tell the root, never to prove.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Frontier {
    size: u64,
    /// INVARIANT: one hash per bit set in `size`, the largest subtree first.
    peaks: Vec<Hash>,
}

/// A stored frontier does not fit its size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a tree of {size} leaves has {wanted} peaks, and {found} were stored")]
pub struct BadFrontier {
    size: u64,
    wanted: u32,
    found: usize,
}

impl Frontier {
    /// Takes up a stored frontier.
    pub fn from_parts(size: u64, peaks: Vec<Hash>) -> Result<Self, BadFrontier> {
        let wanted = size.count_ones();
        if usize::try_from(wanted) == Ok(peaks.len()) {
            Ok(Self { size, peaks })
        } else {
            Err(BadFrontier { size, wanted, found: peaks.len() })
        }
    }

    /// Appends a leaf and returns its index.
    pub fn append(&mut self, leaf: Hash) -> u64 {
        let index = self.size;
        let mut node = leaf;
        for _ in 0..index.trailing_ones() {
            if let Some(left) = self.peaks.pop() {
                node = node_hash(&left, &node);
            }
        }
        self.peaks.push(node);
        self.size += 1;
        index
    }

    /// How many leaves.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The stored form, with [`Frontier::size`].
    pub fn peaks(&self) -> &[Hash] {
        &self.peaks
    }

    /// Size and root.
    pub fn head(&self) -> TreeHead {
        TreeHead { size: self.size, root: self.root() }
    }

    /// The root. That of the empty tree is the hash of nothing.
    pub fn root(&self) -> Hash {
        self.peaks.iter().rev().copied().reduce(|right, left| node_hash(&left, &right)).unwrap_or_else(|| Hash::of(b""))
    }
}

impl Extend<Hash> for Frontier {
    fn extend<I: IntoIterator<Item = Hash>>(&mut self, leaves: I) {
        for leaf in leaves {
            self.append(leaf);
        }
    }
}

/// A node that a proof needs is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the log has no node {index} at level {level}")]
pub struct NodeMissing {
    /// Level 0 are the leaves.
    pub level: u32,
    /// Counted from the left.
    pub index: u64,
}

/// Where the hashes of complete subtrees come from.
pub trait Nodes {
    /// The hash over the `2^level` leaves from leaf `index * 2^level` on.
    fn node(&self, level: u32, index: u64) -> Result<Hash, NodeMissing>;
}

/// Leaf hashes are enough; each node is computed when it is asked for.
impl Nodes for [Hash] {
    fn node(&self, level: u32, index: u64) -> Result<Hash, NodeMissing> {
        let leaves = leaves_under(self, level, index).ok_or(NodeMissing { level, index })?;
        let mut frontier = Frontier::default();
        frontier.extend(leaves.iter().copied());
        Ok(frontier.root())
    }
}

fn leaves_under(leaves: &[Hash], level: u32, index: u64) -> Option<&[Hash]> {
    let width = 1usize.checked_shl(level)?;
    let begin = usize::try_from(index).ok()?.checked_mul(width)?;
    leaves.get(begin..begin.checked_add(width)?)
}

/// A whole tree in memory, about 64 bytes a leaf: proofs take a logarithm of look-ups.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tree {
    levels: Vec<Vec<Hash>>,
}

impl Tree {
    /// Appends a leaf and returns its index.
    pub fn append(&mut self, leaf: Hash) -> u64 {
        let index = self.size();
        let mut node = leaf;
        for level in 0.. {
            let Some(row) = self.levels.get_mut(level) else {
                self.levels.push(vec![node]);
                break;
            };
            row.push(node);
            let (pairs, rest) = row.as_chunks::<2>();
            let (Some([left, right]), []) = (pairs.last(), rest) else { break };
            node = node_hash(left, right);
        }
        index
    }

    /// How many leaves.
    pub fn size(&self) -> u64 {
        self.levels.first().map_or(0, |leaves| leaves.len() as u64)
    }
}

impl FromIterator<Hash> for Tree {
    fn from_iter<I: IntoIterator<Item = Hash>>(leaves: I) -> Self {
        let mut tree = Self::default();
        for leaf in leaves {
            tree.append(leaf);
        }
        tree
    }
}

impl Nodes for Tree {
    fn node(&self, level: u32, index: u64) -> Result<Hash, NodeMissing> {
        let row = usize::try_from(level).ok().and_then(|level| self.levels.get(level));
        let place = usize::try_from(index).ok();
        row.zip(place).and_then(|(row, place)| row.get(place)).copied().ok_or(NodeMissing { level, index })
    }
}

/// The hash over the leaves `begin..end`, put together from complete subtrees.
///
/// `begin` must be a multiple of every complete subtree's width in the range, which holds for
/// all ranges that RFC 6962 splits a tree into.
pub(crate) fn range_hash<N: Nodes + ?Sized>(nodes: &N, begin: u64, end: u64) -> Result<Hash, NodeMissing> {
    let width = end.saturating_sub(begin);
    if width == 0 {
        return Ok(Hash::of(b""));
    }
    if width.is_power_of_two() {
        let level = width.trailing_zeros();
        return nodes.node(level, begin >> level);
    }
    let middle = begin + left_width(width);
    Ok(node_hash(&range_hash(nodes, begin, middle)?, &range_hash(nodes, middle, end)?))
}

/// How many of `width` leaves (at least two) are in the left subtree: the largest power of two below it.
pub(crate) fn left_width(width: u64) -> u64 {
    1 << (width.saturating_sub(1).max(1).ilog2())
}

/// The head of the tree of the first `size` leaves.
pub fn head_of<N: Nodes + ?Sized>(nodes: &N, size: u64) -> Result<TreeHead, NodeMissing> {
    Ok(TreeHead { size, root: range_hash(nodes, 0, size)? })
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::hash::leaf_hash;

    /// The definition of RFC 6962 §2.1, word for word and slow.
    pub(crate) fn definition(leaves: &[Hash]) -> Hash {
        match leaves {
            [] => Hash::of(b""),
            [only] => *only,
            _ => {
                let mut k = 1;
                while k * 2 < leaves.len() {
                    k *= 2;
                }
                node_hash(&definition(&leaves[..k]), &definition(&leaves[k..]))
            }
        }
    }

    pub(crate) fn leaves(count: usize) -> Vec<Hash> {
        (0..count).map(|n| leaf_hash(format!("leaf {n}").as_bytes())).collect()
    }

    #[test]
    fn every_way_to_a_root_agrees_with_the_definition() {
        let leaves = leaves(300);
        let mut frontier = Frontier::default();
        let mut tree = Tree::default();
        for size in 0..=leaves.len() {
            let wanted = definition(&leaves[..size]);
            assert_eq!(frontier.root(), wanted, "frontier of {size}");
            assert_eq!(head_of(&tree, size as u64).map(|head| head.root), Ok(wanted), "tree of {size}");
            assert_eq!(head_of(leaves.as_slice(), size as u64).map(|head| head.root), Ok(wanted), "leaves of {size}");
            let again = Frontier::from_parts(frontier.size(), frontier.peaks().to_vec());
            assert_eq!(again.as_ref(), Ok(&frontier));
            if let Some(leaf) = leaves.get(size) {
                assert_eq!(frontier.append(*leaf), size as u64);
                assert_eq!(tree.append(*leaf), size as u64);
            }
        }
    }

    #[test]
    fn the_tree_of_the_rfc_6962_test_data() {
        // Inputs and root of the eight-leaf example that certificate transparency code shares.
        let inputs: [&[u8]; 8] = [
            b"",
            &[0x00],
            &[0x10],
            &[0x20, 0x21],
            &[0x30, 0x31],
            &[0x40, 0x41, 0x42, 0x43],
            &[0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57],
            &[0x60, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x6b, 0x6c, 0x6d, 0x6e, 0x6f],
        ];
        let mut frontier = Frontier::default();
        frontier.extend(inputs.iter().map(|input| leaf_hash(input)));
        assert_eq!(frontier.root().to_string(), "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328");
    }

    #[test]
    fn a_frontier_that_does_not_fit_is_refused() {
        assert!(Frontier::from_parts(3, leaves(1)).is_err());
        assert!(Frontier::from_parts(0, leaves(1)).is_err());
    }

    #[test]
    fn a_missing_node_is_named() {
        let leaves = leaves(5);
        assert_eq!(head_of(leaves.as_slice(), 6), Err(NodeMissing { level: 1, index: 2 }));
        let tree: Tree = leaves.into_iter().collect();
        assert_eq!(head_of(&tree, 6), Err(NodeMissing { level: 1, index: 2 }));
    }
}
