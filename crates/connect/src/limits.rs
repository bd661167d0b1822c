//! Every limit of the contract, by name.

/// The longest operation key, in characters.
pub const OPERATION_KEY_LENGTH_MAX: usize = 128;

/// The most objects that one page of a reading may hold.
pub const PAGE_OBJECTS_MAX: u32 = 1_000;

/// How many objects a page holds when nobody says otherwise.
pub const PAGE_OBJECTS_USUAL: u32 = 200;

/// The longest secret, in bytes.
pub const SECRET_BYTES_MAX: u64 = 64 * 1024;

/// The most pages that the conformance suite follows before it calls a reading endless.
pub const CONFORMANCE_PAGES_MAX: usize = 10_000;

/// The deepest filter.
pub const FILTER_DEPTH_MAX: usize = 8;
