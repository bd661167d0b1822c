//! The limits of the doors that are not settings, each with its name.

use std::time::Duration;

/// The longest request id that is taken from a caller, in bytes.
pub const REQUEST_ID_BYTES_MAX: usize = 64;
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
