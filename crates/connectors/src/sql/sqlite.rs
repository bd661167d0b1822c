//! A file of SQLite. It must be there already: a connector makes no databases.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::types::ToSqlOutput;
use rusqlite::{Connection, ErrorCode, OpenFlags, ToSql};

use super::dialect::{Datum, Sql};
use super::fault::SqlError;
use super::session::Done;
use crate::limits::SQL_REQUEST_TIME_MAX;

/// A conversation with SQLite. Its calls wait for a disk, so they run where waiting is no harm.
pub(super) struct Sqlite {
    connection: Arc<Mutex<Connection>>,
}

impl Sqlite {
    /// Opens the file.
    pub(super) async fn open(file: &Path) -> Result<Self, SqlError> {
        let file = file.to_owned();
        let opened = tokio::task::spawn_blocking(move || {
            let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            let connection = Connection::open_with_flags(file, flags).map_err(|error| said(&error))?;
            connection.busy_timeout(SQL_REQUEST_TIME_MAX / 3).map_err(|error| said(&error))?;
            connection.pragma_update(None, "foreign_keys", true).map_err(|error| said(&error))?;
            Ok(connection)
        });
        let connection = opened.await.map_err(|error| SqlError::Lost(error.to_string()))??;
        Ok(Self { connection: Arc::new(Mutex::new(connection)) })
    }

    /// Runs a text of our own that has no values.
    pub(super) async fn constant(&self, text: &'static str) -> Result<(), SqlError> {
        self.with(move |connection| connection.execute_batch(text).map_err(|error| said(&error))).await
    }

    pub(super) async fn run(&self, sql: Sql) -> Result<Done, SqlError> {
        self.with(move |connection| run(connection, &sql).map_err(|error| said(&error))).await
    }

    async fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, SqlError> + Send + 'static,
    ) -> Result<T, SqlError> {
        let connection = Arc::clone(&self.connection);
        let work = move || work(&connection.lock().unwrap_or_else(PoisonError::into_inner));
        tokio::task::spawn_blocking(work).await.map_err(|error| SqlError::Lost(error.to_string()))?
    }
}

fn run(connection: &Connection, sql: &Sql) -> rusqlite::Result<Done> {
    let mut statement = connection.prepare_cached(&sql.text)?;
    let values = rusqlite::params_from_iter(sql.values.iter());
    let columns = statement.column_count();
    if columns == 0 {
        let affected = statement.execute(values)? as u64;
        return Ok(Done { rows: Vec::new(), affected });
    }
    let mut found = statement.query(values)?;
    let mut rows = Vec::new();
    while let Some(row) = found.next()? {
        rows.push((0..columns).map(|at| row.get::<_, Option<String>>(at)).collect::<rusqlite::Result<Vec<_>>>()?);
    }
    let affected = rows.len() as u64;
    Ok(Done { rows, affected })
}

fn said(error: &rusqlite::Error) -> SqlError {
    match error {
        rusqlite::Error::SqliteFailure(failure, words) => {
            let code = match failure.code {
                // Of a broken rule it matters which.
                ErrorCode::ConstraintViolation => failure.extended_code,
                _ => failure.extended_code & 0xFF,
            };
            SqlError::Said { code: format!("S{code}"), words: words.clone().unwrap_or_default() }
        }
        rusqlite::Error::SqlInputError { msg, .. } => SqlError::Said { code: "S1".to_owned(), words: msg.clone() },
        other => SqlError::Said { code: "S1".to_owned(), words: other.to_string() },
    }
}

impl ToSql for Datum {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        match self {
            Self::Null => Ok(ToSqlOutput::Owned(rusqlite::types::Value::Null)),
            Self::Text(text) => text.to_sql(),
            Self::Int(number) => number.to_sql(),
        }
    }
}
