//! The house of a scenario: an in-memory database, fakes for every system, a clock that is moved.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use futures::FutureExt as _;
use futures::future::BoxFuture;
use jiff::Timestamp;
use serde_json::Value as Json;
use tenure_app::House;
use tenure_app::estate::Connection;
use tenure_app::reconcile::turn::{Due, turn};
use tenure_connect::fake::{self, FakeTarget, Fault};
use tenure_connect::{AnyConnector, Artifact, Channel, Content, Message, Refusal, RefusalClass, Sent};
use tenure_model::{
    Account, AccountState, Assignee, Attributes, Clock, ConnectionName, Engagement, EntitlementKind, Ids, NativeId,
    Person, PersonId, Role, SeededIds, SteppedClock, Value, Zone, new_id,
};
use tenure_services::hook::Guard;
use tenure_services::web::HttpCaller;
use tenure_store::{StoreError, accounts, engagements, people};

use super::document::{Held, Scenario, Someone, System};
use crate::house::aside::{Aside, Furniture};
use crate::house::estate::Read;
use crate::house::fault::HouseError;

/// The source of everything that a scenario lets happen.
pub(super) const SOURCE: &str = "hr";
/// The attribute in which a system keeps when somebody signed in, where no document names one.
const LAST_SIGN_IN: &str = "lastSignIn";
/// When scenarios begin that do not say it.
const BEGIN: &str = "2026-11-02T09:00:00Z";

/// A house in which a scenario is played.
pub(super) struct Stage {
    pub aside: Aside,
    pub house: Arc<House>,
    pub clock: Arc<SteppedClock>,
    pub systems: BTreeMap<ConnectionName, FakeTarget>,
    pub people: BTreeMap<String, PersonId>,
    pub told: Arc<Told>,
}

impl Stage {
    /// Somebody signs in, and the system keeps when.
    pub fn sign_in(&self, system: &ConnectionName, key: &str, at: Timestamp) -> Result<(), HouseError> {
        let fake = self.systems.get(system).filter(|fake| fake.account(&key.to_lowercase()).is_some());
        let fake = fake.ok_or_else(|| bad(system.as_str(), format!("`{key}` has no account there to sign in with")))?;
        let estate = self.house.estate();
        let attribute = estate.connections.get(system).and_then(|known| known.watching.last_sign_in.as_deref());
        fake.sign_in(&key.to_lowercase(), attribute.unwrap_or(LAST_SIGN_IN), at);
        Ok(())
    }

    /// Reads a system that tells when somebody signed in, as it is read in truth every now and then.
    pub async fn read(&self, system: &ConnectionName) -> Result<(), HouseError> {
        let estate = self.house.estate();
        if estate.connections.get(system).is_some_and(|known| known.watching.last_sign_in.is_some()) {
            turn(&self.house, system, Due::Whole, self.house.ids.uuid()).await?;
        }
        Ok(())
    }
}

/// Keeps what would be sent.
#[derive(Debug, Default)]
pub(super) struct Told(Mutex<Vec<String>>);

impl Told {
    /// Everything that was told so far.
    pub fn all(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Channel for Told {
    fn send<'a>(&'a self, message: &'a Message) -> BoxFuture<'a, Sent> {
        let line = match &message.content {
            Content::Letter(letter) => format!("{} → {}", letter.subject, letter.to),
            Content::Facts(facts) => facts.kind.clone(),
        };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(line);
        async { Sent::Done }.boxed()
    }
}

fn bad(what: &str, error: impl std::fmt::Display) -> HouseError {
    HouseError::inside(what, error)
}

/// Builds the house of a scenario.
pub(super) async fn build(read: &Read, scenario: &Scenario) -> Result<Stage, HouseError> {
    drop(rustls::crypto::ring::default_provider().install_default());
    let begin = scenario.given.at.map_or_else(|| BEGIN.parse::<Timestamp>(), Ok).map_err(|error| bad("at", error))?;
    let clock = Arc::new(SteppedClock::at(begin));
    let ids: Arc<dyn Ids> = Arc::new(SeededIds::new(1));
    let systems = systems(read, scenario, &clock);
    let told = Arc::new(Told::default());
    let mut estate = read.estate.clone();
    let live: Vec<&str> = scenario.run.iter().map(|name| name.trim_start_matches("workflow/")).collect();
    estate.workflows.retain(|name, _| live.contains(&name.as_str()));
    for name in systems.keys() {
        estate.rules.targets.entry(name.clone()).or_default();
    }
    for name in telling_sign_ins(scenario) {
        let known = estate.connections.entry(name.clone()).or_insert_with(target);
        known.watching.last_sign_in.get_or_insert_with(|| LAST_SIGN_IN.to_owned());
    }
    estate.connections.entry(SOURCE.parse().map_err(|error| bad(SOURCE, error))?).or_insert_with(source);
    let connectors = systems.iter().map(|(name, fake)| (name.clone(), Arc::new(fake.clone()) as Arc<dyn AnyConnector>));
    let channels = read.documents.channels.keys().map(|name| (name.clone(), Arc::clone(&told) as Arc<dyn Channel>));
    let web = HttpCaller::new(Guard::new(&[])).map_err(|error| bad("http", error))?;
    let (connectors, channels) = (connectors.collect(), channels.collect());
    let tasks_fallback = Assignee::Role(Role::Operator);
    let with = Furniture { estate, connectors, channels, web: Arc::new(web), tasks_fallback };
    let mut aside = Aside::open(clock, ids, with).await?;
    let people = populate(&aside.house, scenario, &systems).await?;
    faults(scenario, &systems)?;
    aside.run();
    let (house, clock) = (Arc::clone(&aside.house), Arc::clone(&aside.clock));
    let stage = Stage { aside, house, clock, systems, people, told };
    for (name, system) in &scenario.given.systems {
        for (key, account) in &system.accounts {
            if let Some(at) = account.last_sign_in {
                stage.sign_in(name, key, at)?;
            }
        }
        stage.read(name).await?;
    }
    Ok(stage)
}

/// The systems that tell when somebody signed in.
fn telling_sign_ins(scenario: &Scenario) -> impl Iterator<Item = &ConnectionName> {
    let is_told = |system: &System| system.accounts.values().any(|account| account.last_sign_in.is_some());
    let given = scenario.given.systems.iter().filter(move |(_, system)| is_told(system)).map(|(name, _)| name);
    given.chain(scenario.when.iter().filter_map(|one| one.sign_in.as_ref()))
}

fn source() -> Connection {
    Connection {
        title: SOURCE.to_owned(),
        connector: "events".to_owned(),
        is_source: true,
        is_target: false,
        ..target()
    }
}

/// A system that stands in no document.
fn target() -> Connection {
    Connection {
        title: String::new(),
        connector: "memory".to_owned(),
        is_source: false,
        is_target: true,
        person_key: "employeeId".to_owned(),
        // Nobody else changes anything on a stage.
        watching: tenure_policy::drift::Watching::default(),
        feed: tenure_app::sources::Feed::default(),
    }
}

/// A fake for each system that the scenario or the estate names.
fn systems(read: &Read, scenario: &Scenario, clock: &Arc<SteppedClock>) -> BTreeMap<ConnectionName, FakeTarget> {
    let mut systems = BTreeMap::new();
    let new = || FakeTarget::new(Arc::clone(clock) as Arc<dyn Clock>);
    for known in read.documents.connections.values().filter(|known| known.direction.takes_accounts()) {
        systems.insert(known.name.clone(), new().with_groups(known.entitlements.values().map(NativeId::as_str)));
    }
    for (name, system) in &scenario.given.systems {
        let mut fake = systems.remove(name).unwrap_or_else(new);
        fake = fake.with_groups(system.groups.iter().map(String::as_str));
        for licence in &system.licences {
            fake = fake.with_entitlement(EntitlementKind::Licence, licence);
        }
        for (key, held) in &system.accounts {
            fake = with_account(fake, key, held);
        }
        systems.insert(name.clone(), fake);
    }
    systems
}

fn with_account(fake: FakeTarget, key: &str, held: &Held) -> FakeTarget {
    let uid = key.to_lowercase();
    let attributes: Attributes = [
        (fake::NAMING_ATTRIBUTE.to_owned(), Value::from(uid.as_str())),
        ("employeeNumber".to_owned(), Value::from(key)),
    ]
    .into();
    let groups = held.groups.iter().map(|name| NativeId::new(format!("group-{name}")));
    let licences = held.licences.iter().map(|name| NativeId::new(format!("{}-{name}", EntitlementKind::Licence)));
    let mut fake = fake.with_holder(attributes, groups.chain(licences));
    let artifacts = [
        (Artifact::Session, held.sessions),
        (Artifact::Token, held.tokens),
        (Artifact::AppPassword, held.app_passwords),
        (Artifact::Key, held.keys),
    ];
    for (kind, count) in artifacts {
        for number in 0..count {
            fake = fake.with_artifact(&uid, kind, &format!("{uid}-{kind}-{number}"));
        }
    }
    fake
}

fn faults(scenario: &Scenario, systems: &BTreeMap<ConnectionName, FakeTarget>) -> Result<(), HouseError> {
    for wrong in &scenario.faults {
        let fake = systems
            .get(&wrong.system)
            .ok_or_else(|| bad(wrong.system.as_str(), "a fault names a system that is not there"))?;
        fake.refuse_times(wrong.fail, &Refusal::new(RefusalClass::Network, "the scenario says so"));
        (0..wrong.lose_answers).for_each(|_| fake.inject(Fault::LoseResponse));
        (0..wrong.lie).for_each(|_| fake.inject(Fault::NoEffect));
        if wrong.refuse {
            fake.always(Some(Fault::Refuse(Refusal::new(RefusalClass::Permission, "the scenario says so"))));
        }
    }
    Ok(())
}

/// Writes the people, their engagements and their accounts.
async fn populate(
    house: &House,
    scenario: &Scenario,
    systems: &BTreeMap<ConnectionName, FakeTarget>,
) -> Result<BTreeMap<String, PersonId>, HouseError> {
    let ids: BTreeMap<String, PersonId> =
        scenario.given.people.keys().map(|key| (key.clone(), new_id(house.ids.as_ref()))).collect();
    let mut rows: Vec<(Person, Option<Engagement>)> = Vec::new();
    for (key, someone) in &scenario.given.people {
        rows.extend(person(house, key, someone, &ids)?);
    }
    // Whoever answers for others is written before them.
    rows.sort_by_key(|(person, _)| person.sponsor.is_some());
    let mut held = Vec::new();
    for (name, system) in &scenario.given.systems {
        let Some(fake) = systems.get(name) else { continue };
        for (key, account) in &system.accounts {
            held.extend(ids.get(key).and_then(|person| row(house, name, fake, *person, key, account)));
            if account.disabled {
                lock(fake, &key.to_lowercase()).await;
            }
        }
    }
    let job = house.store.write(move |tx| {
        Box::pin(async move {
            for (person, engagement) in &rows {
                people::insert(tx, person).await?;
                if let Some(engagement) = engagement {
                    engagements::insert(tx, engagement).await?;
                }
            }
            for account in &held {
                accounts::upsert(tx, account).await?;
            }
            Ok::<_, StoreError>(())
        })
    });
    job.await?;
    Ok(ids)
}

fn person(
    house: &House,
    key: &str,
    someone: &Someone,
    ids: &BTreeMap<String, PersonId>,
) -> Result<Option<(Person, Option<Engagement>)>, HouseError> {
    let Some(id) = ids.get(key).copied() else { return Ok(None) };
    let mut attributes: Attributes =
        someone.attributes.iter().filter_map(|(name, value)| Some((name.clone(), plain(value)?))).collect();
    attributes.insert("employeeId".to_owned(), Value::from(key));
    let text = |name: &str| attributes.get(name).and_then(Value::as_text).map(ToOwned::to_owned);
    let name = text("displayName").unwrap_or_else(|| key.to_owned());
    let zone: Zone = someone.zone.parse().map_err(|error| bad(key, error))?;
    let source = SOURCE.parse().map_err(|error| bad(SOURCE, error))?;
    let sponsor = someone.sponsor.as_ref().and_then(|key| ids.get(key).copied());
    let since = house.clock.now();
    let engagement = someone.first_day.map(|first_day| Engagement {
        id: new_id(house.ids.as_ref()),
        person: id,
        kind: someone.kind,
        source,
        key: key.to_owned(),
        spell: 1,
        zone,
        first_day,
        last_day: someone.last_day,
        leaves: Vec::new(),
        handover: None,
        primary: false,
        rescinded: false,
        cut_at: None,
        version: 1,
    });
    Ok(Some((
        Person { id, kind: someone.kind, display_name: name, attributes, sponsor, version: 1, since },
        engagement,
    )))
}

/// A value of a document as one of ours.
pub(super) fn plain(value: &Json) -> Option<Value> {
    match value {
        Json::String(text) => Some(Value::from(text.as_str())),
        Json::Number(number) => number.as_i64().map(Value::Number),
        Json::Bool(flag) => Some(Value::Flag(*flag)),
        Json::Array(items) => Some(Value::List(items.iter().filter_map(plain).collect())),
        Json::Null => Some(Value::Cleared),
        Json::Object(_) => None,
    }
}

fn row(
    house: &House,
    connection: &ConnectionName,
    fake: &FakeTarget,
    person: PersonId,
    key: &str,
    held: &Held,
) -> Option<Account> {
    let seen = fake.account(&key.to_lowercase())?;
    Some(Account {
        id: new_id(house.ids.as_ref()),
        connection: connection.clone(),
        person: Some(person),
        native_id: seen.native_id,
        name: seen.name,
        state: if held.disabled { AccountState::Disabled } else { AccountState::Active },
        holds: seen.holds,
        seen_at: Some(seen.at),
        version: 1,
    })
}

async fn lock(fake: &FakeTarget, name: &str) {
    use tenure_connect::{Desired, Locator, Operation};
    let desired = Desired::Disabled { account: Locator::attribute(fake::NAMING_ATTRIBUTE, name) };
    let (Ok(changes), Ok(key)) = (AnyConnector::plan(fake, &desired).await, "scenario-lock".parse()) else { return };
    let operation = Operation { key, generation: 0 };
    for change in changes {
        drop(AnyConnector::apply(fake, &change, &operation).await);
    }
}
