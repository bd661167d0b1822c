//! The audit record as mathematics: canonical bytes, an RFC 6962 Merkle log, proofs, signed
//! checkpoints and their verification.
//!
//! It does no IO, reads no clock and makes no random bytes: a caller hands in entries, stored
//! hashes and keys. It knows no database and no identity beyond the ids in an [`Entry`].
//! Start at [`entry`] for what is recorded, at [`tree`] for the log, at [`verify`] for the
//! question an auditor asks.

pub mod canonical;
pub mod checkpoint;
pub mod entry;
pub mod hash;
pub mod limits;
pub mod note;
pub mod proof;
pub mod reference;
pub mod tree;
pub mod verify;
pub mod word;

pub use canonical::{NotCanonical, canonical_bytes};
pub use checkpoint::{BadCheckpoint, Checkpoint, Origin};
pub use entry::{ActorRef, BadEntry, DetailKey, Entry, Fact};
pub use hash::{Hash, leaf_hash, node_hash};
pub use note::{BadKey, BadNote, PublicKey, SigningKey};
pub use proof::{ConsistencyProof, InclusionProof, NoProof, ProofRefused};
pub use reference::Reference;
pub use tree::{BadFrontier, Frontier, NodeMissing, Nodes, Tree, TreeHead, head_of};
pub use verify::{Record, Verdict, Verifier, verify};
pub use word::{NotAWord, Word};
