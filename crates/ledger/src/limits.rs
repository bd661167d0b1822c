//! Every limit of the ledger, by name.

/// The largest whole number that canonical JSON can say exactly: 2^53 - 1.
pub const NUMBER_MAX: i64 = (1 << 53) - 1;

/// The most leaves of one log; what a checkpoint may speak of.
pub const TREE_SIZE_MAX: u64 = 1 << 48;

/// How deep canonical JSON may nest.
pub const DEPTH_MAX: usize = 16;

/// The largest entry, in canonical bytes.
pub const ENTRY_BYTES_MAX: usize = 16 * 1024;

/// The longest word, in bytes.
pub const WORD_BYTES_MAX: usize = 96;

/// The most facts in the detail of an entry.
pub const DETAIL_FACTS_MAX: usize = 32;

/// The largest signed note, in bytes.
pub const NOTE_BYTES_MAX: usize = 64 * 1024;

/// The most signature lines of a signed note.
pub const NOTE_SIGNATURES_MAX: usize = 64;

/// The longest name of a key or origin, in bytes.
pub const ORIGIN_BYTES_MAX: usize = 255;

/// The most hashes in a proof; enough for any tree.
pub const PROOF_HASHES_MAX: usize = 64;
