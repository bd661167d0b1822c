//! A whole house behind real doors: in-memory database, a fake target, tokens of every role.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use secrecy::ExposeSecret as _;
use serde_json::{Value as Json, json};
use tenure_app::desk::HouseDesk;
use tenure_app::estate::{Connection, Workflow, definition};
use tenure_app::flows::Flows;
use tenure_app::population::Population;
use tenure_app::steps::Steps;
use tenure_app::{Estate, House, Live, NoProbe};
use tenure_connect::fake::FakeTarget;
use tenure_flow::language::{Breaker, Known, Lane};
use tenure_ledger::SigningKey;
use tenure_model::{Clock, Ids, Role, SeededIds, SteppedClock, TokenId, new_id};
use tenure_outside::ManualConnector;
use tenure_policy::account::AccountTemplate;
use tenure_policy::authz::Authz;
use tenure_policy::role::{Birthright, RoleGrant};
use tenure_policy::{Expression, Rules, Target};
use tenure_server::config::Sources;
use tenure_server::http::metrics::Metrics;
use tenure_server::http::system::Readiness;
use tenure_server::http::v1::router;
use tenure_server::listen::{Ended, Listener};
use tenure_server::token::issue;
use tenure_services::hook::Guard;
use tenure_services::web::HttpCaller;
use tenure_store::journal::{StoreJournal, define};
use tenure_store::tokens::{self, Opens, Token};
use tenure_store::{Store, StoreError, StoreLimits};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use zeroize::Zeroizing;

use crate::house::{Answer, LONG, read_all};

pub const DAY: Duration = Duration::from_hours(24);

/// Doors with a house behind them.
pub struct Real {
    pub house: Arc<House>,
    pub clock: Arc<SteppedClock>,
    pub address: SocketAddr,
    tokens: BTreeMap<String, (TokenId, String)>,
    stop: Option<oneshot::Sender<()>>,
    served: JoinHandle<Ended>,
}

fn estate() -> Estate {
    let connection = |title: &str, connector: &str, is_source| Connection {
        title: title.to_owned(),
        connector: connector.to_owned(),
        is_source,
        is_target: !is_source,
        person_key: "employeeId".to_owned(),
        watching: tenure_policy::drift::Watching::default(),
        feed: tenure_app::sources::Feed::default(),
    };
    let expression = |text: &str| Expression::parse(text).unwrap();
    let staff = tenure_policy::role::Role {
        name: "staff".parse().unwrap(),
        title: "Staff".to_owned(),
        owner: "it".to_owned(),
        birthright: Some(Birthright::of(expression("person.kind == \"employee\""))),
        requestable: None,
        includes: Vec::new(),
        risk: tenure_policy::Risk::default(),
        review_days: None,
        grants: vec![RoleGrant {
            connection: "ldap".parse().unwrap(),
            entitlement: "group/staff".parse().unwrap(),
            when: None,
        }],
    };
    let template = AccountTemplate {
        matched_by: Some("employeeNumber".to_owned()),
        set: [("uid".to_owned(), expression("person.employeeId").into())].into(),
    };
    let entitlements = [("group/staff".to_owned(), tenure_model::NativeId::new("group-staff"))].into();
    let targets = [("ldap".parse().unwrap(), Target { template, entitlements, ..Target::default() })].into();
    let ask =
        json!({ "steps": [{ "id": "ask", "use": "core/wait-for", "with": { "signal": "go" }, "ends": ["received"] }] });
    let ask = Workflow::compile(&"ask".parse().unwrap(), &ask, &Known::default()).unwrap().0;
    let survey = json!({ "trigger": { "demand": true }, "inputs": { "days": { "type": "number" } },
        "steps": [{ "id": "prove", "use": "evidence/seal" }] });
    let survey = Workflow::compile(&"survey".parse().unwrap(), &survey, &Known::default()).unwrap().0;
    let by_hand = json!({ "steps": [
        { "id": "badge", "use": "human/task", "with": { "title": "give a badge", "for": "team:desk", "due": "1h" }, "ends": ["refused"] },
        { "id": "yes", "use": "human/task", "after": "badge.done",
          "with": { "kind": "approval", "title": "may she in?", "for": "role:policy-approver", "barred": ["worker"] }, "ends": ["approved", "rejected"] }
    ] });
    let by_hand = Workflow::compile(&"by-hand".parse().unwrap(), &by_hand, &Known::default()).unwrap().0;
    // No call goes to an address of our own network, so both of them go wrong for good.
    let nowhere = json!({ "steps": [
        { "id": "call", "use": "http/call", "with": { "url": "https://127.0.0.1/" }, "onError": "ask role:help-desk" },
        { "id": "go", "use": "core/wait-for", "after": "call", "with": { "signal": "go" } },
        { "id": "last", "use": "http/call", "after": "go", "with": { "url": "https://127.0.0.1/" } }
    ] });
    let nowhere = Workflow::compile(&"nowhere".parse().unwrap(), &nowhere, &Known::default()).unwrap().0;
    let look = json!({ "trigger": { "demand": true }, "steps": [
        { "id": "look", "use": "review/start", "with": { "by": "team:desk" }, "ends": ["kept", "changed"] }
    ] });
    let look = Workflow::compile(&"look".parse().unwrap(), &look, &Known::default()).unwrap().0;
    Estate {
        rules: Rules { roles: vec![staff], targets, rules: vec![few_staff()], ..Rules::default() },
        workflows: [
            ("ask".parse().unwrap(), ask),
            ("look".parse().unwrap(), look),
            ("by-hand".parse().unwrap(), by_hand),
            ("change".parse().unwrap(), change()),
            ("nowhere".parse().unwrap(), nowhere),
            ("survey".parse().unwrap(), survey),
        ]
        .into(),
        teams: [("desk".parse().unwrap(), ["worker".to_owned()].into())].into(),
        connections: [
            ("hr".parse().unwrap(), connection("People", "file", true)),
            ("payroll".parse().unwrap(), connection("Payroll", "file", true)),
            ("ldap".parse().unwrap(), connection("Directory", "ldap", false)),
        ]
        .into(),
        ..Estate::default()
    }
}

/// A workflow that makes the one change that it is given; no document can say that.
fn change() -> Workflow {
    let graph =
        json!({ "name": "change", "steps": [{ "id": "make", "use": "access/change", "with": { "$": "/input" } }] });
    Workflow {
        name: "change".parse().unwrap(),
        triggers: Vec::new(),
        lane: Lane::Own,
        inputs: BTreeMap::new(),
        cancel_on: BTreeSet::new(),
        breaker: Breaker { starts: 100, within: Duration::from_hours(1) },
        definition: definition("change", &graph).unwrap(),
    }
}

/// A system that only humans reach, at the desk of this house.
fn badges(desk: &Arc<HouseDesk>, clock: &Arc<SteppedClock>) -> ManualConnector {
    let config = json!({ "system": "badges", "for": "team:desk", "look": { "for": "role:help-desk" },
                         "identify": "employeeId", "attributes": ["name"] });
    let config = serde_json::from_value(config).unwrap();
    ManualConnector::new(&"badges".parse().unwrap(), config, desk.clone(), clock.clone()).unwrap()
}

fn few_staff() -> tenure_policy::Rule {
    let of = tenure_policy::Holding::Role("staff".parse().unwrap());
    tenure_policy::Rule {
        name: "few-staff".parse().unwrap(),
        title: "Few".to_owned(),
        owner: "it".to_owned(),
        says: tenure_policy::Says::Limit { of, holders_max: 1_000 },
        effect: tenure_policy::Effect::Hold,
        exception: Some(tenure_policy::ExceptionTerms { approval: "owner".to_owned(), days_max: 30 }),
        because: "it is a small company".to_owned(),
    }
}

fn web() -> HttpCaller {
    // Another test of this process may have installed it; it is the same one.
    drop(rustls::crypto::ring::default_provider().install_default());
    HttpCaller::new(Guard::new(&[])).unwrap()
}

impl Real {
    pub async fn open() -> Self {
        let clock = Arc::new(SteppedClock::at("2026-11-20T09:00:00Z".parse().unwrap()));
        let ids: Arc<dyn Ids> = Arc::new(SeededIds::new(7));
        let store = Store::open(&"sqlite::memory:".parse().unwrap(), StoreLimits::default()).await.unwrap();
        store.migrate().await.unwrap();
        let estate = estate();
        let definitions = estate.definitions();
        let defined = store.write(move |tx| Box::pin(async move { define(tx, definitions).await }));
        defined.await.map_err(|error: StoreError| error).unwrap();
        let target = FakeTarget::new(clock.clone()).with_groups(["staff"]);
        let desk = HouseDesk::new();
        let badges = badges(&desk, &clock);
        let house = Arc::new(House {
            clock: clock.clone(),
            ids,
            store,
            authz: Authz::embedded().unwrap(),
            live: Live::fixed(
                estate,
                [
                    ("ldap".parse().unwrap(), Arc::new(target) as Arc<dyn tenure_connect::AnyConnector>),
                    ("badges".parse().unwrap(), Arc::new(badges)),
                ]
                .into(),
                BTreeMap::new(),
            ),
            engine: OnceLock::new(),
            probe: Arc::new(NoProbe),
            web: Arc::new(web()),
            tasks_fallback: tenure_model::Assignee::Team("desk".parse().unwrap()),
            moved_by: tenure_app::owners::moved::usual(),
            public_url: "https://tenure.test".to_owned(),
            population: Population::default(),
        });
        desk.stand_in(&house);
        let key = SigningKey::from_seed("tenure.test/ledger/1", &Zeroizing::new([7; 32])).unwrap();
        let config = Sources::new().toml("listen = '127.0.0.1:0'", "test").unwrap().config().unwrap();
        let pinned = key.public().clone();
        let doors = router(house.clone(), Metrics::new(), Readiness::default(), &config, pinned).unwrap();
        let listener = Listener::bind(&config).await.unwrap();
        let address = listener.address();
        let (stop, stopped) = oneshot::channel();
        let served = tokio::spawn(listener.serve(doors, async move { drop(stopped.await) }));
        let mut real = Self { house, clock, address, tokens: BTreeMap::new(), stop: Some(stop), served };
        for role in Role::ALL {
            real.give(role.word(), Opens::Roles([role].into())).await;
        }
        real.give("source", Opens::Source("hr".parse().unwrap())).await;
        real
    }

    /// Starts the engine, which ends with the test.
    pub fn start_engine(&self) {
        // Another test of this process may have installed it; it is the same one.
        drop(rustls::crypto::ring::default_provider().install_default());
        let (engine, run) = tenure_engine::start(tenure_engine::Parts {
            process: Arc::new(Flows),
            journal: Arc::new(StoreJournal::new(self.house.store.clone())),
            performer: Arc::new(Steps::new(self.house.clone())),
            clock: self.clock.clone() as Arc<dyn Clock>,
            ids: self.house.ids.clone(),
            lease: Duration::from_secs(30),
            loops: tenure_engine::loops(),
        });
        self.house.engine.set(engine).unwrap();
        tokio::spawn(run);
    }

    async fn give(&mut self, name: &str, opens: Opens) {
        let (secret, hash) = issue(self.house.ids.as_ref());
        let id = new_id(self.house.ids.as_ref());
        let (created_at, expires_at) = (self.clock.now(), "2027-01-01T00:00:00Z".parse().unwrap());
        let token =
            Token { id, owner: name.to_owned(), opens, scopes: [].into(), created_at, expires_at, revoked_at: None };
        let job =
            self.house.store.write(move |tx| Box::pin(async move { tokens::insert(tx, &token, hash.bytes()).await }));
        job.await.map_err(|error: StoreError| error).unwrap();
        self.tokens.insert(name.to_owned(), (id, secret.expose_secret().to_owned()));
    }

    pub fn secret(&self, name: &str) -> &str {
        &self.tokens[name].1
    }

    pub fn token_id(&self, name: &str) -> TokenId {
        self.tokens[name].0
    }

    /// Asks with this bearer token; empty for none. The body is JSON, or null for none.
    pub async fn with(&self, secret: &str, method: &str, path: &str, body: &Json) -> Answer {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let request = head(secret, method, path, body.len());
        stream.write_all(format!("{request}{body}").as_bytes()).await.unwrap();
        Answer::read(&read_all(&mut stream).await)
    }

    /// Asks as a browser does that has these cookies and sits at this site; with fields, it sends a form.
    pub async fn browse(&self, cookies: &str, site: &str, path: &str, fields: Option<&str>) -> Answer {
        let (method, body) = fields.map_or(("GET", ""), |fields| ("POST", fields));
        let kind = if fields.is_some() { "content-type: application/x-www-form-urlencoded\r\n" } else { "" };
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: tenure.test\r\nconnection: close\r\ncontent-length: {length}\r\n\
             sec-fetch-site: {site}\r\ncookie: {cookies}\r\n{kind}\r\n{body}"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        Answer::read(&read_all(&mut stream).await)
    }

    /// The cookie of somebody who signed in.
    pub fn cookie(&self, who: &str) -> String {
        format!("tenure_token={}", self.secret(who))
    }

    pub async fn ask(&self, who: &str, method: &str, path: &str, body: &Json) -> Answer {
        self.with(self.secret(who), method, path, body).await
    }

    pub async fn get(&self, who: &str, path: &str) -> Answer {
        self.ask(who, "GET", path, &Json::Null).await
    }

    /// Asks and gives the connection, on which the answer comes.
    pub async fn open_stream(&self, who: &str, path: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(head(self.secret(who), "GET", path, 0).as_bytes()).await.unwrap();
        stream
    }

    /// Stops the server and waits until it has.
    pub async fn stop(mut self) -> Ended {
        self.stop.take().unwrap().send(()).unwrap();
        tokio::time::timeout(LONG, self.served).await.expect("the server does not end").unwrap()
    }
}

fn head(secret: &str, method: &str, path: &str, length: usize) -> String {
    let token = if secret.is_empty() { String::new() } else { format!("authorization: Bearer {secret}\r\n") };
    let kind = if length == 0 { "" } else { "content-type: application/json\r\n" };
    format!("{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {length}\r\n{token}{kind}\r\n")
}

pub fn read(answer: &Answer) -> Json {
    serde_json::from_str(&answer.body).expect("the body is JSON")
}

pub fn joiner(id: &str, key: &str, name: &str) -> Json {
    json!({ "id": id, "type": "employment.started", "firstDay": "2026-11-01",
            "person": { "employeeId": key, "displayName": name } })
}
