//! SQLite: one writing thread with group commit, and a few reading threads.
//!
//! The writer takes whatever waits, runs every job within a savepoint and commits once for all;
//! nobody is answered before the commit is on the disk. A database in memory has no readers: what
//! reads waits its turn at the writer.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use futures::future::BoxFuture;
use rusqlite::{CachedStatement, Connection, ErrorCode, OpenFlags, ToSql, types::ToSqlOutput, types::ValueRef};
use tenure_model::{Clock, SystemClock};
use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::job::{Access, Fate, Job, Work};
use super::place::Place;
use super::row::{Cell, Param, Row};
use super::trouble::Trouble;
use super::tx::{Link, Texts, Tx, head_of};
use crate::error::{Cause, OpenError, StoreError};
use crate::limits::{
    COMMIT_TIME_USUAL_MAX, SQLITE_CACHE_READER_KIB, SQLITE_CACHE_WRITER_KIB, SQLITE_CHECKPOINT_PAGES,
    STATEMENTS_CACHED_MAX, StoreLimits,
};

type Queued = Box<dyn Job>;

pub(super) struct Sqlite {
    writer: Sender<Queued>,
    readers: Option<Sender<Queued>>,
}

impl Sqlite {
    /// Opens a file, or memory when there is none.
    pub(super) async fn open(path: Option<PathBuf>, limits: StoreLimits, trouble: Trouble) -> Result<Self, OpenError> {
        let place = path.as_ref().map_or_else(|| ":memory:".to_owned(), |path| path.display().to_string());
        let opened = tokio::task::spawn_blocking(move || Self::start(path.as_deref(), &limits, trouble)).await;
        opened.unwrap_or_else(|stopped| Err(OpenError::Unreachable { place, source: Arc::new(stopped) }))
    }

    fn start(path: Option<&Path>, limits: &StoreLimits, trouble: Trouble) -> Result<Self, OpenError> {
        let texts = Texts::default();
        let writing = open_writer(path, limits)?;
        let place = path.map(Place::of).transpose().map_err(|cause| unreachable(path, Arc::new(cause)))?;
        let (writer, jobs) = channel(limits.queue_jobs_max.max(1));
        let group_max = limits.group_jobs_max.max(1);
        let tx = Tx::new(Link::Sqlite(Box::new(writing)), texts.clone());
        thread("store-writer", path, move || write_loop(tx, jobs, group_max, place.as_ref(), &trouble))?;
        let Some(path) = path else { return Ok(Self { writer, readers: None }) };
        let (readers, jobs) = channel(limits.queue_jobs_max.max(1));
        let jobs = Arc::new(Mutex::new(jobs));
        for _ in 0..limits.readers.max(1) {
            let tx = Tx::new(Link::Sqlite(Box::new(open_reader(path, limits)?)), texts.clone());
            let jobs = jobs.clone();
            thread("store-reader", Some(path), move || read_loop(tx, &jobs))?;
        }
        Ok(Self { writer, readers: Some(readers) })
    }

    pub(super) async fn run<T, E, F>(&self, access: Access, job: F) -> Result<T, E>
    where
        F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let queue = match (access, &self.readers) {
            (Access::Read, Some(readers)) => readers,
            (Access::Read, None) | (Access::Write, _) => &self.writer,
        };
        let (work, answer) = Work::new(access, job);
        if queue.send(Box::new(work)).await.is_err() {
            return Err(StoreError::gone("the thread of the database has ended").into());
        }
        answer.await.unwrap_or_else(|_| Err(StoreError::gone("the thread of the database has ended").into()))
    }
}

fn thread(name: &str, path: Option<&Path>, body: impl FnOnce() + Send + 'static) -> Result<(), OpenError> {
    match std::thread::Builder::new().name(name.to_owned()).spawn(body) {
        // It ends by itself when the last sender is gone.
        Ok(_) => Ok(()),
        Err(cause) => Err(unreachable(path, Arc::new(cause))),
    }
}

fn unreachable(path: Option<&Path>, source: Cause) -> OpenError {
    OpenError::Unreachable { place: path.unwrap_or(Path::new(":memory:")).display().to_string(), source }
}

fn open_writer(path: Option<&Path>, limits: &StoreLimits) -> Result<Connection, OpenError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    if let Some(path) = path {
        super::log::check(path)?;
        make_private(path).map_err(|cause| unreachable(Some(path), Arc::new(cause)))?;
    }
    let connection = Connection::open_with_flags(path.unwrap_or(Path::new(":memory:")), flags)
        .map_err(|cause| unreachable(path, Arc::new(cause)))?;
    let journal = if path.is_some() { "wal" } else { "memory" };
    // The waiting comes first: what follows may already have to wait for another process.
    set(path, &connection, "busy_timeout", &limits.lock_wait.as_millis().to_string(), None)?;
    set(path, &connection, "journal_mode", journal, None)?;
    set(path, &connection, "synchronous", "FULL", Some("2"))?;
    set(path, &connection, "foreign_keys", "ON", Some("1"))?;
    set(path, &connection, "cache_size", &(-SQLITE_CACHE_WRITER_KIB).to_string(), None)?;
    // What a statement may have to undo is kept in memory, not in a file of its own.
    set(path, &connection, "temp_store", "MEMORY", Some("2"))?;
    set(path, &connection, "wal_autocheckpoint", &SQLITE_CHECKPOINT_PAGES.to_string(), None)?;
    if let Some(pages) = limits.sqlite_pages_max {
        set(path, &connection, "max_page_count", &pages.to_string(), None)?;
    }
    connection.set_prepared_statement_cache_capacity(STATEMENTS_CACHED_MAX);
    Ok(connection)
}

fn open_reader(path: &Path, limits: &StoreLimits) -> Result<Connection, OpenError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection =
        Connection::open_with_flags(path, flags).map_err(|cause| unreachable(Some(path), Arc::new(cause)))?;
    set(Some(path), &connection, "busy_timeout", &limits.lock_wait.as_millis().to_string(), None)?;
    set(Some(path), &connection, "query_only", "ON", Some("1"))?;
    set(Some(path), &connection, "cache_size", &(-SQLITE_CACHE_READER_KIB).to_string(), None)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_CACHED_MAX);
    Ok(connection)
}

/// Makes the file so that only its owner can read it; the files beside it inherit that.
fn make_private(path: &Path) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(error),
        Ok(_) | Err(_) => Ok(()),
    }
}

/// Sets a pragma and reads it back, because SQLite takes a wrong word silently for something else.
fn set(
    path: Option<&Path>,
    connection: &Connection,
    setting: &'static str,
    value: &str,
    reads: Option<&str>,
) -> Result<(), OpenError> {
    let failed = |cause: rusqlite::Error| unreachable(path, Arc::new(cause));
    connection.execute_batch(&format!("PRAGMA {setting} = {value}")).map_err(failed)?;
    let found = connection
        .query_row(&format!("PRAGMA {setting}"), [], |row| {
            Ok(match row.get_ref(0)? {
                ValueRef::Integer(number) => number.to_string(),
                other => other.as_str().unwrap_or("").to_owned(),
            })
        })
        .map_err(failed)?;
    let wanted = reads.unwrap_or(value);
    if found == wanted { Ok(()) } else { Err(OpenError::Setting { setting, wanted: wanted.to_owned(), found }) }
}

fn write_loop(mut tx: Tx, mut jobs: Receiver<Queued>, group_max: usize, place: Option<&Place>, trouble: &Trouble) {
    while let Some(first) = jobs.blocking_recv() {
        let mut waiting = vec![first];
        while waiting.len() < group_max
            && let Ok(next) = jobs.try_recv()
        {
            waiting.push(next);
        }
        let mut waiting = waiting.into_iter();
        // A group that SQLite gave up in the middle leaves jobs that were never begun.
        while waiting.len() > 0 {
            run_group(&mut tx, &mut waiting, place, trouble);
        }
    }
}

fn run_group(tx: &mut Tx, waiting: &mut std::vec::IntoIter<Queued>, place: Option<&Place>, trouble: &Trouble) {
    let mut ran: Vec<Queued> = Vec::with_capacity(waiting.len());
    let clock = SystemClock::new();
    let outcome = match control(tx, "BEGIN IMMEDIATE") {
        Err(error) => {
            ran.extend(waiting.by_ref());
            Err(error)
        }
        Ok(()) if waiting.len() == 1 => run_alone(tx, waiting, &mut ran),
        Ok(()) => run_jobs(tx, waiting, &mut ran).and_then(|()| control(tx, "COMMIT")),
    };
    let took = clock.elapsed();
    if took > COMMIT_TIME_USUAL_MAX {
        let (jobs, ms) = (ran.len(), took.as_millis());
        tracing::warn!(jobs, ms, "a commit took long: the disk is slow or busy, and whatever writes waits for it");
    }
    // What was written into a file that is not in its place any more is a promise to nobody.
    let outcome = outcome.and_then(|()| place.map_or(Ok(()), Place::check));
    if outcome.is_err() {
        give_up(tx);
    }
    trouble.note(outcome.as_ref().err());
    for job in ran {
        job.answer(outcome.clone());
    }
}

/// A job that shares its transaction with no other needs no savepoint, for which SQLite would copy
/// every page before it changes it.
fn run_alone(tx: &mut Tx, waiting: &mut std::vec::IntoIter<Queued>, ran: &mut Vec<Queued>) -> Result<(), StoreError> {
    let Some(mut job) = waiting.next() else { return control(tx, "COMMIT") };
    let fate = run_one(tx, &mut job);
    ran.push(job);
    if is_over(tx) {
        return Err(given_up(tx));
    }
    control(tx, if fate == Fate::Keep { "COMMIT" } else { "ROLLBACK" })
}

/// A full disk, for one, makes SQLite roll back everything and not only the statement.
fn given_up(tx: &Tx) -> StoreError {
    tx.spoiled().cloned().unwrap_or_else(|| StoreError::gone("the database gave the transaction up"))
}

fn run_jobs(tx: &mut Tx, waiting: &mut std::vec::IntoIter<Queued>, ran: &mut Vec<Queued>) -> Result<(), StoreError> {
    for mut job in waiting.by_ref() {
        let begun = control(tx, "SAVEPOINT job");
        let fate = if begun.is_ok() { run_one(tx, &mut job) } else { Fate::Undo };
        ran.push(job);
        begun?;
        if is_over(tx) {
            return Err(given_up(tx));
        }
        if fate == Fate::Undo {
            control(tx, "ROLLBACK TO job")?;
        }
        control(tx, "RELEASE job")?;
    }
    Ok(())
}

fn run_one(tx: &mut Tx, job: &mut Queued) -> Fate {
    tx.renew();
    if job.access() == Access::Write {
        return job.run(tx);
    }
    if control(tx, "PRAGMA query_only = ON").is_err() {
        return Fate::Undo;
    }
    let fate = job.run(tx);
    if control(tx, "PRAGMA query_only = OFF").is_err() {
        tracing::error!("the database did not take up writing again");
    }
    fate
}

fn read_loop(mut tx: Tx, jobs: &Mutex<Receiver<Queued>>) {
    loop {
        let next = jobs.lock().unwrap_or_else(PoisonError::into_inner).blocking_recv();
        let Some(mut job) = next else { return };
        tx.renew();
        let outcome = control(&mut tx, "BEGIN").map(|()| job.run(&mut tx)).map(|_| ());
        give_up(&mut tx);
        job.answer(outcome);
    }
}

/// Ends whatever is still open.
fn give_up(tx: &mut Tx) {
    if !is_over(tx)
        && let Err(error) = control(tx, "ROLLBACK")
    {
        tracing::error!(error = &error as &dyn std::error::Error, "a transaction could not be rolled back");
    }
}

fn is_over(tx: &mut Tx) -> bool {
    match tx.link() {
        Link::Sqlite(connection) => connection.is_autocommit(),
        Link::Postgres(_) => true,
    }
}

fn control(tx: &mut Tx, sql: &'static str) -> Result<(), StoreError> {
    match tx.link() {
        Link::Sqlite(connection) => {
            let mut statement = prepare(connection, sql)?;
            let mut rows = statement.raw_query();
            while rows.next().map_err(|error| store_error(sql, error))?.is_some() {}
            Ok(())
        }
        Link::Postgres(_) => Err(StoreError::statement(sql, "not a connection of SQLite")),
    }
}

pub(super) fn batch(connection: &Connection, sql: &str) -> Result<(), StoreError> {
    connection.execute_batch(sql).map_err(|error| store_error(sql, error))
}

pub(super) fn execute(connection: &Connection, sql: &str, params: &[Param]) -> Result<u64, StoreError> {
    let mut statement = prepare(connection, sql)?;
    bind(&mut statement, sql, params)?;
    let changed = statement.raw_execute().map_err(|error| store_error(sql, error))?;
    Ok(u64::try_from(changed).unwrap_or(u64::MAX))
}

pub(super) fn query(connection: &Connection, sql: &str, params: &[Param]) -> Result<Vec<Row>, StoreError> {
    let mut statement = prepare(connection, sql)?;
    bind(&mut statement, sql, params)?;
    let columns: Arc<[String]> = statement.column_names().map(str::to_owned).collect();
    let mut found = Vec::new();
    let mut rows = statement.raw_query();
    while let Some(row) = rows.next().map_err(|error| store_error(sql, error))? {
        let cells = (0..columns.len()).map(|place| cell(sql, row, place)).collect::<Result<_, _>>()?;
        found.push(Row { columns: columns.clone(), cells });
    }
    Ok(found)
}

fn cell(sql: &str, row: &rusqlite::Row<'_>, place: usize) -> Result<Cell, StoreError> {
    Ok(match row.get_ref(place).map_err(|error| store_error(sql, error))? {
        ValueRef::Null => Cell::Null,
        ValueRef::Integer(number) => Cell::Int(number),
        ValueRef::Text(bytes) => Cell::Text(String::from_utf8_lossy(bytes).into_owned()),
        ValueRef::Blob(bytes) => Cell::Blob(bytes.to_owned()),
        ValueRef::Real(_) => return Err(StoreError::statement(head_of(sql), "a fraction, which no column here holds")),
    })
}

fn prepare<'c>(connection: &'c Connection, sql: &str) -> Result<CachedStatement<'c>, StoreError> {
    connection.prepare_cached(sql).map_err(|error| store_error(sql, error))
}

/// Binds every place; a place without a value would silently be null.
fn bind(statement: &mut CachedStatement<'_>, sql: &str, params: &[Param]) -> Result<(), StoreError> {
    let places = statement.parameter_count();
    if places != params.len() {
        let reason = format!("it has {places} places and got {} values", params.len());
        return Err(StoreError::statement(head_of(sql), reason));
    }
    for (place, param) in params.iter().enumerate() {
        statement.raw_bind_parameter(place + 1, param).map_err(|error| store_error(sql, error))?;
    }
    Ok(())
}

impl ToSql for Param {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(number) => ValueRef::Integer(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Blob(bytes) => ValueRef::Blob(bytes),
            Self::Id(uuid) => ValueRef::Blob(uuid.as_bytes()),
        }))
    }
}

fn store_error(sql: &str, error: rusqlite::Error) -> StoreError {
    use rusqlite::ffi::{
        SQLITE_CONSTRAINT_PRIMARYKEY, SQLITE_CONSTRAINT_ROWID, SQLITE_CONSTRAINT_UNIQUE, SQLITE_IOERR_DIR_FSYNC,
        SQLITE_IOERR_FSYNC, SQLITE_IOERR_TRUNCATE, SQLITE_IOERR_WRITE,
    };
    let codes = error.sqlite_error().map(|found| (found.code, found.extended_code));
    let cause: Cause = Arc::new(error);
    let Some((code, extended)) = codes else {
        return StoreError::Statement { what: head_of(sql), source: cause };
    };
    match code {
        ErrorCode::DiskFull => StoreError::Full(cause),
        ErrorCode::ReadOnly => StoreError::Unwritable(cause),
        ErrorCode::SystemIoFailure
            if [SQLITE_IOERR_WRITE, SQLITE_IOERR_FSYNC, SQLITE_IOERR_DIR_FSYNC, SQLITE_IOERR_TRUNCATE]
                .contains(&extended) =>
        {
            StoreError::Unwritable(cause)
        }
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => StoreError::Busy(cause),
        ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => StoreError::Corrupt(cause),
        ErrorCode::ConstraintViolation => match extended {
            SQLITE_CONSTRAINT_PRIMARYKEY | SQLITE_CONSTRAINT_ROWID | SQLITE_CONSTRAINT_UNIQUE => {
                StoreError::Duplicate(cause)
            }
            _ => StoreError::Refused(cause),
        },
        ErrorCode::TypeMismatch | ErrorCode::TooBig => StoreError::Refused(cause),
        ErrorCode::SystemIoFailure | ErrorCode::CannotOpen | ErrorCode::OutOfMemory | ErrorCode::PermissionDenied => {
            StoreError::Unavailable { what: head_of(sql), source: cause }
        }
        _ => StoreError::Statement { what: head_of(sql), source: cause },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_that_does_not_take_is_refused() {
        let connection = Connection::open_in_memory().unwrap();
        // SQLite takes the unknown word without a murmur.
        let refused = set(None, &connection, "synchronous", "WAL", Some("2")).unwrap_err();
        assert!(refused.to_string().contains("for synchronous, and `2` is needed"), "{refused}");
        assert!(open_writer(None, &StoreLimits::default()).is_ok());
    }
}
