//! PostgreSQL. Values go over as text with the type that the server itself gives to their place,
//! and come back as text because every statement of ours asks for that.

use std::collections::HashMap;
use std::error::Error;

use postgres_types::private::BytesMut;
use tokio_postgres::types::{Format, IsNull, ToSql, Type};
use tokio_postgres::{Client, Config, NoTls, Statement};

use super::config::Server;
use super::dialect::{Datum, Sql};
use super::fault::SqlError;
use super::session::Done;
use super::tls::Tls;
use crate::limits::{SQL_DIAL_TIME_MAX, SQL_REQUEST_TIME_MAX, SQL_STATEMENTS_KEPT};

/// A conversation with PostgreSQL.
pub(super) struct Postgres {
    client: Client,
    /// Statements that are prepared, by their text.
    prepared: HashMap<String, Statement>,
}

impl Postgres {
    /// Begins one.
    pub(super) async fn open(server: &Server, tls: Option<&Tls>, password: &str) -> Result<Self, SqlError> {
        let mut config = Config::new();
        config
            .host(&server.host)
            .port(server.port.unwrap_or(5432))
            .dbname(&server.database)
            .user(&server.user)
            .password(password)
            .application_name("tenure")
            .connect_timeout(SQL_DIAL_TIME_MAX)
            .options(format!(
                "-c statement_timeout={} -c timezone=UTC -c datestyle=ISO -c client_encoding=UTF8",
                SQL_REQUEST_TIME_MAX.as_millis()
            ));
        let client = if let Some(tls) = tls {
            config.ssl_mode(tokio_postgres::config::SslMode::Require);
            let (client, connection) = config.connect(tls.clone()).await.map_err(|error| said(&error))?;
            tokio::spawn(drive(connection));
            client
        } else {
            config.ssl_mode(tokio_postgres::config::SslMode::Disable);
            let (client, connection) = config.connect(NoTls).await.map_err(|error| said(&error))?;
            tokio::spawn(drive(connection));
            client
        };
        Ok(Self { client, prepared: HashMap::new() })
    }

    pub(super) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// Runs a text of our own that has no values.
    pub(super) async fn constant(&self, text: &'static str) -> Result<(), SqlError> {
        self.client.batch_execute(text).await.map_err(|error| said(&error))
    }

    pub(super) async fn run(&mut self, sql: &Sql) -> Result<Done, SqlError> {
        let statement = self.prepare(&sql.text).await?;
        let done = self.execute(&statement, sql).await;
        if done.is_err() {
            // The tables may have changed since, which a statement that is made anew can live with.
            self.prepared.remove(&sql.text);
        }
        done
    }

    async fn prepare(&mut self, text: &str) -> Result<Statement, SqlError> {
        if let Some(known) = self.prepared.get(text) {
            return Ok(known.clone());
        }
        let statement = self.client.prepare(text).await.map_err(|error| said(&error))?;
        if self.prepared.len() >= SQL_STATEMENTS_KEPT {
            self.prepared.clear();
        }
        self.prepared.insert(text.to_owned(), statement.clone());
        Ok(statement)
    }

    async fn execute(&self, statement: &Statement, sql: &Sql) -> Result<Done, SqlError> {
        let values: Vec<Bound<'_>> = sql.values.iter().map(Bound).collect();
        let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(|value| value as &(dyn ToSql + Sync)).collect();
        if statement.columns().is_empty() {
            let affected = self.client.execute(statement, &values).await.map_err(|error| said(&error))?;
            return Ok(Done { rows: Vec::new(), affected });
        }
        let found = self.client.query(statement, &values).await.map_err(|error| said(&error))?;
        let affected = found.len() as u64;
        let mut rows = Vec::with_capacity(found.len());
        for row in found {
            let cells = (0..row.len()).map(|at| row.try_get::<_, Option<String>>(at));
            let cells: Result<Vec<_>, _> = cells.collect();
            rows.push(
                cells.map_err(|_| SqlError::Strange("gave something else than text; no statement of ours asks so"))?,
            );
        }
        Ok(Done { rows, affected })
    }
}

async fn drive(connection: impl Future<Output = Result<(), tokio_postgres::Error>>) {
    if let Err(error) = connection.await {
        tracing::debug!(%error, "a PostgreSQL connection ended");
    }
}

fn said(error: &tokio_postgres::Error) -> SqlError {
    if let Some(said) = error.as_db_error() {
        return SqlError::Said { code: said.code().code().to_owned(), words: said.message().to_owned() };
    }
    let cause = error.source().map(ToString::to_string).unwrap_or_default();
    if cause.contains("invalid peer certificate") {
        return SqlError::Strange("has a certificate that is not accepted; set `caFile`, and use the host name in it");
    }
    if cause.contains("server does not support TLS") || error.to_string().contains("TLS") {
        return SqlError::Strange("does not speak TLS as we demand; switch it on there");
    }
    SqlError::Lost(format!("{error}: {cause}"))
}

/// A value that the server takes as text, whatever type its place has.
#[derive(Debug)]
struct Bound<'a>(&'a Datum);

impl std::fmt::Debug for Datum {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Datum(hidden)")
    }
}

impl ToSql for Bound<'_> {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self.0 {
            Datum::Null => return Ok(IsNull::Yes),
            Datum::Text(text) => out.extend_from_slice(text.as_bytes()),
            Datum::Int(number) => out.extend_from_slice(number.to_string().as_bytes()),
        }
        Ok(IsNull::No)
    }
    fn accepts(_: &Type) -> bool {
        true
    }
    fn encode_format(&self, _: &Type) -> Format {
        Format::Text
    }
    tokio_postgres::types::to_sql_checked!();
}
