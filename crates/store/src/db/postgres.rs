//! PostgreSQL: a pool of connections, each checked once for what keeps the data safe.
//!
//! A job runs in a task of its own, so that a caller who stops waiting does not leave a
//! transaction half-way; a connection that did not end cleanly is closed and never reused.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use deadpool_postgres::{Hook, HookError, Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime};
use futures::FutureExt;
use futures::future::BoxFuture;
use postgres_types::{IsNull, ToSql, Type, private::BytesMut, to_sql_checked};
use tokio_postgres::error::SqlState;
use tokio_postgres::{Config, NoTls};

use super::job::{Access, words_of};
use super::row::{Cell, Param, Row};
use super::trouble::Trouble;
use super::tx::{Link, Texts, Tx, Values, head_of};
use crate::error::{Cause, OpenError, StoreError, Words};
use crate::limits::StoreLimits;

pub(super) struct Postgres {
    pool: Pool,
    texts: Texts,
    trouble: Trouble,
}

/// A connection that is closed rather than reused unless it was said to be clean.
pub(super) struct Client {
    object: Option<Box<Object>>,
    clean: bool,
}

impl Drop for Client {
    fn drop(&mut self) {
        if let Some(object) = self.object.take()
            && !self.clean
        {
            drop(Object::take(*object));
        }
    }
}

impl Client {
    fn get(&self) -> Result<&Object, StoreError> {
        self.object.as_deref().ok_or_else(|| StoreError::gone("the connection was given back"))
    }
}

impl Postgres {
    pub(super) async fn open(
        config: &Config,
        limits: &StoreLimits,
        place: &str,
        trouble: Trouble,
    ) -> Result<Self, OpenError> {
        let unreachable = |source: Cause| OpenError::Unreachable { place: place.to_owned(), source };
        let mut config = config.clone();
        config.options(session_options(config.get_options(), limits)).application_name("tenure");
        config.connect_timeout(limits.connection_wait);
        let manager = Manager::from_config(config, NoTls, ManagerConfig { recycling_method: RecyclingMethod::Fast });
        let pool = Pool::builder(manager)
            .max_size(limits.connections_max.max(1))
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(limits.connection_wait))
            .create_timeout(Some(limits.connection_wait))
            .post_create(Hook::async_fn(|client, _| {
                Box::pin(async move {
                    match check_session(client).await {
                        Ok(()) => Ok(()),
                        Err(refused) => Err(HookError::Message(refused.to_string().into())),
                    }
                })
            }))
            .build()
            .map_err(|error| unreachable(Arc::new(error)))?;
        let client = pool.get().await.map_err(|error| unreachable(Arc::new(error)))?;
        drop(client);
        Ok(Self { pool, texts: Texts::default(), trouble })
    }

    pub(super) async fn run<T, E, F>(&self, access: Access, job: F) -> Result<T, E>
    where
        F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let object = match self.pool.get().await {
            Ok(object) => object,
            Err(error) => {
                let what = "no connection could be had".to_owned();
                let error = StoreError::Unavailable { what, source: Arc::new(error) };
                self.trouble.note(Some(&error));
                return Err(error.into());
            }
        };
        let client = Client { object: Some(Box::new(object)), clean: false };
        let tx = Tx::new(Link::Postgres(client), self.texts.clone());
        match tokio::spawn(transaction(tx, access, job, self.trouble.clone())).await {
            Ok(ended) => ended,
            Err(stopped) => Err(StoreError::gone(format!("the transaction was stopped: {stopped}")).into()),
        }
    }
}

/// What every connection is opened with, after what the address itself asks for.
fn session_options(given: Option<&str>, limits: &StoreLimits) -> String {
    format!(
        "{} -c plan_cache_mode=force_custom_plan -c statement_timeout={} -c lock_timeout={} \
         -c idle_in_transaction_session_timeout={} -c client_encoding=UTF8",
        given.unwrap_or(""),
        limits.statement_time.as_millis(),
        limits.lock_wait.as_millis(),
        limits.idle_time.as_millis(),
    )
}

async fn check_session(client: &tokio_postgres::Client) -> Result<(), OpenError> {
    let asked: [(&'static str, &[&str]); 4] = [
        ("synchronous_commit", &["on", "remote_apply"]),
        ("fsync", &["on"]),
        ("server_encoding", &["UTF8"]),
        // A statement prepared on an empty table would keep its sequential scan for ever.
        ("plan_cache_mode", &["force_custom_plan"]),
    ];
    for (setting, good) in asked {
        let found: String = client
            .query_one(&format!("SELECT current_setting('{setting}')"), &[])
            .await
            .and_then(|row| row.try_get(0))
            .map_err(|error| OpenError::Unreachable { place: setting.to_owned(), source: Arc::new(error) })?;
        if !good.contains(&found.as_str()) {
            return Err(OpenError::Setting { setting, wanted: good.join("` or `"), found });
        }
    }
    Ok(())
}

async fn transaction<T, E, F>(mut tx: Tx, access: Access, job: F, trouble: Trouble) -> Result<T, E>
where
    F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T, E>> + Send + 'static,
    E: From<StoreError>,
{
    let begin = match access {
        Access::Read => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        Access::Write => "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE",
    };
    control(&mut tx, begin).await?;
    let ended = AssertUnwindSafe(async { job(&mut tx).await }).catch_unwind().await;
    let result = match ended {
        // The connection is dropped with the transaction: what it was doing is not known.
        Err(panic) => return Err(StoreError::Panicked(words_of(&*panic)).into()),
        Ok(result) => result.and_then(|value| tx.sound().map(|()| value).map_err(E::from)),
    };
    let end = if result.is_ok() { "COMMIT" } else { "ROLLBACK" };
    let over = control(&mut tx, end).await;
    if access == Access::Write {
        trouble.note(tx.spoiled().or(over.as_ref().err()));
    }
    match (over, result) {
        (Ok(()), result) => {
            if let Link::Postgres(client) = tx.link() {
                client.clean = true;
            }
            result
        }
        (Err(_), Err(own)) => Err(own),
        (Err(error), Ok(_)) => Err(error.into()),
    }
}

async fn control(tx: &mut Tx, sql: &str) -> Result<(), StoreError> {
    match tx.link() {
        Link::Postgres(client) => batch(client, sql).await,
        Link::Sqlite(_) => Err(StoreError::statement(sql, "not a connection of PostgreSQL")),
    }
}

pub(super) async fn batch(client: &Client, sql: &str) -> Result<(), StoreError> {
    client.get()?.batch_execute(sql).await.map_err(|error| store_error(sql, error))
}

pub(super) async fn execute(client: &Client, sql: &str, values: &Values<'_>) -> Result<u64, StoreError> {
    let object = client.get()?;
    let statement = object.prepare_cached(sql).await.map_err(|error| store_error(sql, error))?;
    let values = bind(sql, statement.params().len(), values)?;
    object.execute(&statement, &values).await.map_err(|error| store_error(sql, error))
}

/// Sends all of them, then waits for all answers. The server runs them in this order, and none
/// after one that failed.
pub(super) async fn execute_all<'v>(
    client: &Client,
    writes: impl Iterator<Item = (&'v str, &'v Values<'v>)>,
) -> Result<Vec<u64>, StoreError> {
    let object = client.get()?;
    let mut ready = Vec::new();
    // Prepared before any is sent, or one that is not yet known to the server would come late.
    for (sql, values) in writes {
        let statement = object.prepare_cached(sql).await.map_err(|error| store_error(sql, error))?;
        let values = bind(sql, statement.params().len(), values)?;
        ready.push((sql, statement, values));
    }
    let sent = ready.iter().map(|(sql, statement, values)| async move {
        object.execute(statement, values).await.map_err(|error| store_error(sql, error))
    });
    // The first that failed says why; those after it only say that one before them did.
    futures::future::join_all(sent).await.into_iter().collect()
}

/// The types of the places of a statement, as the server names them.
pub(super) async fn types(client: &Client, sql: &str) -> Result<Vec<String>, StoreError> {
    let statement = client.get()?.prepare(sql).await.map_err(|error| store_error(sql, error))?;
    Ok(statement.params().iter().map(|kind| kind.name().to_owned()).collect())
}

pub(super) async fn query(client: &Client, sql: &str, values: &Values<'_>) -> Result<Vec<Row>, StoreError> {
    let object = client.get()?;
    let statement = object.prepare_cached(sql).await.map_err(|error| store_error(sql, error))?;
    let values = bind(sql, statement.params().len(), values)?;
    let rows = object.query(&statement, &values).await.map_err(|error| store_error(sql, error))?;
    let columns: Arc<[String]> = statement.columns().iter().map(|column| column.name().to_owned()).collect();
    let mut found = Vec::with_capacity(rows.len());
    for row in &rows {
        let cells = (0..columns.len()).map(|place| cell(sql, row, place)).collect::<Result<_, _>>()?;
        found.push(Row { columns: columns.clone(), cells });
    }
    Ok(found)
}

fn bind<'p>(sql: &str, places: usize, values: &'p Values<'_>) -> Result<Vec<&'p (dyn ToSql + Sync)>, StoreError> {
    let bound: Vec<&(dyn ToSql + Sync)> = match values {
        Values::Flat(values) => values.iter().map(|value| value as &(dyn ToSql + Sync)).collect(),
        Values::Arrays { fixed, arrays } => {
            let fixed = fixed.iter().map(|value| *value as &(dyn ToSql + Sync));
            fixed.chain(arrays.iter().map(|array| array as &(dyn ToSql + Sync))).collect()
        }
    };
    if places != bound.len() {
        let reason = format!("it has {places} places and got {} values", bound.len());
        return Err(StoreError::statement(head_of(sql), reason));
    }
    Ok(bound)
}

fn cell(sql: &str, row: &tokio_postgres::Row, place: usize) -> Result<Cell, StoreError> {
    let kind = row.columns().get(place).map_or(Type::UNKNOWN, |column| column.type_().clone());
    let read = match kind {
        Type::INT8 => row.try_get::<_, Option<i64>>(place).map(|found| found.map(Cell::Int)),
        Type::INT4 => row.try_get::<_, Option<i32>>(place).map(|found| found.map(|number| Cell::Int(number.into()))),
        Type::INT2 => row.try_get::<_, Option<i16>>(place).map(|found| found.map(|number| Cell::Int(number.into()))),
        Type::TEXT | Type::VARCHAR | Type::NAME => {
            row.try_get::<_, Option<String>>(place).map(|found| found.map(Cell::Text))
        }
        Type::BYTEA => row.try_get::<_, Option<Vec<u8>>>(place).map(|found| found.map(Cell::Blob)),
        other => return Err(StoreError::statement(head_of(sql), format!("a value of type {other}"))),
    };
    Ok(read.map_err(|error| store_error(sql, error))?.unwrap_or(Cell::Null))
}

impl ToSql for Param {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match (self, kind) {
            (Self::Null, _) => Ok(IsNull::Yes),
            (Self::Int(number), &Type::INT8) => number.to_sql(kind, out),
            (Self::Int(number), &Type::INT4) => i32::try_from(*number)?.to_sql(kind, out),
            (Self::Int(number), &Type::INT2) => i16::try_from(*number)?.to_sql(kind, out),
            (Self::Text(text), &(Type::TEXT | Type::VARCHAR | Type::NAME)) => text.to_sql(kind, out),
            (Self::Blob(bytes), &Type::BYTEA) => bytes.to_sql(kind, out),
            (Self::Id(uuid), &Type::BYTEA) => uuid.as_bytes().as_slice().to_sql(kind, out),
            (Self::Int(_) | Self::Text(_) | Self::Blob(_) | Self::Id(_), _) => {
                Err(Box::new(Words(format!("a value does not fit a column of type {kind}"))))
            }
        }
    }

    fn accepts(_: &Type) -> bool {
        // Whether it fits depends on the value: `to_sql` decides.
        true
    }

    to_sql_checked!();
}

fn store_error(sql: &str, error: tokio_postgres::Error) -> StoreError {
    let state = error.code().cloned();
    let closed = error.is_closed();
    let cause: Cause = Arc::new(error);
    let Some(state) = state else {
        if closed || cause.source().is_some_and(<dyn std::error::Error>::is::<std::io::Error>) {
            return StoreError::Unavailable { what: head_of(sql), source: cause };
        }
        // What the driver itself refuses is a value that does not fit.
        return StoreError::Refused(cause);
    };
    let class = state.code().get(..2).unwrap_or("");
    match (&state, class) {
        (&SqlState::UNIQUE_VIOLATION, _) => StoreError::Duplicate(cause),
        (&SqlState::DISK_FULL, _) => StoreError::Full(cause),
        (&SqlState::READ_ONLY_SQL_TRANSACTION, _) => StoreError::Unwritable(cause),
        (&(SqlState::LOCK_NOT_AVAILABLE | SqlState::QUERY_CANCELED), _) | (_, "40") => StoreError::Busy(cause),
        (_, "22" | "23") => StoreError::Refused(cause),
        (_, "XX") => StoreError::Corrupt(cause),
        (_, "08" | "57" | "53" | "58") => StoreError::Unavailable { what: head_of(sql), source: cause },
        _ => StoreError::Statement { what: head_of(sql), source: cause },
    }
}
