//! Databases for one test: SQLite always, PostgreSQL when `TEST_PG` names one.

use std::sync::atomic::{AtomicU32, Ordering};

use tokio_postgres::NoTls;

/// A database of its own; dropped by whoever runs the server of the tests.
#[derive(Debug, Clone)]
pub struct Database {
    /// The word for it in messages.
    pub kind: &'static str,
    /// What to put into the settings; `sqlite` for a file beside them.
    pub url: String,
}

impl Database {
    /// SQLite.
    pub fn sqlite() -> Self {
        Self { kind: "sqlite", url: "sqlite".to_owned() }
    }
}

/// One fresh database of each kind that there is.
#[expect(clippy::expect_used, reason = "a test without its database must stop")]
#[expect(clippy::disallowed_methods, reason = "tests are told by the environment where PostgreSQL is")]
pub async fn each() -> Vec<Database> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let mut databases = vec![Database::sqlite()];
    if let Ok(server) = std::env::var("TEST_PG") {
        let name = format!("house_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let (client, connection) = tokio_postgres::connect(&server, NoTls).await.expect("the PostgreSQL of TEST_PG");
        let connection = tokio::spawn(connection);
        client.batch_execute(&format!("CREATE DATABASE {name}")).await.expect("a database");
        drop(client);
        drop(connection.await);
        let (front, _) = server.rsplit_once('/').expect("a URL with a database");
        databases.push(Database { kind: "postgresql", url: format!("{front}/{name}") });
    }
    databases
}
