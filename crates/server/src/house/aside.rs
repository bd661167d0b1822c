//! A house beside the real one: a database in memory, a clock that is moved, and an engine that is
//! the real one. Scenarios and rehearsals are played in it.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use jiff::Timestamp;
use tenure_app::flows::Flows;
use tenure_app::notices::deliver::{deliver, due_channels};
use tenure_app::population::Population;
use tenure_app::steps::Steps;
use tenure_app::{Estate, House, Live, NoProbe};
use tenure_connect::{AnyConnector, Channel, WebCaller};
use tenure_engine::Parts;
use tenure_model::{Assignee, Clock, ConnectionName, Ids, Name, SteppedClock};
use tenure_policy::authz::Authz;
use tenure_store::journal::StoreJournal;
use tenure_store::runs::{Pulse, pulse};
use tenure_store::{Store, StoreError, StoreLimits, journal};

use super::fault::HouseError;

/// Looks at the engine before it counts as stuck.
const LOOKS_MAX: usize = 8_000;
const LOOK: Duration = Duration::from_millis(2);
/// Looks in a row that must see the same.
const QUIET_LOOKS: usize = 4;

/// A house in memory.
pub(super) struct Aside {
    pub house: Arc<House>,
    pub clock: Arc<SteppedClock>,
    running: Option<(tenure_engine::Engine<journal::Attachment>, tokio::task::JoinHandle<()>)>,
}

/// What it is furnished with.
pub(super) struct Furniture {
    pub estate: Estate,
    pub connectors: BTreeMap<ConnectionName, Arc<dyn AnyConnector>>,
    pub channels: BTreeMap<Name, Arc<dyn Channel>>,
    pub web: Arc<dyn WebCaller>,
    /// Who gets what nobody is left to do.
    pub tasks_fallback: Assignee,
}

impl Aside {
    /// Opens one. Nothing happens in it before [`Aside::run`].
    pub async fn open(clock: Arc<SteppedClock>, ids: Arc<dyn Ids>, with: Furniture) -> Result<Self, HouseError> {
        let url = "sqlite::memory:".parse().map_err(|error| HouseError::inside("store", error))?;
        let store = Store::open(&url, StoreLimits::default()).await?;
        store.migrate().await?;
        let definitions = with.estate.definitions();
        store.write(move |tx| Box::pin(async move { journal::define(tx, definitions).await })).await?;
        let house = Arc::new(House {
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            ids,
            store,
            authz: Authz::embedded().map_err(|error| HouseError::inside("policies", error))?,
            live: Live::fixed(with.estate, with.connectors, with.channels),
            web: with.web,
            engine: OnceLock::new(),
            probe: Arc::new(NoProbe),
            tasks_fallback: with.tasks_fallback,
            moved_by: tenure_app::owners::moved::usual(),
            public_url: String::new(),
            population: Population::default(),
        });
        Ok(Self { house, clock, running: None })
    }

    /// Lets the engine run.
    pub fn run(&mut self) {
        let parts = Parts {
            process: Arc::new(Flows),
            journal: Arc::new(StoreJournal::new(self.house.store.clone())),
            performer: Arc::new(Steps::new(Arc::clone(&self.house))),
            clock: Arc::clone(&self.house.clock),
            ids: Arc::clone(&self.house.ids),
            lease: tenure_engine::limits::LEASE,
            loops: 1,
        };
        let (engine, work) = tenure_engine::start(parts);
        // It runs once; a second engine would be a mistake of ours.
        drop(self.house.engine.set(engine.clone()));
        self.running = Some((engine, tokio::spawn(work)));
    }

    /// Waits until the engine has nothing to do and notices are out.
    pub async fn rest(&self) -> Result<Pulse, HouseError> {
        let (mut before, mut quiet) = (None, 0);
        for _ in 0..LOOKS_MAX {
            let look: Result<Pulse, StoreError> = self.house.store.read(|tx| Box::pin(pulse(tx))).await;
            let now = look?;
            let idle = now.letters == 0 && now.running == 0;
            quiet = if idle && before.as_ref() == Some(&now) { quiet + 1 } else { 0 };
            if quiet >= QUIET_LOOKS {
                if !self.deliver().await? {
                    return Ok(now);
                }
                quiet = 0;
            }
            before = Some(now);
            tokio::time::sleep(LOOK).await;
        }
        Err(HouseError::inside("engine", "it did not come to rest"))
    }

    async fn deliver(&self) -> Result<bool, HouseError> {
        let mut any = false;
        for channel in due_channels(&self.house).await? {
            any |= deliver(&self.house, &channel).await? > 0;
        }
        Ok(any)
    }

    /// It is this moment, or later.
    pub fn jump_to(&self, at: Timestamp) {
        self.clock.jump_to(at.max(self.clock.now()));
        self.house.nudge();
    }

    /// Ends what runs.
    pub async fn close(mut self) {
        if let Some((engine, running)) = self.running.take() {
            engine.stop();
            self.house.nudge();
            drop(running.await);
        }
    }
}

/// Whoever opened it may be given up in the middle, as a request is; its engine must not go on.
impl Drop for Aside {
    fn drop(&mut self) {
        if let Some((engine, running)) = self.running.take() {
            engine.stop();
            running.abort();
        }
    }
}
