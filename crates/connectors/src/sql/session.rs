//! One conversation with a database, whichever it is.

use tokio::time::timeout;

use super::config::Database;
use super::dialect::{Dialect, Sql};
use super::fault::SqlError;
use super::mysql::Mysql;
use super::postgres::Postgres;
use super::sqlite::Sqlite;
use super::tls::Tls;
use crate::limits::{SQL_DIAL_TIME_MAX, SQL_REQUEST_TIME_MAX};

/// What a statement came to.
#[derive(Debug, Default)]
pub(super) struct Done {
    /// Its rows, every value as text.
    pub(super) rows: Vec<Vec<Option<String>>>,
    /// How many rows it found and wrote.
    pub(super) affected: u64,
}

/// A conversation.
pub(super) enum Session {
    Postgres(Postgres),
    Mysql(Mysql),
    Sqlite(Sqlite),
}

/// Where a transaction begins or ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    Begin,
    Commit,
    Rollback,
}

impl Session {
    /// Begins one.
    pub(super) async fn open(database: &Database, tls: Option<&Tls>, password: &str) -> Result<Self, SqlError> {
        let opened = async {
            match database {
                Database::Postgresql(server) => Ok(Self::Postgres(Postgres::open(server, tls, password).await?)),
                Database::Mariadb(server) | Database::Mysql(server) => {
                    Ok(Self::Mysql(Mysql::open(server, tls, password).await?))
                }
                Database::Sqlite { file } => Ok(Self::Sqlite(Sqlite::open(file).await?)),
            }
        };
        timeout(SQL_DIAL_TIME_MAX, opened).await.unwrap_or_else(|_| Err(late()))
    }

    /// In which words it is held.
    pub(super) fn dialect(&self) -> Dialect {
        match self {
            Self::Postgres(_) => Dialect::Postgres,
            Self::Mysql(_) => Dialect::Mysql,
            Self::Sqlite(_) => Dialect::Sqlite,
        }
    }

    /// Whether it has ended.
    pub(super) fn is_closed(&self) -> bool {
        match self {
            Self::Postgres(session) => session.is_closed(),
            Self::Mysql(session) => session.is_closed(),
            Self::Sqlite(_) => false,
        }
    }

    /// Runs one statement.
    pub(super) async fn run(&mut self, sql: Sql) -> Result<Done, SqlError> {
        let running = async {
            match self {
                Self::Postgres(session) => session.run(&sql).await,
                Self::Mysql(session) => session.run(&sql).await,
                Self::Sqlite(session) => session.run(sql).await,
            }
        };
        timeout(SQL_REQUEST_TIME_MAX, running).await.unwrap_or_else(|_| Err(late()))
    }

    /// Begins or ends a transaction.
    pub(super) async fn mark(&mut self, mark: Mark) -> Result<(), SqlError> {
        let text = match (mark, self.dialect()) {
            // SQLite would find out only at the first write that somebody else is writing.
            (Mark::Begin, Dialect::Sqlite) => "BEGIN IMMEDIATE",
            (Mark::Begin, Dialect::Mysql) => "START TRANSACTION",
            (Mark::Begin, Dialect::Postgres) => "BEGIN",
            (Mark::Commit, _) => "COMMIT",
            (Mark::Rollback, _) => "ROLLBACK",
        };
        let running = async {
            match self {
                Self::Postgres(session) => session.constant(text).await,
                Self::Mysql(session) => session.constant(text).await,
                Self::Sqlite(session) => session.constant(text).await,
            }
        };
        timeout(SQL_REQUEST_TIME_MAX, running).await.unwrap_or_else(|_| Err(late()))
    }
}

fn late() -> SqlError {
    SqlError::Lost("nothing came in time".to_owned())
}
