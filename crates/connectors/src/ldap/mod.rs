//! LDAP directories: OpenLDAP, 389 Directory Server and others that keep to the RFCs, and Active
//! Directory, which is a dialect of it.
//!
//! Accounts are known by `entryUUID` or `objectGUID`. Every write is read back over a connection that was not
//! there before it; a line that breaks under a write ends `unknown`. It never turns certificate
//! verification off and never reads an attribute that the settings do not name. The settings are
//! in [`config`] and [`ad`]; the verbs are in `read`, `write`, `groups` and `verify`; what differs
//! from directory to directory is in `dialect`.

pub mod ad;
mod ber;
pub mod config;
mod container;
mod describe;
mod dialect;
mod dn;
mod entry;
mod fault;
mod feed;
mod filters;
mod form;
mod groups;
mod lock;
mod memberships;
mod nested;
mod paging;
mod place;
mod pool;
mod ranges;
mod read;
mod verify;
mod write;

use std::fmt;
use std::sync::{Arc, Mutex};

use tenure_connect::{
    Batch, Change, ChangeToken, Changes, Checked, Connector, Description, Desired, Expectation, Filter, Locator,
    ObjectClass, Operation, Outcome, Page, PushDown, Query, Refusal, Secrets, Verdict,
};
use tenure_model::{Clock, Observed};

pub use ad::AdConfig;
pub use config::{BadLdapConfig, ChangeSource, Disable, Groups, LdapConfig, People};
pub use dialect::Dialect;

use describe::describe;
use paging::Readings;
use pool::Pool;

/// A connector to one LDAP directory.
pub struct LdapConnector {
    pool: Pool,
    /// Connections that never write: what was written is read back over one of them.
    looks: Pool,
    clock: Arc<dyn Clock>,
    description: Description,
    readings: Mutex<Readings>,
}

impl LdapConnector {
    /// Takes settings that make sense; nothing is sent to the server yet.
    pub fn new(config: LdapConfig, secrets: Arc<dyn Secrets>, clock: Arc<dyn Clock>) -> Result<Self, BadLdapConfig> {
        let config = config.settled();
        let description = describe(&config);
        let pool = || Pool::new(config.clone(), Arc::clone(&secrets));
        let (pool, looks) = (pool()?, pool()?);
        Ok(Self { pool, looks, clock, description, readings: Mutex::default() })
    }

    fn config(&self) -> &LdapConfig {
        self.pool.config()
    }

    fn dialect(&self) -> Dialect {
        self.config().dialect
    }
}

impl fmt::Debug for LdapConnector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LdapConnector").field("url", &self.config().url).finish_non_exhaustive()
    }
}

impl Connector for LdapConnector {
    fn describe(&self) -> &Description {
        &self.description
    }

    async fn check(&self) -> Result<Checked, Refusal> {
        self.check_server().await
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

    #[tracing::instrument(name = "connectors.ldap.apply", skip_all, fields(key = %operation.key, generation = operation.generation))]
    async fn apply(&self, change: &Change, operation: &Operation) -> Outcome {
        self.write(change).await
    }

    #[tracing::instrument(name = "connectors.ldap.verify", skip_all)]
    async fn verify(&self, expectation: &Expectation) -> Verdict {
        self.verify_past_the_write(expectation).await
    }

    async fn changes(&self, class: ObjectClass, since: Option<&ChangeToken>) -> Result<Changes, Refusal> {
        match class {
            ObjectClass::Account => self.changed_since(since).await,
            ObjectClass::Entitlement => Err(self.description.unsupported("tell what changed of groups")),
        }
    }

    fn push_down(&self, filter: &Filter) -> PushDown {
        PushDown::split(filter, &|part| self.ldap_filter(part).is_some())
    }
}
