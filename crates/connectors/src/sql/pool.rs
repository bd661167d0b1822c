//! A few conversations with one database, kept and renewed.

use std::sync::{Arc, Mutex, PoisonError};

use tenure_connect::{Refusal, RefusalClass, SecretText, Secrets, WriteFault};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::config::{BadSqlConfig, Database, SqlConfig};
use super::dialect::{Dialect, Sql};
use super::fault::SqlError;
use super::session::{Done, Mark, Session};
use super::tls::Tls;
use crate::limits::{SQL_CONNECTIONS_MAX, SQL_REQUEST_TIME_MAX};

/// Conversations of one connector, for one purpose.
pub(super) struct Pool {
    config: SqlConfig,
    server: String,
    tls: Option<Tls>,
    secrets: Arc<dyn Secrets>,
    idle: Mutex<Vec<Session>>,
    permits: Arc<Semaphore>,
}

/// One conversation, for as long as it is needed. It ends when dropped, unless it is kept.
pub(super) struct Lease {
    session: Session,
    server: String,
    permit: OwnedSemaphorePermit,
    /// Whether it lay idle before, so that the line may be dead without anybody knowing.
    pub(super) rested: bool,
}

impl Pool {
    pub(super) fn new(config: SqlConfig, secrets: Arc<dyn Secrets>) -> Result<Self, BadSqlConfig> {
        let (server, tls) = match &config.database {
            Database::Sqlite { file } => (file.display().to_string(), None),
            Database::Postgresql(server) => {
                (format!("postgresql://{}:{}", server.host, server.port.unwrap_or(5432)), Tls::new(server)?)
            }
            Database::Mariadb(server) | Database::Mysql(server) => {
                (format!("mariadb://{}:{}", server.host, server.port.unwrap_or(3306)), Tls::new(server)?)
            }
        };
        let permits = Arc::new(Semaphore::new(SQL_CONNECTIONS_MAX));
        Ok(Self { config, server, tls, secrets, idle: Mutex::default(), permits })
    }

    pub(super) fn config(&self) -> &SqlConfig {
        &self.config
    }

    /// The database in words.
    pub(super) fn server(&self) -> &str {
        &self.server
    }

    pub(super) fn dialect(&self) -> Dialect {
        match &self.config.database {
            Database::Postgresql(_) => Dialect::Postgres,
            Database::Mariadb(_) | Database::Mysql(_) => Dialect::Mysql,
            Database::Sqlite { .. } => Dialect::Sqlite,
        }
    }

    /// A conversation, if possible one that lay idle.
    pub(super) async fn lease(&self) -> Result<Lease, Refusal> {
        let permit = self.permit().await?;
        while let Some(session) = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop() {
            if !session.is_closed() {
                return Ok(Lease { session, server: self.server.clone(), permit, rested: true });
            }
        }
        self.dial(permit).await
    }

    /// A conversation that nobody has had before.
    pub(super) async fn fresh(&self) -> Result<Lease, Refusal> {
        let permit = self.permit().await?;
        self.dial(permit).await
    }

    /// Keeps a conversation for the next one who needs it, and only then lets the next one in.
    pub(super) fn keep(&self, lease: Lease) {
        if !lease.session.is_closed() {
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(lease.session);
        }
        drop(lease.permit);
    }

    async fn permit(&self) -> Result<OwnedSemaphorePermit, Refusal> {
        let wait = timeout(SQL_REQUEST_TIME_MAX, Arc::clone(&self.permits).acquire_owned()).await;
        wait.ok().and_then(Result::ok).ok_or_else(|| {
            let server = &self.server;
            let message = format!("all {SQL_CONNECTIONS_MAX} connections to `{server}` are busy; try again later");
            Refusal::new(RefusalClass::Rate, message)
        })
    }

    async fn dial(&self, permit: OwnedSemaphorePermit) -> Result<Lease, Refusal> {
        // Those in use and those that lie idle are never more than the limit together.
        let room = self.permits.available_permits();
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).truncate(room);
        let password = self.password()?;
        let opened = Session::open(&self.config.database, self.tls.as_ref(), password.expose()).await;
        let session = opened.map_err(|error| error.refusal("connecting", &self.server))?;
        Ok(Lease { session, server: self.server.clone(), permit, rested: false })
    }

    fn password(&self) -> Result<SecretText, Refusal> {
        let reference = match &self.config.database {
            Database::Sqlite { .. } => return Ok(SecretText::new("")),
            Database::Postgresql(server) | Database::Mariadb(server) | Database::Mysql(server) => &server.password,
        };
        self.secrets.resolve(reference).map_err(|cause| {
            let message = format!("the password for `{}` cannot be had from `{reference}`", self.server);
            Refusal::new(RefusalClass::Auth, message).because(cause)
        })
    }

    /// The secret behind a reference, for a password of an account.
    pub(super) fn secrets(&self) -> &dyn Secrets {
        self.secrets.as_ref()
    }
}

impl Lease {
    /// An empty statement in the words of the database.
    pub(super) fn sql(&self) -> Sql {
        self.session.dialect().sql()
    }

    /// Runs a statement; what the database says is for the caller to look at.
    pub(super) async fn run(&mut self, sql: Sql) -> Result<Done, SqlError> {
        self.session.run(sql).await
    }

    /// Reads.
    pub(super) async fn read(&mut self, what: &str, sql: Sql) -> Result<Vec<Vec<Option<String>>>, Refusal> {
        let done = self.session.run(sql).await.map_err(|error| error.refusal(what, &self.server))?;
        Ok(done.rows)
    }

    /// Writes; hands back how many rows were found and written.
    pub(super) async fn write(&mut self, what: &str, sql: Sql) -> Result<u64, WriteFault> {
        let done = self.session.run(sql).await.map_err(|error| error.fault(what, &self.server))?;
        Ok(done.affected)
    }

    /// Begins or ends a transaction.
    pub(super) async fn mark(&mut self, what: &str, mark: Mark) -> Result<(), WriteFault> {
        self.session.mark(mark).await.map_err(|error| error.fault(what, &self.server))
    }

    /// The refusal for what the database said.
    pub(super) fn refusal(&self, what: &str, error: SqlError) -> Refusal {
        error.refusal(what, &self.server)
    }
}
