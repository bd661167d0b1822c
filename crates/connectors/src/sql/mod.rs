//! Databases: PostgreSQL, MariaDB, MySQL and SQLite, as tables of accounts and of what they hold.
//!
//! Every write is one transaction, is read back over a conversation that never writes, and ends `unknown` when
//! no answer came. Names from the settings are quoted and held against the catalogue of the
//! database; values are only ever bound. The settings are in [`config`]; the words of each
//! database in `dialect`; the verbs in `read`, `write`, `changes` and `capture`.

mod capture;
mod catalogue;
mod changes;
pub mod config;
mod dialect;
mod fault;
mod mysql;
mod pool;
mod postgres;
mod read;
mod session;
mod sqlite;
mod tls;
mod write;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tenure_connect::{
    Artifact, AttributeRule, Batch, Change, ChangeFeed, ChangeToken, Changes, Checked, ClassDescription, Connector,
    Credential, Description, Desired, Expectation, Limits, Locator, ObjectClass, Operation, Outcome, Page, Query,
    Reach, Refusal, Reversibility, Secrets, Verb, Verdict, limits,
};
use tenure_model::{Clock, Observed};
use tokio::sync::RwLock;

pub use config::{BadSqlConfig, Database, SqlConfig};

use crate::limits::SQL_CONNECTIONS_MAX;
use catalogue::Catalogue;
use pool::Pool;

/// A connector to one database.
pub struct SqlConnector {
    pool: Pool,
    /// Conversations that never write: what was written is read back over one of them.
    looks: Pool,
    clock: Arc<dyn Clock>,
    description: Description,
    known: RwLock<Option<Arc<Catalogue>>>,
}

impl SqlConnector {
    /// Takes settings that make sense; nothing is sent to the database yet.
    pub fn new(config: SqlConfig, secrets: Arc<dyn Secrets>, clock: Arc<dyn Clock>) -> Result<Self, BadSqlConfig> {
        let config = config.settled();
        config.check()?;
        let description = describe(&config);
        let pool = || Pool::new(config.clone(), Arc::clone(&secrets));
        let (pool, looks) = (pool()?, pool()?);
        Ok(Self { pool, looks, clock, description, known: RwLock::default() })
    }

    fn config(&self) -> &SqlConfig {
        self.pool.config()
    }

    fn is_private(&self) -> bool {
        match &self.config().database {
            Database::Postgresql(server) | Database::Mariadb(server) | Database::Mysql(server) => server.is_private(),
            Database::Sqlite { .. } => false,
        }
    }
}

impl fmt::Debug for SqlConnector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqlConnector").field("server", &self.pool.server()).finish_non_exhaustive()
    }
}

impl Connector for SqlConnector {
    fn describe(&self) -> &Description {
        &self.description
    }

    async fn check(&self) -> Result<Checked, Refusal> {
        self.check_database().await
    }

    async fn read(&self, query: &Query, page: &Page) -> Result<Batch, Refusal> {
        self.read_page(query, page).await
    }

    async fn get(&self, locator: &Locator) -> Result<Option<Observed>, Refusal> {
        self.observe(locator).await
    }

    async fn plan(&self, desired: &Desired) -> Result<Vec<Change>, Refusal> {
        self.plan_changes(desired).await
    }

    #[tracing::instrument(name = "connectors.sql.apply", skip_all, fields(key = %operation.key, generation = operation.generation))]
    async fn apply(&self, change: &Change, operation: &Operation) -> Outcome {
        self.write(change).await
    }

    #[tracing::instrument(name = "connectors.sql.verify", skip_all)]
    async fn verify(&self, expectation: &Expectation) -> Verdict {
        self.look_afresh(expectation).await
    }

    async fn changes(&self, class: ObjectClass, since: Option<&ChangeToken>) -> Result<Changes, Refusal> {
        match (&self.config().accounts.slot, class) {
            (Some(slot), ObjectClass::Account) => self.captured_since(slot, since).await,
            (Some(_), ObjectClass::Entitlement) | (None, _) => self.changes_since(class, since).await,
        }
    }
}

fn describe(config: &SqlConfig) -> Description {
    let accounts = &config.accounts;
    let rule = |name: &String| match (config.read_only, *name == accounts.id) {
        (true, _) | (_, true) => AttributeRule::read_only(name),
        (false, false) => AttributeRule::open(name),
    };
    let mut attributes: Vec<AttributeRule> = accounts.attributes.iter().map(rule).collect();
    attributes.extend(accounts.lists.keys().map(|name| AttributeRule { filterable: false, ..rule(name).many() }));
    if !accounts.attributes.contains(&accounts.id) {
        attributes.push(AttributeRule::read_only(&accounts.id).unique());
    }
    let mut classes = vec![ClassDescription {
        class: ObjectClass::Account,
        native_name: accounts.table.clone(),
        id_attribute: accounts.id.clone(),
        naming_attribute: accounts.name.clone(),
        attributes,
    }];
    classes.extend(config.entitlements.as_ref().map(|held| ClassDescription {
        class: ObjectClass::Entitlement,
        native_name: held.table.clone(),
        id_attribute: held.id.clone(),
        naming_attribute: held.name.clone(),
        attributes: vec![AttributeRule::read_only(&held.name), AttributeRule::read_only(&held.id).unique()],
    }));
    let feed = match (&accounts.slot, &accounts.changed) {
        (Some(_), _) => Some(ChangeFeed::Precise),
        (None, Some(_)) => Some(ChangeFeed::Imprecise),
        (None, None) => None,
    };
    let feeds = feed.map(|feed| (ObjectClass::Account, feed));
    let credential = match config.database {
        Database::Sqlite { .. } => Credential::Nobody,
        Database::Postgresql(_) | Database::Mariadb(_) | Database::Mysql(_) => Credential::Password,
    };
    Description {
        classes,
        limits: Limits {
            requests_at_once_max: u32::try_from(SQL_CONNECTIONS_MAX).unwrap_or(u32::MAX),
            page_objects_max: limits::PAGE_OBJECTS_MAX,
            requests_per_second_max: None,
        },
        consistency_delay: Duration::ZERO,
        verbs: verbs(config),
        feeds: feeds.into_iter().collect(),
        surface: surface(config),
        credentials: [credential].into(),
        ..Description::new("sql")
    }
}

/// What the settings let us write. A row that was made can be deleted again, but the next one has
/// another id.
fn verbs(config: &SqlConfig) -> BTreeMap<Verb, Reversibility> {
    let (accounts, statements) = (&config.accounts, &config.statements);
    let can_turn = accounts.disable.is_some();
    let verbs = [
        (Verb::Create, Reversibility::Lossy, true),
        (Verb::Set, Reversibility::Exact, true),
        (Verb::Amend, Reversibility::Exact, !accounts.lists.is_empty()),
        (Verb::SetPassword, Reversibility::Irreversible, statements.set_pass.is_some()),
        (Verb::Enable, Reversibility::Exact, can_turn),
        (Verb::Disable, Reversibility::Exact, can_turn),
        (Verb::Grant, Reversibility::Exact, config.entitlements.is_some()),
        (Verb::Revoke, Reversibility::Exact, config.entitlements.is_some()),
        (Verb::Delete, Reversibility::Irreversible, accounts.delete),
    ];
    let able = verbs.into_iter().filter(|(_, _, able)| *able && !config.read_only);
    able.map(|(verb, reversibility, _)| (verb, reversibility)).collect()
}

/// A table of accounts says who may sign in, and not who has.
fn surface(config: &SqlConfig) -> BTreeMap<Artifact, Reach> {
    let only_read = || Reach::ListOnly { why: "this connection only reads".to_owned() };
    let can_end = config.accounts.disable.is_some() || config.accounts.delete;
    let reach = |artifact| match artifact {
        Artifact::Account if config.read_only => only_read(),
        Artifact::Account if can_end => Reach::Whole,
        Artifact::Account => {
            Reach::ListOnly { why: "neither `accounts.disable` nor `accounts.delete` is set".to_owned() }
        }
        Artifact::Membership if config.entitlements.is_none() => Reach::out("`entitlements` is not set"),
        Artifact::Membership if config.read_only => only_read(),
        Artifact::Membership => Reach::Whole,
        Artifact::Session | Artifact::Token | Artifact::AppPassword | Artifact::Key => {
            Reach::out("the program behind these tables keeps them where its settings do not say; name their tables")
        }
        Artifact::License | Artifact::Ownership => {
            Reach::out("what else refers to an account is not known from its table")
        }
    };
    Artifact::ALL.map(|artifact| (artifact, reach(artifact))).into()
}
