//! Why the store did not do what it was asked, in the cases that a caller treats differently.
//!
//! The words of a driver stay in the source; the message names the place, the reason and, where
//! there is one, the way out.

use std::error::Error;
use std::sync::Arc;

/// What a driver said. Shared, because a failed commit is told to everybody in its group.
pub type Cause = Arc<dyn Error + Send + Sync + 'static>;

/// Why a transaction did not happen. Whatever it is, nothing of the transaction was written.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// Somebody else changed the row in between, or it is not there.
    #[error("`{id}` in {table} was changed by somebody else in the meantime; read it again and repeat")]
    Conflict {
        /// Where.
        table: &'static str,
        /// Which row.
        id: String,
    },
    /// There is such a row already.
    #[error("there is such a row already")]
    Duplicate(#[source] Cause),
    /// A value does not fit its column, or a row that it names is not there.
    #[error("the database refused a value")]
    Refused(#[source] Cause),
    /// A row does not read back as what was written.
    #[error("{table} holds a row that cannot be read: column {column} of `{id}` {what}")]
    Inconsistent {
        /// Where.
        table: &'static str,
        /// Which column.
        column: String,
        /// Which row.
        id: String,
        /// What is wrong with it.
        what: String,
    },
    /// A job waited for something else than its own statements.
    #[error("a transaction waited for something outside the database; do that before or after it")]
    AwaitedInTransaction,
    /// A job panicked.
    #[error("a transaction was given up by its own code: {0}")]
    Panicked(String),
    /// A statement is wrong; a mistake of ours.
    #[error("a statement failed: {what}")]
    Statement {
        /// The statement, or what is wrong with it.
        what: String,
        /// What the database said.
        #[source]
        source: Cause,
    },
    /// No room is left.
    #[error("the database has no room left; free some space or raise its limit")]
    Full(#[source] Cause),
    /// The database, or this transaction, may only be read, or its disk does not take a write.
    #[error("the database cannot be written to: it is read-only here, or its disk fails")]
    Unwritable(#[source] Cause),
    /// Others were in the way for too long; asking again may help.
    #[error("the database is busy with others; try again")]
    Busy(#[source] Cause),
    /// The file is damaged.
    #[error("the database is damaged; restore it from a backup")]
    Corrupt(#[source] Cause),
    /// The database could not be asked or could not answer.
    #[error("the database cannot be reached: {what}")]
    Unavailable {
        /// What was tried.
        what: String,
        /// What the driver said.
        #[source]
        source: Cause,
    },
}

/// A reason in words, where no driver gave one.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Words(pub(crate) String);

impl StoreError {
    pub(crate) fn statement(what: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Statement { what: what.into(), source: Arc::new(Words(reason.into())) }
    }

    pub(crate) fn refused(reason: impl Into<String>) -> Self {
        Self::Refused(Arc::new(Words(reason.into())))
    }

    /// The database did not answer.
    pub fn gone(what: impl Into<String>) -> Self {
        Self::Unavailable {
            what: what.into(),
            source: Arc::new(Words("the thread or connection behind it has ended".to_owned())),
        }
    }

    /// Fails unless a write touched exactly the one row that it was meant for.
    pub(crate) fn unless_one(count: u64, table: &'static str, id: impl std::fmt::Display) -> Result<(), Self> {
        if count == 1 { Ok(()) } else { Err(Self::Conflict { table, id: id.to_string() }) }
    }
}

/// Why a database was not opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The database did not take a setting that keeps the data safe.
    #[error(
        "the database answers `{found}` for {setting}, and `{wanted}` is needed; set it so or use another database"
    )]
    Setting {
        /// Which.
        setting: &'static str,
        /// What is needed.
        wanted: String,
        /// What it says.
        found: String,
    },
    /// Commits that were acknowledged are missing at the end of the log of a SQLite file.
    #[error("`{log}` is damaged: {lost} of {pages} pages that were acknowledged cannot be read back; {way_out}")]
    Damaged {
        /// The log.
        log: String,
        /// How many pages of it are lost.
        lost: u32,
        /// How many there were.
        pages: u32,
        /// What to do.
        way_out: String,
    },
    /// Another process works on this SQLite file.
    #[error(
        "another process works on `{place}`; stop it first, or keep the data in PostgreSQL, where several nodes share the work"
    )]
    Taken {
        /// Which.
        place: String,
    },
    /// The file or server cannot be opened.
    #[error("cannot open the database at `{place}`")]
    Unreachable {
        /// Where, without any password.
        place: String,
        /// Why.
        #[source]
        source: Cause,
    },
}
