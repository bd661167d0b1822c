//! The SQL connector against a real PostgreSQL, a real MariaDB and files of SQLite.

mod capture;
mod changes;
mod conformance;
mod faults;
mod lossy;
mod rows;
mod statements;

use std::process::Command;
use std::sync::Arc;

use serde_json::{Value as Json, json};
use tempfile::TempDir;
use tenure_connect::{Change, FileSecrets, Locator, Write};
use tenure_connectors::sql::SqlConnector;
use tenure_model::{Attributes, SystemClock, Value};
use tenure_testkit::act::{apply, done};
use tenure_testkit::mariadb::Mariadb;
use tenure_testkit::postgresql::Postgresql;

/// A database of one kind.
enum Peer {
    Postgresql(Postgresql),
    Mariadb(Mariadb),
    Sqlite(TempDir),
}

impl Peer {
    /// One of each, with the tables of the tests in it.
    async fn each() -> [Self; 3] {
        let (postgresql, mariadb) = futures::join!(Postgresql::start(), Mariadb::start());
        [Self::Postgresql(postgresql), Self::Mariadb(mariadb), Self::sqlite()].map(Self::with_tables)
    }

    fn sqlite() -> Self {
        Self::Sqlite(tempfile::tempdir().unwrap())
    }

    fn with_tables(self) -> Self {
        let (id, now) = match self {
            Self::Postgresql(_) => {
                ("bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY", "timestamptz DEFAULT clock_timestamp()")
            }
            Self::Mariadb(_) => (
                "bigint AUTO_INCREMENT PRIMARY KEY",
                "timestamp(6) DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6)",
            ),
            Self::Sqlite(_) => ("integer PRIMARY KEY AUTOINCREMENT", "text DEFAULT (strftime('%Y-%m-%d %H:%M:%f'))"),
        };
        for table in [
            &format!(
                "CREATE TABLE people (id {id}, employee_no varchar(200) UNIQUE, username varchar(200) NOT NULL UNIQUE, \
                 title varchar(200), hired date, grade integer, active boolean NOT NULL, changed_at {now}, secret \
                 varchar(200))"
            ),
            "CREATE TABLE phones (person bigint NOT NULL REFERENCES people (id), number varchar(100) NOT NULL, PRIMARY \
             KEY (person, number))",
            &format!("CREATE TABLE roles (id {id}, name varchar(200) NOT NULL UNIQUE)"),
            "CREATE TABLE person_roles (person bigint NOT NULL REFERENCES people (id), role bigint NOT NULL REFERENCES \
             roles (id), PRIMARY KEY (person, role))",
            "INSERT INTO roles (name) VALUES ('staff'), ('finance')",
        ] {
            self.sql(table);
        }
        // MariaDB keeps such a column itself; the others are told to.
        match self {
            Self::Postgresql(_) => {
                self.sql(
                    "CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.changed_at = \
                     clock_timestamp(); RETURN NEW; END $$",
                );
                self.sql("CREATE TRIGGER touch BEFORE UPDATE ON people FOR EACH ROW EXECUTE FUNCTION touch()");
            }
            Self::Mariadb(_) => {}
            Self::Sqlite(_) => {
                self.sql(
                    "CREATE TRIGGER touch AFTER UPDATE ON people WHEN NEW.changed_at IS OLD.changed_at BEGIN UPDATE \
                     people SET changed_at = strftime('%Y-%m-%d %H:%M:%f') WHERE id = NEW.id; END",
                );
            }
        }
        self
    }

    fn database(&self, port: Option<u16>) -> Json {
        let server = |kind, own, password: std::path::PathBuf| {
            json!({
                "kind": kind, "host": "127.0.0.1", "port": port.unwrap_or(own), "database": "tenure", "user": "tenure",
                "password": format!("file:{}", password.display()),
            })
        };
        match self {
            Self::Postgresql(peer) => server("postgresql", peer.port(), peer.password_file()),
            Self::Mariadb(peer) => server("mariadb", peer.port(), peer.password_file()),
            Self::Sqlite(folder) => json!({ "kind": "sqlite", "file": folder.path().join("db") }),
        }
    }

    fn settings(&self) -> Json {
        json!({
            "database": self.database(None),
            "accounts": {
                "table": "people", "id": "id", "name": "username",
                "attributes": ["employee_no", "username", "title", "hired", "grade"],
                "lists": { "phone": { "table": "phones", "account": "person", "value": "number" } },
                "disable": { "column": "active", "disabled": false, "enabled": true },
                "delete": true, "changed": "changed_at",
            },
            "entitlements": {
                "table": "roles", "id": "id", "name": "name",
                "members": { "table": "person_roles", "account": "person", "entitlement": "role" },
            },
        })
    }

    fn port(&self) -> Option<u16> {
        match self {
            Self::Postgresql(peer) => Some(peer.port()),
            Self::Mariadb(peer) => Some(peer.port()),
            Self::Sqlite(_) => None,
        }
    }

    fn ca_file(&self) -> Option<std::path::PathBuf> {
        match self {
            Self::Postgresql(peer) => Some(peer.ca_file()),
            Self::Mariadb(peer) => Some(peer.ca_file()),
            Self::Sqlite(_) => None,
        }
    }

    fn connector(&self) -> SqlConnector {
        connector(self.settings())
    }

    /// What the database says to a statement, asked past the connector.
    fn sql(&self, text: &str) -> String {
        match self {
            Self::Postgresql(peer) => peer.sql(text),
            Self::Mariadb(peer) => peer.sql(text),
            Self::Sqlite(folder) => {
                let connection = rusqlite::Connection::open(folder.path().join("db")).unwrap();
                let mut statement = connection.prepare(text).unwrap();
                let columns = statement.column_count();
                let mut rows = statement.query([]).unwrap();
                let mut said = Vec::new();
                while let Some(row) = rows.next().unwrap() {
                    let cell = |at| match row.get_ref(at).unwrap() {
                        rusqlite::types::ValueRef::Null => String::new(),
                        rusqlite::types::ValueRef::Integer(number) => number.to_string(),
                        other => other.as_str().unwrap().to_owned(),
                    };
                    said.push((0..columns).map(cell).collect::<Vec<_>>().join("|"));
                }
                said.join("\n")
            }
        }
    }
}

fn connector(settings: Json) -> SqlConnector {
    let config = serde_json::from_value(settings).unwrap();
    SqlConnector::new(config, Arc::new(FileSecrets), Arc::new(SystemClock::new())).unwrap()
}

fn attributes(name: &str) -> Attributes {
    [("username".to_owned(), Value::from(name))].into()
}

fn ada() -> Locator {
    Locator::attribute("employee_no", "E1042")
}

fn create() -> Change {
    Change::new(ada(), Write::Create { attributes: attributes("ada") })
}

/// That the tools which the tests look past the connector with are there at all.
#[test]
fn the_databases_are_installed() {
    for program in ["/usr/sbin/mariadbd", "/usr/bin/mariadb"] {
        assert!(Command::new(program).arg("--version").output().is_ok(), "{program}");
    }
}
