//! What every use case receives: who asks, and the house it is asked in.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, OnceLock};

use tenure_connect::WebCaller;
use tenure_engine::Engine;
use tenure_engine::journal::Letter;
use tenure_engine::message;
use tenure_model::{Actor, Assignee, Clock, Ids, RunEvent, RunId};
use tenure_policy::authz::{Action, Authz, Thing};
use tenure_store::journal::Attachment;
use tenure_store::{Store, StoreError, Tx, runs};

use crate::error::AppError;
use crate::live::Live;
use crate::population::Population;
use crate::probe::{Point, Probe};

/// Everything that lives as long as the process.
pub struct House {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Names and secrets.
    pub ids: Arc<dyn Ids>,
    /// The database.
    pub store: Store,
    /// Who may do what in Tenure itself.
    pub authz: Authz,
    /// What is configured, and the ways to what it names.
    pub live: Live,
    /// The way to everything that has a URL.
    pub web: Arc<dyn WebCaller>,
    /// Set once the engine runs.
    pub engine: OnceLock<Engine<Attachment>>,
    /// Told of the points of the walk.
    pub probe: Arc<dyn Probe>,
    /// Whom a task is for when whoever it was for is gone, and nobody comes after them.
    pub tasks_fallback: Assignee,
    /// The attributes of people by which it is told that somebody works somewhere else now.
    pub moved_by: BTreeSet<String>,
    /// How others reach this installation, for links; nothing where nobody does.
    pub public_url: String,
    /// Everybody in memory.
    pub population: Population,
}

impl fmt::Debug for House {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("House").field("store", &self.store).finish_non_exhaustive()
    }
}

impl House {
    /// Tells the engine that something was written for it.
    pub fn nudge(&self) {
        if let Some(engine) = self.engine.get() {
            engine.nudge();
        }
    }

    /// The walk is here.
    pub fn pass(&self, point: Point) {
        self.probe.at(point);
    }
}

/// Who asks, and the house it is asked in.
#[derive(Debug, Clone)]
pub struct Cx {
    /// Who asks.
    pub actor: Actor,
    /// Where.
    pub house: Arc<House>,
}

impl Cx {
    /// Somebody asks.
    pub fn new(house: Arc<House>, actor: Actor) -> Self {
        Self { actor, house }
    }

    /// Asks the one place that decides who may do what. What a caller may not see is not there.
    pub fn allow(&self, action: Action, thing: &Thing) -> Result<(), AppError> {
        if self.house.authz.authorize(&self.actor, action, thing).allowed {
            Ok(())
        } else {
            tracing::info!(actor = self.actor.name, action = action.word(), "refused");
            Err(AppError::Forbidden { action: action.word().to_owned() })
        }
    }
}

/// Tells an open run something, in the transaction of what it follows from. False if there is none of
/// that id, or it is over.
pub(crate) async fn send_to(
    house: &House,
    tx: &mut Tx,
    run: RunId,
    event: RunEvent,
    (source, external): (&str, &str),
) -> Result<bool, StoreError> {
    let Some(row) = runs::get(tx, run).await?.filter(|row| !row.status.is_closed()) else { return Ok(false) };
    send(tx, message::event(run, &row.lane, event, source, external, house.clock.now())).await?;
    Ok(true)
}

/// Puts a letter into the engine's inbox, in the transaction of what it follows from.
pub async fn send(tx: &mut Tx, letter: Letter) -> Result<bool, StoreError> {
    Ok(tenure_store::journal::send(tx, &[letter]).await?.first().copied().unwrap_or(false))
}
