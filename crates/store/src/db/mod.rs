//! The seam: one [`Store`] over two databases, and [`Tx`] in which every statement runs.
//!
//! A job is a closure that gets a transaction and gives back a future. It may only wait for its
//! own statements: on SQLite they are answered at once, so a job that is not ready after one
//! poll waited for the world, is rolled back and told so. Next: [`sqlite`] and [`postgres`].

pub(crate) mod dialect;
mod job;
mod log;
mod place;
mod postgres;
pub(crate) mod row;
mod sqlite;
mod trouble;
pub(crate) mod tx;

use std::fmt;
use std::fs::{File, TryLockError};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use futures::future::BoxFuture;

use self::job::Access;
use self::trouble::Trouble;
use self::tx::Tx;
use crate::error::{Cause, OpenError, StoreError};
use crate::limits::StoreLimits;
use crate::url::DatabaseUrl;

/// The database. Cheap to clone; all clones are the same one.
#[derive(Clone)]
pub struct Store {
    backend: Arc<Backend>,
    place: Arc<str>,
    trouble: Trouble,
    /// A SQLite file, and what holds it for the process that works on it, until the last clone is gone.
    file: Option<Arc<SqliteFile>>,
}

struct SqliteFile {
    path: PathBuf,
    hold: OnceLock<File>,
}

enum Backend {
    Sqlite(sqlite::Sqlite),
    Postgres(postgres::Postgres),
}

impl Store {
    /// Opens the database, sets what keeps the data safe, and refuses if it did not take.
    /// Tables are made by [`Store::migrate`].
    pub async fn open(url: &DatabaseUrl, limits: StoreLimits) -> Result<Self, OpenError> {
        let place: Arc<str> = url.to_string().into();
        let trouble = Trouble::default();
        let backend = match url {
            DatabaseUrl::SqliteFile(path) => {
                Backend::Sqlite(sqlite::Sqlite::open(Some(path.clone()), limits, trouble.clone()).await?)
            }
            DatabaseUrl::SqliteMemory => Backend::Sqlite(sqlite::Sqlite::open(None, limits, trouble.clone()).await?),
            DatabaseUrl::Postgres(config) => {
                Backend::Postgres(postgres::Postgres::open(config, &limits, &place, trouble.clone()).await?)
            }
        };
        let file = match url {
            DatabaseUrl::SqliteFile(path) => Some(Arc::new(SqliteFile { path: path.clone(), hold: OnceLock::new() })),
            DatabaseUrl::SqliteMemory | DatabaseUrl::Postgres(_) => None,
        };
        Ok(Self { backend: Arc::new(backend), place, trouble, file })
    }

    /// Makes this the one process that works on a SQLite file, and takes back what one that died
    /// still held: nobody waits for its leases. PostgreSQL is for several, and there this does
    /// nothing. Call it after [`Store::migrate`].
    pub async fn work_alone(&self) -> Result<(), OpenError> {
        let Some(ours) = self.file.as_ref().filter(|ours| ours.hold.get().is_none()) else { return Ok(()) };
        let unreachable = |source: Cause| OpenError::Unreachable { place: self.place.to_string(), source };
        let mut name = ours.path.clone().into_os_string();
        name.push(".lock");
        let file = File::options().create(true).truncate(false).write(true).open(name);
        let file = file.map_err(|error| unreachable(Arc::new(error)))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(OpenError::Taken { place: self.place.to_string() }),
            Err(TryLockError::Error(error)) => return Err(unreachable(Arc::new(error))),
        }
        // The epochs stay: whoever takes a partition next raises its own, as always.
        let freed: Result<u64, StoreError> = self
            .write(|tx| {
                Box::pin(
                    async move { tx.execute("UPDATE partition_owner SET owner = NULL, lease_until = 0", &[]).await },
                )
            })
            .await;
        freed.map_err(|error| unreachable(Arc::new(error)))?;
        // Two that asked at once: the lock of the other was refused before it came here.
        drop(ours.hold.set(file));
        Ok(())
    }

    /// Runs a job that may write. It is all there afterwards, or nothing is. The job goes on to
    /// its end even if the caller stops waiting.
    pub async fn write<T, E, F>(&self, job: F) -> Result<T, E>
    where
        F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.run(Access::Write, job).await
    }

    /// What is wrong with the database by what the last write met.
    pub fn trouble(&self) -> Option<StoreError> {
        self.trouble.get()
    }

    /// Runs a job that only reads, in one consistent view.
    pub async fn read<T, E, F>(&self, job: F) -> Result<T, E>
    where
        F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.run(Access::Read, job).await
    }

    async fn run<T, E, F>(&self, access: Access, job: F) -> Result<T, E>
    where
        F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        match &*self.backend {
            Backend::Sqlite(sqlite) => sqlite.run(access, job).await,
            Backend::Postgres(postgres) => postgres.run(access, job).await,
        }
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Store({})", self.place)
    }
}
