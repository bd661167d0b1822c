//! Every limit of the store, by name.

use std::time::Duration;

/// Rows that one statement of [`crate::Tx::insert_many`] writes on SQLite, where a statement
/// costs no round trip and a long one costs time to compile.
pub const CHUNK_ROWS_MAX: usize = 32;
/// Values that one statement may carry: what SQLite takes, which is less than PostgreSQL does.
pub const PARAMETERS_MAX: usize = 32_766;
/// Values of one `IN (…)`; longer lists are asked in pieces.
pub const LIST_MAX: usize = 512;
/// Prepared statements that a SQLite connection keeps.
pub const STATEMENTS_CACHED_MAX: usize = 512;
/// The longest text, in characters, by which a person can be found.
pub const KEY_LENGTH_MAX: usize = 200;
/// The most people that one key may lead to; more than one already needs a human.
pub const KEY_MATCHES_MAX: usize = 20;
/// The most people who are looked at again because somebody to whom they refer became known.
pub const REFERRERS_MAX: usize = 10_000;
/// The largest page that any list hands out.
pub const PAGE_MAX: usize = 1_000;
/// The most rows of one owner, such as the accounts of a person.
pub const ROWS_OF_OWNER_MAX: usize = 10_000;
/// Hashes of observations that are read at once.
pub const HASHES_AT_ONCE: usize = 10_000;
/// The most facts of one person, which are all read to work out what they come to.
pub const FACTS_OF_PERSON_MAX: usize = 20_000;
/// Tries to make the first tables while another node does the same.
pub const MIGRATION_TRIES_MAX: usize = 10;
/// SQLite's page cache of the writing connection, in KiB.
pub const SQLITE_CACHE_WRITER_KIB: i64 = 16_384;
/// Pages of SQLite's write-ahead log after which they go into the file itself: often enough to keep
/// the log small, seldom enough that a page which changes with every commit goes there once.
pub const SQLITE_CHECKPOINT_PAGES: i64 = 4_096;
/// A commit on SQLite that takes longer is told of.
pub const COMMIT_TIME_USUAL_MAX: Duration = Duration::from_millis(500);
/// SQLite's page cache of each reading connection, in KiB.
pub const SQLITE_CACHE_READER_KIB: i64 = 4_096;

/// What an installation may want to set.
#[derive(Debug, Clone)]
pub struct StoreLimits {
    /// Jobs that wait for the writer of SQLite before the next caller has to wait.
    pub queue_jobs_max: usize,
    /// Jobs that share one commit on SQLite.
    pub group_jobs_max: usize,
    /// Reading connections on SQLite.
    pub readers: usize,
    /// Connections to PostgreSQL.
    pub connections_max: usize,
    /// How long a caller waits for a connection to PostgreSQL.
    pub connection_wait: Duration,
    /// How long a statement waits for a lock.
    pub lock_wait: Duration,
    /// How long one statement may take on PostgreSQL.
    pub statement_time: Duration,
    /// How long a transaction may stand idle on PostgreSQL.
    pub idle_time: Duration,
    /// The largest a SQLite database may grow, in pages of 4 KiB; none means as large as the disk.
    pub sqlite_pages_max: Option<u32>,
}

impl Default for StoreLimits {
    fn default() -> Self {
        Self {
            queue_jobs_max: 4_096,
            group_jobs_max: 128,
            readers: 4,
            connections_max: 16,
            connection_wait: Duration::from_secs(5),
            lock_wait: Duration::from_secs(5),
            statement_time: Duration::from_secs(30),
            idle_time: Duration::from_secs(30),
            sqlite_pages_max: None,
        }
    }
}

/// The number of rows that a list may hand out when this many were asked for.
pub(crate) fn page(asked: usize) -> i64 {
    i64::try_from(asked.clamp(1, PAGE_MAX)).unwrap_or(1)
}

/// The number of rows that one owner may have.
pub(crate) fn of_owner() -> i64 {
    i64::try_from(ROWS_OF_OWNER_MAX).unwrap_or(i64::MAX)
}

/// A number of rows as the databases take it.
pub(crate) fn count(rows: usize) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}
