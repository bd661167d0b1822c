//! A connected system in memory, with faults on order. For tests of everything above connectors.
//!
//! It behaves as a good system does until it is told otherwise with [`FakeTarget::inject`],
//! [`FakeTarget::always`], [`FakeTarget::serve_stale_reads`] or [`FakeTarget::pause`]. It counts writes and keeps a log of
//! effects, so that a test can say "planning wrote nothing" or "this happened once".

mod actions;
mod connector;
mod desk;
mod world;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use tenure_model::{Attributes, Clock, EntitlementKind, NativeId, Observed, Value};
use tokio::sync::watch;

use crate::actions::usual_rules;
use crate::change::Operation;
use crate::description::{AttributeRule, ClassDescription, Credential, Description, Limits, Reversibility, Verb};
use crate::feed::ChangeFeed;
use crate::limits::PAGE_OBJECTS_MAX;
use crate::locator::Locator;
use crate::query::{ObjectClass, SeenEntitlement};
use crate::refusal::Refusal;
use crate::surface::{Artifact, Reach, SeenArtifact};

pub use desk::FakeDesk;
use world::World;

/// The attribute that names accounts of the fake.
pub const NAMING_ATTRIBUTE: &str = "uid";

/// The attribute under which a description shows the native id.
const ID_ATTRIBUTE: &str = "id";

/// The attribute of its accounts that can have several values.
pub const MANY_ATTRIBUTE: &str = "otherMailbox";

/// The attributes that its accounts can have once, besides the naming one.
pub const ATTRIBUTES: [&str; 10] = [
    "cn",
    "sn",
    "givenName",
    "displayName",
    "mail",
    "title",
    "employeeNumber",
    "employeeType",
    "departmentNumber",
    "description",
];

/// What goes wrong with a write.
#[derive(Debug, Clone)]
pub enum Fault {
    /// The write happens and the answer is lost.
    LoseResponse,
    /// The system says yes and nothing happens; the connector looks, and admits it.
    NoEffect,
    /// The system says yes and nothing happens; the connector does not look, and says done.
    Lie,
    /// The write is refused, and nothing happens.
    Refuse(Refusal),
}

/// Something that a write changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Effect {
    /// Under which operation.
    pub operation: Operation,
    /// The summary of the change.
    pub what: String,
}

/// A connected system in memory. Clones are the same system.
#[derive(Clone)]
pub struct FakeTarget {
    inner: Arc<Inner>,
}

struct Inner {
    clock: Arc<dyn Clock>,
    description: Description,
    world: Mutex<World>,
    paused: watch::Sender<bool>,
    waiting: watch::Sender<usize>,
}

impl FakeTarget {
    /// An empty system.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            inner: Arc::new(Inner {
                clock,
                description: describe(),
                world: Mutex::new(World::default()),
                paused: watch::Sender::new(false),
                waiting: watch::Sender::new(0),
            }),
        }
    }

    /// With these groups, whose native ids are `group-` and the name.
    pub fn with_groups<'a>(self, names: impl IntoIterator<Item = &'a str>) -> Self {
        for name in names {
            let native_id = NativeId::new(format!("group-{name}"));
            let group =
                SeenEntitlement { native_id: native_id.clone(), kind: EntitlementKind::Group, name: name.to_owned() };
            self.world().groups.insert(native_id, group);
        }
        self
    }

    /// With something else that can be held, whose native id is its kind and its name.
    pub fn with_entitlement(self, kind: EntitlementKind, name: &str) -> Self {
        let native_id = NativeId::new(format!("{kind}-{name}"));
        let held = SeenEntitlement { native_id: native_id.clone(), kind, name: name.to_owned() };
        self.world().groups.insert(native_id, held);
        self
    }

    /// With an active account that was there before Tenure, and that holds these by their native ids.
    pub fn with_holder(self, attributes: Attributes, holds: impl IntoIterator<Item = NativeId>) -> Self {
        self.world().insert(attributes, holds.into_iter().collect());
        self
    }

    /// How many artifacts of this kind the account of this name has.
    pub fn artifacts(&self, name: &str, kind: Artifact) -> usize {
        let world = self.world();
        let found = world.find(&Locator::attribute(NAMING_ATTRIBUTE, name)).ok().flatten();
        let entry = found.and_then(|id| world.accounts.get(&id));
        entry.map_or(0, |entry| entry.artifacts.iter().filter(|one| one.kind == kind).count())
    }

    /// With an active account that was there before Tenure.
    pub fn with_account(self, attributes: Attributes, groups: &[&str]) -> Self {
        let holds = groups.iter().map(|name| NativeId::new(format!("group-{name}"))).collect();
        self.world().insert(attributes, holds);
        self
    }

    /// With something on the account of this name that lets its owner in. Nothing happens where
    /// nobody has that name.
    pub fn with_artifact(self, name: &str, kind: Artifact, id: &str) -> Self {
        let mut world = self.world();
        let found = world.find(&Locator::attribute(NAMING_ATTRIBUTE, name)).ok().flatten();
        if let Some(entry) = found.and_then(|id| world.accounts.get_mut(&id)) {
            let (native_id, name) = (NativeId::new(id), format!("{kind} {id}"));
            entry.artifacts.push(SeenArtifact { kind, native_id, name, made_at: None, used_at: None, ends_at: None });
        }
        drop(world);
        self
    }

    /// The owner of the account of this name signs in: the system keeps when, which is no write of
    /// ours. Nothing happens where nobody has that name.
    pub fn sign_in(&self, name: &str, attribute: &str, at: Timestamp) {
        self.world().keep(&Locator::attribute(NAMING_ATTRIBUTE, name), attribute, Value::Instant(at));
    }

    /// Forgets what changed so far, so that every token given out is too old.
    pub fn forget_changes(&self) {
        let mut world = self.world();
        world.forgotten = world.log.len() + 1;
        let forgotten = world.forgotten;
        world.log.resize_with(forgotten, || NativeId::new(""));
    }

    /// Orders a fault for the next write that has none yet.
    pub fn inject(&self, fault: Fault) {
        self.world().faults.push_back(fault);
    }

    /// Orders the same transient refusal for the next writes.
    pub fn refuse_times(&self, times: usize, refusal: &Refusal) {
        self.world().faults.extend(std::iter::repeat_n(Fault::Refuse(refusal.clone()), times));
    }

    /// Orders a fault for every write from now on; none ends it.
    pub fn always(&self, fault: Option<Fault>) {
        self.world().always = fault;
    }

    /// Lets this many reads see the accounts as they were before the latest write.
    pub fn serve_stale_reads(&self, reads: u32) {
        self.world().stale_reads = reads;
    }

    /// Makes every write wait at the door.
    pub fn pause(&self) {
        self.inner.paused.send_replace(true);
    }

    /// Lets the writes in that wait at the door.
    pub fn resume(&self) {
        self.inner.paused.send_replace(false);
    }

    /// Waits until so many writes stand at the door; false if it took longer than the limit.
    pub async fn until_waiting(&self, writes: usize, limit: Duration) -> bool {
        let mut waiting = self.inner.waiting.subscribe();
        tokio::time::timeout(limit, waiting.wait_for(|now| *now >= writes)).await.is_ok_and(|seen| seen.is_ok())
    }

    /// How many writes reached the system, whether or not they changed anything.
    pub fn writes(&self) -> u64 {
        self.world().writes
    }

    /// How many reads it answered.
    pub fn reads(&self) -> u64 {
        self.world().reads
    }

    /// What was changed, in order.
    pub fn effects(&self) -> Vec<Effect> {
        self.world().effects.clone()
    }

    /// The account of this name as it truly is, past every fault.
    pub fn account(&self, name: &str) -> Option<Observed> {
        let world = self.world();
        let found = world.find(&Locator::attribute(NAMING_ATTRIBUTE, name)).ok().flatten()?;
        world.observe(&found, self.inner.clock.now())
    }

    /// The name of the account of this id.
    pub fn name_of(&self, id: &NativeId) -> Option<String> {
        self.world().observe(id, self.inner.clock.now()).map(|seen| seen.name)
    }

    /// What is done for the account of this name, and with what.
    pub fn acts(&self, name: &str) -> BTreeMap<String, BTreeMap<String, Json>> {
        let world = self.world();
        let found = world.find(&Locator::attribute(NAMING_ATTRIBUTE, name)).ok().flatten();
        found.and_then(|id| world.accounts.get(&id)).map(|entry| entry.acts.clone()).unwrap_or_default()
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.inner.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for FakeTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let world = self.world();
        f.debug_struct("FakeTarget").field("writes", &world.writes).field("reads", &world.reads).finish_non_exhaustive()
    }
}

fn describe() -> Description {
    let mut attributes = vec![AttributeRule::placing(NAMING_ATTRIBUTE).required().unique()];
    attributes.extend(ATTRIBUTES.into_iter().map(AttributeRule::open));
    attributes.push(AttributeRule::open(MANY_ATTRIBUTE).many());
    attributes.push(AttributeRule::read_only(ID_ATTRIBUTE).unique());
    let account = ClassDescription {
        class: ObjectClass::Account,
        native_name: "account".into(),
        id_attribute: ID_ATTRIBUTE.into(),
        naming_attribute: NAMING_ATTRIBUTE.into(),
        attributes,
    };
    let group = ClassDescription {
        class: ObjectClass::Entitlement,
        native_name: "group".into(),
        id_attribute: ID_ATTRIBUTE.into(),
        naming_attribute: "cn".into(),
        attributes: vec![AttributeRule::read_only("cn").unique(), AttributeRule::read_only(ID_ATTRIBUTE).unique()],
    };
    let reversible = |verb| match verb {
        Verb::SetPassword | Verb::End => Reversibility::Irreversible,
        Verb::Delete => Reversibility::Window,
        _ => Reversibility::Exact,
    };
    let reach = |artifact| match artifact {
        Artifact::License | Artifact::Ownership => Reach::NotThere,
        _ => Reach::Whole,
    };
    Description {
        classes: vec![account, group],
        limits: Limits { requests_at_once_max: 64, page_objects_max: PAGE_OBJECTS_MAX, requests_per_second_max: None },
        verbs: Verb::ALL.map(|verb| (verb, reversible(verb))).into(),
        actions: usual_rules(),
        feeds: [(ObjectClass::Account, ChangeFeed::Precise)].into(),
        surface: Artifact::ALL.map(|artifact| (artifact, reach(artifact))).into(),
        credentials: [Credential::Nobody].into(),
        ..Description::new("fake")
    }
}
