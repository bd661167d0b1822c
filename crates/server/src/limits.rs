//! The limits of the doors that are not settings, each with its name.

use std::time::Duration;

/// The longest request id that is taken from a caller, in bytes.
pub const REQUEST_ID_BYTES_MAX: usize = 64;
/// How long somebody stays signed in at a browser, in seconds: a working day.
pub const SESSION_SECONDS: u32 = 8 * 3_600;
/// How many tasks a page shows.
pub const TASKS_SHOWN: usize = 100;
/// The longest bearer token that is looked at, in bytes.
pub const TOKEN_BYTES_MAX: usize = 256;
/// How many bytes the head of a request may have.
pub const HEAD_BYTES_MAX: usize = 32 * 1024;
/// How many headers a request may have.
pub const HEADERS_MAX: usize = 64;
/// How long the head of a request may take to arrive.
pub const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a TLS handshake may take.
pub const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long to wait before accepting again when the machine has no more file handles.
pub const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// What `retry-after` says to a caller who came when all hands were full, in seconds.
pub const RETRY_AFTER_SECONDS: u32 = 1;
/// The largest file of settings, in bytes.
pub const CONFIG_BYTES_MAX: u64 = 256 * 1024;
/// The largest certificate or key file, in bytes.
pub const PEM_BYTES_MAX: u64 = 1024 * 1024;
/// How long an export of traces may take.
pub const EXPORT_TIMEOUT: Duration = Duration::from_secs(10);
/// Names this close count as a slip of the hand.
pub const SLIP_DISTANCE_MAX: usize = 4;
/// How many runs are watched at once; more are sent away.
pub const WATCHES_MAX: usize = 256;
/// How long one watch lasts at most; the watcher comes again, with a token that is still good.
pub const WATCH_LIFE_MAX: Duration = Duration::from_mins(10);
/// How often a watched run is looked at when nothing was heard: another node may work on it.
pub const WATCH_LOOK: Duration = Duration::from_secs(5);
/// How often a silent watch says that it lives.
pub const WATCH_HEARTBEAT: Duration = Duration::from_secs(15);
/// For how long counts that come from the database are kept.
pub const NUMBERS_KEPT: Duration = Duration::from_secs(5);
/// The largest page of any list, whatever the settings say: with the item that tells whether
/// there is a next page it is what the store hands out at most.
pub const PAGE_ITEMS_MAX: u32 = 999;
/// The longest name of a lane, in bytes.
pub const LANE_BYTES_MAX: usize = 200;
/// The longest name of a signal, in bytes.
pub const SIGNAL_NAME_BYTES_MAX: usize = 200;

/// Pages of entitlements that are read to find those that a conformance test may use.
pub const CONFORM_PAGES_MAX: usize = 100;

/// Objects on a small page, where a system's own population is read too.
pub const CONFORM_PAGE_OBJECTS: u32 = 20;

/// The longest word that the suite makes out of a name.
pub const SLUG_LENGTH_MAX: usize = 30;

/// How many of the last runs of a workflow are played again by a draft when nobody says.
pub const REDRAFTED_RUNS_USUAL: usize = 50;
