//! A database of its own for every test, and a few things to put into it.

use std::collections::BTreeSet;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;
use tenure_model::{
    Account, AccountState, Attributes, Event, EventKind, IdentityKind, NativeId, Person, PersonKey, SeededIds, Value,
    new_id,
};
use tenure_store::{DatabaseUrl, Store, StoreLimits};

static IDS: LazyLock<SeededIds> = LazyLock::new(|| SeededIds::new(1));
static SCHEMAS: AtomicU64 = AtomicU64::new(0);

/// A new id of any kind.
pub fn new<I: tenure_model::Id>() -> I {
    new_id(&*IDS)
}

/// The same moment in every test.
pub fn now() -> Timestamp {
    "2026-11-21T08:00:00.123456Z".parse().unwrap()
}

/// Which database a test runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    File,
    Memory,
    Postgres,
}

/// An empty database, gone when the test is over.
pub struct Db {
    pub kind: Kind,
    pub url: DatabaseUrl,
    _folder: Option<tempfile::TempDir>,
    schema: Option<(String, String)>,
}

impl Db {
    pub async fn all() -> Vec<Self> {
        let mut all = vec![Self::file(), Self::memory()];
        if let Some(address) = postgres_address() {
            all.push(Self::postgres(address).await);
        }
        all
    }

    pub fn file() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = DatabaseUrl::SqliteFile(folder.path().join("tenure.db"));
        Self { kind: Kind::File, url, _folder: Some(folder), schema: None }
    }

    fn memory() -> Self {
        Self { kind: Kind::Memory, url: DatabaseUrl::SqliteMemory, _folder: None, schema: None }
    }

    async fn postgres(address: String) -> Self {
        let number = SCHEMAS.fetch_add(1, Ordering::SeqCst);
        let schema = format!("t_{}_{number}", std::process::id());
        ask(&address, &format!("DROP SCHEMA IF EXISTS {schema} CASCADE; CREATE SCHEMA {schema}")).await;
        let mut config: tokio_postgres::Config = address.parse().unwrap();
        config.options(format!("-c search_path={schema}"));
        let url = DatabaseUrl::Postgres(Box::new(config));
        Self { kind: Kind::Postgres, url, _folder: None, schema: Some((address, schema)) }
    }

    pub async fn open(&self) -> Store {
        self.open_with(StoreLimits::default()).await
    }

    pub async fn open_with(&self, limits: StoreLimits) -> Store {
        Store::open(&self.url, StoreLimits { connections_max: 6, ..limits }).await.unwrap()
    }

    pub async fn drop(self) {
        if let Some((address, schema)) = self.schema {
            ask(&address, &format!("DROP SCHEMA {schema} CASCADE")).await;
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a test asks where its server is")]
fn postgres_address() -> Option<String> {
    std::env::var("TEST_PG").ok().filter(|address| !address.is_empty())
}

async fn ask(address: &str, sql: &str) {
    let (client, connection) = tokio_postgres::connect(address, tokio_postgres::NoTls).await.unwrap();
    let connection = tokio::spawn(connection);
    client.batch_execute(sql).await.unwrap();
    drop(client);
    connection.await.unwrap().unwrap();
}

/// Runs a test on every database, with the schema in place.
pub async fn each_db(test: impl AsyncFn(Store)) {
    for db in Db::all().await {
        let store = db.open().await;
        store.migrate().await.unwrap();
        println!("on {:?}", db.kind);
        test(store).await;
        db.drop().await;
    }
}

pub fn person(name: &str, employee_id: &str) -> Person {
    Person {
        id: new(),
        kind: IdentityKind::Employee,
        display_name: name.into(),
        attributes: Attributes::from([("employeeId".into(), Value::from(employee_id))]),
        sponsor: None,
        version: 1,
        since: now(),
    }
}

pub fn event(external: &str) -> Event {
    Event {
        id: new(),
        connection: "hr".parse().unwrap(),
        external_id: external.into(),
        subject: PersonKey { attribute: "employeeId".into(), value: "E1".into() },
        kind: EventKind::PersonChanged { attributes: Attributes::new() },
        received_at: now(),
    }
}

pub fn account(name: &str) -> Account {
    Account {
        id: new(),
        connection: "ldap".parse().unwrap(),
        person: None,
        native_id: Some(NativeId::new(format!("native-{name}"))),
        name: name.into(),
        state: AccountState::Active,
        holds: BTreeSet::from([NativeId::new("g1"), NativeId::new("g2")]),
        seen_at: Some(now()),
        version: 1,
    }
}
