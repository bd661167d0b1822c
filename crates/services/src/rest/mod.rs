//! Services that a pack describes: REST, JSON-RPC, or forms that are answered in XML.
//!
//! A [`Pack`] says what to ask and what the answers mean; everything that must hold of any
//! connector is here. Every write is looked for before it is sent and read back by another request;
//! a lost answer ends `unknown`. It runs no code of a pack, builds no address out of texts, and
//! never follows a service to another one. The language is in [`pack`], the settings are in
//! [`config`]; the verbs are in `read`, `write`, `artifacts`, `actions` and `verify`.

mod account;
mod actions;
mod artifacts;
mod ask;
mod changes;
pub mod config;
mod describe;
pub mod pack;
mod page;
mod read;
mod template;
mod tickets;
mod verify;
mod write;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tenure_connect::{
    Actions, Artifact, Batch, Change, ChangeToken, Changes, Checked, Connector, Description, Desired, Expectation,
    Locator, ObjectClass, Operation, Outcome, Page, Query, Refusal, Secrets, SeenArtifact, Tickets, Verdict,
};
use tenure_model::{Clock, Observed};

pub use config::{BadRestConfig, RestConfig};
pub use pack::Pack;

use crate::http::HttpClient;

/// A connector to one service that a pack describes.
pub struct RestConnector {
    pack: Pack,
    name: String,
    settings: BTreeMap<String, String>,
    http: HttpClient,
    secrets: Arc<dyn Secrets>,
    clock: Arc<dyn Clock>,
    description: Description,
    /// The names of everything that is read of an account, for services that want to be told.
    fields: String,
    /// Held while an account is looked for and made, so that two of us do not make two.
    making: tokio::sync::Mutex<()>,
    /// Held while a whole object is read, changed and put back.
    whole_writes: tokio::sync::Mutex<()>,
}

impl RestConnector {
    /// Takes settings that fit the pack; nothing is sent to the service yet.
    pub fn new(
        config: RestConfig,
        pack: Pack,
        secrets: Arc<dyn Secrets>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, BadRestConfig> {
        let settings = config.settled(&pack)?;
        let http = HttpClient::new(config.http(&pack, &settings, &secrets)?, Arc::clone(&secrets), Arc::clone(&clock))?;
        let seen_after = config.seen_after_seconds.map_or(pack.seen_after, Duration::from_secs);
        let description = describe::description(&pack, seen_after);
        Ok(Self {
            fields: describe::fields(&pack.accounts),
            pack,
            name: config.pack,
            settings,
            http,
            secrets,
            clock,
            description,
            making: tokio::sync::Mutex::default(),
            whole_writes: tokio::sync::Mutex::default(),
        })
    }
}

impl fmt::Debug for RestConnector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RestConnector").field("pack", &self.name).field("url", &self.http.url()).finish_non_exhaustive()
    }
}

impl Connector for RestConnector {
    fn describe(&self) -> &Description {
        &self.description
    }

    async fn check(&self) -> Result<Checked, Refusal> {
        self.check_service().await
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

    #[tracing::instrument(name = "connectors.rest.apply", skip_all, fields(key = %operation.key, generation = operation.generation))]
    async fn apply(&self, change: &Change, operation: &Operation) -> Outcome {
        self.write(change).await
    }

    async fn changes(&self, class: ObjectClass, since: Option<&ChangeToken>) -> Result<Changes, Refusal> {
        self.changes_since(class, since).await
    }

    async fn artifacts(&self, account: &Locator, kind: Artifact) -> Result<Vec<SeenArtifact>, Refusal> {
        self.list_artifacts(account, kind).await
    }

    fn tickets(&self) -> Option<&dyn Tickets> {
        self.pack.tickets.is_some().then_some(self as &dyn Tickets)
    }

    fn actions(&self) -> Option<&dyn Actions> {
        (!self.pack.actions.is_empty()).then_some(self as &dyn Actions)
    }

    #[tracing::instrument(name = "connectors.rest.verify", skip_all)]
    async fn verify(&self, expectation: &Expectation) -> Verdict {
        self.verify_by_another_request(expectation, None).await
    }
}
