//! Every limit of the contract, by name.

use std::time::Duration;

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

/// How long one case of the conformance suite may take.
pub const CONFORMANCE_CASE_TIME_MAX: Duration = Duration::from_mins(5);

/// For how many writes of one case it is waited besides until they are seen, where that takes time.
pub const CONFORMANCE_WAITS_MAX: u32 = 200;

/// How often a patient conformance suite tries again.
pub const CONFORMANCE_TRIES_MAX: u32 = 8;

/// The share of a system's pace that is kept for what takes access away, in percent.
pub const GOVERNED_RESERVED_PERCENT: u32 = 20;

/// How many callers wait for their turn at one system, in each lane.
pub const GOVERNED_QUEUE_MAX: usize = 1_024;

/// How long a caller waits for its turn.
pub const GOVERNED_WAIT_MAX: Duration = Duration::from_secs(30);

/// How long a system is left alone that says "too fast" and not for how long.
pub const GOVERNED_PAUSE_USUAL: Duration = Duration::from_secs(1);

/// The longest pause that a system may ask for.
pub const GOVERNED_PAUSE_MAX: Duration = Duration::from_hours(1);

/// So many calls without an answer, one after the other, and the system is left alone.
pub const BREAKER_FAILURES_MAX: u32 = 5;

/// How long it is left alone the first time; each further time twice as long.
pub const BREAKER_REST_FIRST: Duration = Duration::from_secs(5);

/// The longest that it is left alone.
pub const BREAKER_REST_MAX: Duration = Duration::from_mins(5);

/// The longest text that an action is given.
pub const ACTION_TEXT_BYTES_MAX: usize = 8 * 1024;

/// So much is kept of what stood there before an action, to take it back with.
pub const ACTION_KEPT_BYTES_MAX: usize = 32 * 1024;
