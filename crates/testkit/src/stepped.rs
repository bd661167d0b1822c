//! A house on a clock that stands still until it is told to move: the real intake, the real engine,
//! SQLite in memory or another database, a directory in memory, and whatever sources a test connects.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value as Json;
use tenure_api::EventIn;
use tenure_app::events::accept::{Accepted, Told, accept_told};
use tenure_app::flows::Flows;
use tenure_app::live::Live;
use tenure_app::steps::Steps;
use tenure_app::{Cx, Estate, House, NoProbe};
use tenure_connect::AnyConnector;
use tenure_connect::fake::FakeTarget;
use tenure_engine::Parts;
use tenure_model::{Actor, ActorKind, Clock, ConnectionName, Role, SeededIds, SteppedClock, new_id};
use tenure_policy::authz::Authz;
use tenure_services::hook::Guard;
use tenure_services::web::HttpCaller;
use tenure_store::journal::{self, StoreJournal};
use tenure_store::{DatabaseUrl, Store, StoreError, StoreLimits};
use tokio::task::JoinHandle;

use crate::databases::Database;

/// Which workflows a house knows besides those of its documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Workflows {
    /// Those that ship.
    Shipped,
    /// None at all, so that nothing follows from an event but what is written with it.
    None,
}

/// A house on a clock that stands still.
#[derive(Debug)]
pub struct Stepped {
    /// The house.
    pub house: Arc<House>,
    /// Its clock.
    pub clock: Arc<SteppedClock>,
    /// The directory in memory, which is the connection `ldap` if the estate has one.
    pub directory: Arc<FakeTarget>,
    running: Option<JoinHandle<()>>,
}

impl Stepped {
    /// Opens a house with these documents at this moment, on a database, with connectors of the test's
    /// own. SQLite is in memory.
    pub async fn with(
        database: &Database,
        documents: &[(&str, String)],
        now: Timestamp,
        workflows: Workflows,
        connectors: impl FnOnce(Arc<dyn Clock>) -> BTreeMap<ConnectionName, Arc<dyn AnyConnector>>,
    ) -> Result<Self, Box<dyn std::error::Error>> {
        // Whoever else set a provider chose the same one.
        drop(rustls::crypto::ring::default_provider().install_default());
        let files = documents.iter().map(|(name, text)| ((*name).to_owned(), text.clone())).collect();
        let mut read = tenure_server::house::estate::compile("test", files)?;
        if workflows == Workflows::None {
            read.estate.workflows.clear();
        }
        let clock = Arc::new(SteppedClock::at(now));
        let groups: Vec<String> = read
            .documents
            .connections
            .values()
            .flat_map(|known| known.entitlements.values().map(ToString::to_string))
            .collect();
        let directory = FakeTarget::new(clock.clone()).with_groups(groups.iter().map(String::as_str));
        let directory = Arc::new(directory);
        let url = if database.kind == "sqlite" { DatabaseUrl::SqliteMemory } else { database.url.parse()? };
        let store = Store::open(&url, StoreLimits::default()).await?;
        store.migrate().await?;
        let definitions = read.estate.definitions();
        let defined: Result<(), StoreError> =
            store.write(move |tx| Box::pin(async move { journal::define(tx, definitions).await })).await;
        defined?;
        let mut ways = connectors(clock.clone());
        let ldap: ConnectionName = "ldap".parse()?;
        ways.insert(ldap, directory.clone());
        let house = house(read.estate, store, clock.clone(), ways, SeededIds::new(1))?;
        Ok(Self { house: Arc::new(house), clock, directory, running: None })
    }

    /// Starts the engine. Without it nothing follows from an event but what is written with it.
    pub fn run(mut self) -> Self {
        let parts = Parts {
            process: Arc::new(Flows),
            journal: Arc::new(StoreJournal::new(self.house.store.clone())),
            performer: Arc::new(Steps::new(Arc::clone(&self.house))),
            clock: self.clock.clone(),
            ids: Arc::clone(&self.house.ids),
            lease: tenure_engine::limits::LEASE,
            loops: tenure_engine::loops(),
        };
        let (engine, running) = tenure_engine::start(parts);
        drop(self.house.engine.set(engine));
        self.running = Some(tokio::spawn(running));
        self
    }

    /// The same after its process died: nothing is left of it but the database, the world, and time,
    /// of which as much has passed as another node waits before it takes over.
    pub fn died(mut self, seed: u64) -> Result<Self, Box<dyn std::error::Error>> {
        if let Some(running) = self.running.take() {
            running.abort();
        }
        let built = self.house.live.now().built.clone();
        let estate = Arc::unwrap_or_clone(built.estate);
        let ids = SeededIds::new(seed);
        self.house = Arc::new(house(estate, self.house.store.clone(), self.clock.clone(), built.connectors, ids)?);
        self.clock.advance(tenure_engine::limits::LEASE * 2);
        Ok(self)
    }

    /// Somebody who may do everything asks.
    pub fn cx(&self) -> Cx {
        Cx::new(Arc::clone(&self.house), Actor::system("test"))
    }

    /// Somebody asks who has a token that opens nothing but their own tasks.
    pub fn worker(&self, name: &str) -> Cx {
        let kind = ActorKind::Caller { token: new_id(self.house.ids.as_ref()), roles: [Role::Worker].into() };
        Cx::new(Arc::clone(&self.house), Actor { name: name.to_owned(), kind })
    }

    /// The source `hr` tells this, as it comes over HTTP.
    pub async fn tell(&self, event: Json) -> Result<Accepted, Box<dyn std::error::Error>> {
        let event: EventIn = serde_json::from_value(event)?;
        let parts = event.parts("employeeId").map_err(|bad| format!("{bad:?}"))?;
        let told =
            Told { as_of: parts.as_of, sequence: parts.sequence, engagement: parts.engagement, also: Vec::new() };
        let (cx, hr) = (self.cx(), "hr".parse()?);
        Ok(accept_told(&cx, hr, parts.external_id, parts.subject, parts.kind, told).await?)
    }

    /// Sets the clock and lets the engine look at it.
    pub fn at(&self, moment: Timestamp) {
        let by = moment.duration_since(self.clock.now());
        self.clock.advance(by.try_into().unwrap_or(Duration::ZERO));
        self.house.nudge();
    }

    /// Waits for something to be so, or says after a while that it is not.
    pub async fn comes_to(&self, is_so: impl AsyncFn() -> bool) -> bool {
        for _ in 0..1_000 {
            if is_so().await {
                return true;
            }
            // What is tried again is tried again after a while, which must pass on this clock.
            self.clock.advance(Duration::from_millis(20));
            self.house.nudge();
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        false
    }
}

fn house(
    estate: Estate,
    store: Store,
    clock: Arc<dyn Clock>,
    connectors: BTreeMap<ConnectionName, Arc<dyn AnyConnector>>,
    ids: SeededIds,
) -> Result<House, Box<dyn std::error::Error>> {
    Ok(House {
        clock,
        ids: Arc::new(ids),
        store,
        authz: Authz::embedded()?,
        live: Live::fixed(estate, connectors, BTreeMap::new()),
        web: Arc::new(HttpCaller::new(Guard::new(&[]))?),
        engine: OnceLock::new(),
        probe: Arc::new(NoProbe),
        tasks_fallback: tenure_model::Assignee::Role(tenure_model::Role::Operator),
        moved_by: tenure_app::owners::moved::usual(),
        public_url: String::new(),
        population: tenure_app::population::Population::default(),
    })
}
