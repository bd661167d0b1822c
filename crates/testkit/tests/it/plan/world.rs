//! A small company in memory whose documents can be changed: a real store, a real engine, fake targets.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use jiff::civil::Date;
use tenure_app::estate::Estate;
use tenure_app::flows::Flows;
use tenure_app::plans::Asked;
use tenure_app::plans::outcome::Outcome;
use tenure_app::plans::report::Report;
use tenure_app::plans::{apply, make, people as plan_people, show};
use tenure_app::population::Population;
use tenure_app::steps::Steps;
use tenure_app::versions::{self, take::take};
use tenure_app::{Builder, Built, CannotBuild, Cx, House, InForce, Live, NoProbe};
use tenure_connect::AnyConnector;
use tenure_connect::fake::FakeTarget;
use tenure_engine::journal::RunStatus;
use tenure_model::{
    AccountState, Actor, ActorKind, Attributes, Clock, ConnectionName, Engagement, IdentityKind, Ids, Person, PersonId,
    PlanId, Role, SeededIds, SteppedClock, Zone, new_id,
};
use tenure_policy::authz::Authz;
use tenure_policy::brakes::Limits;
use tenure_services::hook::Guard;
use tenure_services::web::HttpCaller;
use tenure_store::estates::{EstateFile, EstateVersion};
use tenure_store::journal::StoreJournal;
use tenure_store::plans::{PlanRow, PlanState};
use tenure_store::{Store, StoreError, StoreLimits, engagements, people, runs};

/// The groups of every target.
pub const GROUPS: [&str; 4] = ["staff", "finance", "lab", "admins"];
/// The targets.
pub const TARGETS: [&str; 2] = ["ldap", "git"];

/// How an account stands: whether it can be used, and what it holds.
pub type State = BTreeMap<(String, String), (bool, BTreeSet<String>)>;

struct TestBuilder {
    fakes: BTreeMap<ConnectionName, FakeTarget>,
    sources: BTreeMap<ConnectionName, Arc<dyn AnyConnector>>,
    limits: Limits,
}

impl std::fmt::Debug for TestBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TestBuilder").field("fakes", &self.fakes.keys()).finish_non_exhaustive()
    }
}

impl Builder for TestBuilder {
    fn build(&self, files: Vec<EstateFile>, _: Option<&Built>) -> Result<Built, CannotBuild> {
        let files = files.into_iter().map(|file| (file.path, file.text)).collect();
        let read = tenure_server::house::estate::compile("test", files)
            .map_err(|error| CannotBuild(vec![error.to_string(), format!("{error:?}")]))?;
        let estate = Estate { brakes: self.limits.clone(), ..read.estate };
        let way = |(name, fake): (&ConnectionName, &FakeTarget)| {
            (name.clone(), Arc::new(fake.clone()) as Arc<dyn AnyConnector>)
        };
        Ok(Built {
            estate: Arc::new(estate),
            connectors: self.fakes.iter().map(way).chain(self.sources.clone()).collect(),
            channels: BTreeMap::new(),
            for_doors: Arc::new(()),
        })
    }
}

/// The documents of the company, without its roles.
pub fn base() -> Vec<(String, String)> {
    let mut files: Vec<(String, String)> = TARGETS
        .iter()
        .map(|name| {
            let groups: Vec<String> = GROUPS.iter().map(|group| format!("    group/{group}: group-{group}\n")).collect();
            let groups = groups.concat();
            let text = format!(
                "apiVersion: tenure/v1\nkind: Connection\nmetadata: {{ name: {name} }}\nspec:\n  connector: memory\n  \
                 direction: target\n  account:\n    match: employeeNumber\n    set:\n      employeeNumber: person.employeeId\n      \
                 uid: person.employeeId\n  entitlements:\n{groups}"
            );
            (format!("connections/{name}.yaml"), text)
        })
        .collect();
    for name in ["joiner", "mover", "leaver"] {
        let path = format!("{}/../../templates/workflows/{name}.yaml", env!("CARGO_MANIFEST_DIR"));
        files.push((format!("workflows/{name}.yaml"), std::fs::read_to_string(path).unwrap()));
    }
    files
}

/// A role that gives these to whom the condition fits.
pub fn role(name: &str, when: &str, grace: u16, gives: &[(&str, &str)]) -> (String, String) {
    let give = |(connection, group): &(&str, &str)| {
        format!("    - {{ connection: {connection}, entitlement: group/{group} }}\n")
    };
    let grants = gives.iter().map(give).collect::<Vec<_>>().concat();
    let text = format!(
        "apiVersion: tenure/v1\nkind: Role\nmetadata: {{ name: {name}, owner: it }}\nspec:\n  birthright: {{ when: '{when}', \
         grace: {grace}d }}\n  grants:\n{grants}"
    );
    (format!("roles/{name}.yaml"), text)
}

pub struct World {
    pub house: Arc<House>,
    pub clock: Arc<SteppedClock>,
    pub fakes: BTreeMap<ConnectionName, FakeTarget>,
    pub people: Vec<PersonId>,
}

impl World {
    pub async fn new(count: usize, limits: Limits) -> Self {
        let mut world = Self::with(base(), limits, |_| BTreeMap::new()).await;
        world.hire(count).await;
        world.start();
        world
    }

    /// With these documents, and sources of the test's own; nobody is there and nothing runs.
    pub async fn with(
        documents: Vec<(String, String)>,
        limits: Limits,
        sources: impl FnOnce(Arc<dyn Clock>) -> BTreeMap<ConnectionName, Arc<dyn AnyConnector>>,
    ) -> Self {
        drop(rustls::crypto::ring::default_provider().install_default());
        let clock = Arc::new(SteppedClock::at("2026-11-20T09:00:00Z".parse().unwrap()));
        let ids: Arc<dyn Ids> = Arc::new(SeededIds::new(7));
        let store = Store::open(&"sqlite::memory:".parse().unwrap(), StoreLimits::default()).await.unwrap();
        store.migrate().await.unwrap();
        let fake = |name: &&str| (name.parse().unwrap(), FakeTarget::new(clock.clone()).with_groups(GROUPS));
        let fakes: BTreeMap<ConnectionName, FakeTarget> = TARGETS.iter().map(fake).collect();
        let sources = sources(clock.clone());
        let builder = Arc::new(TestBuilder { fakes: fakes.clone(), sources, limits });
        let files: Vec<EstateFile> = documents.into_iter().map(|(path, text)| versions::file(path, text)).collect();
        let built = builder.build(files.clone(), None).unwrap();
        let hash = versions::hash(&files);
        let house = Arc::new(House {
            clock: clock.clone(),
            ids,
            store,
            authz: Authz::embedded().unwrap(),
            live: Live::new(InForce::new(1, hash.clone(), built), builder),
            web: Arc::new(HttpCaller::new(Guard::new(&[])).unwrap()),
            engine: OnceLock::new(),
            probe: Arc::new(NoProbe),
            tasks_fallback: tenure_model::Assignee::Role(tenure_model::Role::Operator),
            moved_by: tenure_app::owners::moved::usual(),
            public_url: String::new(),
            population: Population::default(),
        });
        let at = clock.now();
        let version = EstateVersion { version: 1, hash, at, by: "test".to_owned(), reason: "first".to_owned() };
        let (own, definitions) = (house.clone(), house.estate().definitions());
        let job = house.store.write(move |tx| {
            Box::pin(async move { take(&own, tx, &Actor::system("test"), &version, &files, definitions).await })
        });
        job.await.unwrap();
        Self { house, clock, fakes, people: Vec::new() }
    }

    pub fn start(&self) {
        let (engine, run) = tenure_engine::start(tenure_engine::Parts {
            process: Arc::new(Flows),
            journal: Arc::new(StoreJournal::new(self.house.store.clone())),
            performer: Arc::new(Steps::new(self.house.clone())),
            clock: self.clock.clone() as Arc<dyn Clock>,
            ids: self.house.ids.clone(),
            lease: Duration::from_secs(30),
            loops: 1,
        });
        self.house.engine.set(engine).unwrap();
        tokio::spawn(run);
    }

    /// People `E0`, `E1` …, every third of them in Finance, every fifth in the lab.
    pub async fn hire(&mut self, count: usize) {
        let first = self.people.len();
        for number in first..first + count {
            let id: PersonId = new_id(self.house.ids.as_ref());
            let department = if number % 3 == 0 { "Finance" } else { "Sales" };
            let site = if number % 5 == 0 { "lab" } else { "office" };
            let key = format!("E{number}");
            let attributes: Attributes = [("employeeId", key.as_str()), ("department", department), ("site", site)]
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value.into()))
                .collect();
            let person = Person {
                id,
                kind: IdentityKind::Employee,
                display_name: key.clone(),
                attributes,
                sponsor: None,
                version: 1,
                since: self.clock.now(),
            };
            let engagement = Engagement {
                id: new_id(self.house.ids.as_ref()),
                person: id,
                kind: IdentityKind::Employee,
                source: "hr".parse().unwrap(),
                key,
                spell: 1,
                zone: Zone::utc(),
                first_day: Date::constant(2026, 1, 5),
                last_day: None,
                leaves: Vec::new(),
                handover: None,
                primary: false,
                rescinded: false,
                cut_at: None,
                version: 1,
            };
            let job = self.house.store.write(move |tx| {
                Box::pin(async move {
                    people::insert(tx, &person).await?;
                    engagements::insert(tx, &engagement).await
                })
            });
            job.await.map_err(|error: StoreError| error).unwrap();
            self.people.push(id);
        }
    }

    /// Changes what is known of somebody.
    pub async fn change(&self, id: PersonId, change: impl FnOnce(&mut Person) + Send + 'static) {
        let job = self.house.store.write(move |tx| {
            Box::pin(async move {
                let mut person = people::get(tx, id).await?.unwrap();
                change(&mut person);
                person.version += 1;
                people::update(tx, &person).await
            })
        });
        job.await.map_err(|error: StoreError| error).unwrap();
    }

    /// Somebody leaves today; nothing is started by it.
    pub async fn leave(&self, id: PersonId) {
        let job = self.house.store.write(move |tx| {
            Box::pin(async move {
                for known in engagements::of_person(tx, id).await? {
                    let version = known.version + 1;
                    let ended = Engagement { last_day: Some(Date::constant(2026, 11, 1)), version, ..known };
                    engagements::update(tx, &ended).await?;
                }
                Ok(())
            })
        });
        job.await.map_err(|error: StoreError| error).unwrap();
    }

    /// Starts what a source would start, in the lane of this person.
    pub async fn run(&self, workflow: &str, id: PersonId) {
        let input = serde_json::json!({ "person": id });
        let cx = self.cx("hr", Role::Owner);
        tenure_app::runs::start::start(&cx, workflow.parse().unwrap(), Some(id.to_string()), input).await.unwrap();
    }

    pub fn cx(&self, name: &str, role: Role) -> Cx {
        let kind = ActorKind::Caller { token: new_id(self.house.ids.as_ref()), roles: [role].into() };
        Cx::new(self.house.clone(), Actor { name: name.to_owned(), kind })
    }

    pub fn owner(&self) -> Cx {
        self.cx("owner", Role::Owner)
    }

    /// Makes a plan of these roles, and waits until it is worked out.
    pub async fn plan(&self, roles: &[(String, String)], asked: Asked) -> (PlanRow, Report) {
        self.plan_of(base().into_iter().chain(roles.iter().cloned()).collect(), asked).await
    }

    /// The same of these documents alone.
    pub async fn plan_of(&self, files: Vec<(String, String)>, asked: Asked) -> (PlanRow, Report) {
        let made = make::make(&self.owner(), Some(files), Vec::new(), asked).await.unwrap();
        let (row, report) = self.settled(made.id, PlanState::Making).await;
        assert_eq!(row.state, PlanState::Ready, "{:?}", row.note);
        (row, report.unwrap())
    }

    pub async fn apply(&self, id: PlanId) -> (PlanRow, Report) {
        apply::apply(&self.owner(), id, "a test".to_owned()).await.unwrap();
        let (row, report) = self.settled(id, PlanState::Applying).await;
        (row, report.unwrap())
    }

    async fn settled(&self, id: PlanId, while_it_is: PlanState) -> (PlanRow, Option<Report>) {
        for _ in 0..6_000 {
            let (row, report) = show::show(&self.owner(), id).await.unwrap();
            if row.state != while_it_is {
                return (row, report);
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("the plan does not come to its end: {:?}", self.runs().await);
    }

    /// Whom a plan touches.
    pub async fn outcomes(&self, id: PlanId) -> Vec<Outcome> {
        plan_people::people(&self.owner(), id, None, None, usize::MAX).await.unwrap()
    }

    async fn runs(&self) -> Vec<(String, RunStatus, String)> {
        let filter = runs::RunFilter::default();
        let job = self.house.store.read(move |tx| Box::pin(async move { runs::list(tx, &filter, None, 900).await }));
        let rows = job.await.map_err(|error: StoreError| error).unwrap();
        rows.into_iter().filter(|row| row.name != "timer").map(|row| (row.name, row.status, row.note)).collect()
    }

    /// Waits until nothing is under way but timers, and nothing stands still.
    pub async fn idle(&self) {
        let mut quiet = 0;
        for _ in 0..6_000 {
            let open: Vec<_> = self.runs().await.into_iter().filter(|(_, status, _)| !status.is_closed()).collect();
            assert!(!open.iter().any(|(_, status, _)| *status == RunStatus::Blocked), "{open:?}");
            let letters = self
                .house
                .store
                .read(|tx| Box::pin(async move { tx.query("SELECT seq FROM inbox ORDER BY seq LIMIT 1", &[]).await }));
            let waiting = !letters.await.map_err(|error: StoreError| error).unwrap().is_empty();
            quiet = if open.is_empty() && !waiting { quiet + 1 } else { 0 };
            if quiet >= 2 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("it does not come to rest: {:?}", self.runs().await);
    }

    pub fn writes(&self) -> u64 {
        self.fakes.values().map(FakeTarget::writes).sum()
    }

    /// How every account stands in the targets themselves.
    pub fn state(&self) -> State {
        let mut state = State::new();
        for (connection, fake) in &self.fakes {
            for number in 0..self.people.len() {
                let name = format!("E{number}");
                if let Some(seen) = fake.account(&name) {
                    let holds = seen.holds.iter().map(|id| id.as_str().replace("group-", "group/")).collect();
                    state.insert((connection.to_string(), name), (seen.state == AccountState::Active, holds));
                }
            }
        }
        state
    }
}

/// What the targets would look like if exactly this was done, without what is withheld.
pub fn predicted(mut state: State, outcomes: &[Outcome], held: impl Fn(&str, &str) -> bool) -> State {
    for outcome in outcomes {
        for write in &outcome.changes {
            let key = (write.connection.to_string(), outcome.name.clone());
            if matches!(write.change.as_str(), "disable-account" | "remove-entitlement") && held(&key.0, &key.1) {
                continue;
            }
            let entry = state.entry(key).or_default();
            match write.change.as_str() {
                "disable-account" => entry.0 = false,
                "create-account" | "enable-account" => {
                    entry.0 = true;
                    entry.1.extend(write.entitlements.iter().cloned());
                }
                "add-entitlement" => entry.1.extend(write.entitlements.iter().cloned()),
                "remove-entitlement" => entry.1.retain(|held| !write.entitlements.contains(held)),
                other => panic!("a change that is not known: {other}"),
            }
        }
    }
    state
}
