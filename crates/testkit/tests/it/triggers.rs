//! What starts workflows, and what does not: on a clock that is moved by hand, with the real intake,
//! the real engine and a directory in memory.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::{Value as Json, json};
use tenure_app::drift::link;
use tenure_app::events::accept::Accepted;
use tenure_app::reconcile::turn::{Due, turn};
use tenure_app::workflows::schedule;
use tenure_connect::{Change, Locator, Write};
use tenure_engine::journal::{RunRow, Urgency, private_lane};
use tenure_engine::message::{self, Busy, Start};
use tenure_model::{ConnectionName, IdentityKind, Person, PersonId, Value, new_id};
use tenure_store::{StoreError, journal, runs};
use tenure_testkit::act;
use tenure_testkit::databases::{self, Database};
use tenure_testkit::stepped::{Stepped, Workflows};

fn sample(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/first-estate");
    std::fs::read_to_string(root.join(path)).unwrap()
}

/// A workflow of one step that ends at once.
pub fn workflow(name: &str, spec: &str) -> String {
    format!(
        "apiVersion: tenure/v1\nkind: Workflow\nmetadata: {{ name: {name} }}\nspec:\n{spec}\n  steps:\n    \
         - {{ id: prove, use: evidence/seal }}\n"
    )
}

const NOON: &str = "2026-11-01T12:00:00Z";

/// The sample company with a directory in memory.
pub struct Scene {
    pub stepped: Stepped,
    sent: Cell<usize>,
}

impl Scene {
    /// With these workflows besides those that ship.
    pub async fn on(database: &Database, moment: &str, workflows: &[String]) -> Self {
        Self::watching(database, moment, workflows, "").await
    }

    /// The same, where the document of the directory has these further lines.
    async fn watching(database: &Database, moment: &str, workflows: &[String], lines: &str) -> Self {
        let ldap = sample("connections/ldap.yaml");
        let account = &ldap[ldap.find("  account:").unwrap()..];
        let head = "apiVersion: tenure/v1\nkind: Connection\nmetadata: { name: ldap }\nspec:\n  connector: memory\n  \
                    direction: target\n  config: {}\n";
        let documents = [
            ("connections/hr.yaml", sample("connections/hr.yaml")),
            ("connections/ldap.yaml", format!("{head}{lines}{account}")),
            ("roles/staff.yaml", sample("roles/staff.yaml")),
            ("workflows/ours.yaml", workflows.join("---\n")),
        ];
        let now = moment.parse().unwrap();
        let stepped = Stepped::with(database, &documents, now, Workflows::Shipped, |_| BTreeMap::new()).await.unwrap();
        Self { stepped: stepped.run(), sent: Cell::new(0) }
    }

    pub async fn told(&self, number: usize, kind: &str, rest: Json) -> Accepted {
        self.sent.set(self.sent.get() + 1);
        let mut body = json!({ "id": format!("e{}", self.sent.get()), "type": kind,
            "person": { "employeeId": format!("E{number}") } });
        for (name, value) in rest.as_object().unwrap() {
            if name == "person" {
                body["person"].as_object_mut().unwrap().extend(value.as_object().unwrap().clone());
            } else {
                body[name] = value.clone();
            }
        }
        self.stepped.tell(body).await.unwrap()
    }

    /// Somebody joins in this department, and has what they should.
    pub async fn hire(&self, number: usize, department: &str) -> PersonId {
        let person = json!({ "givenName": "Zoe", "familyName": format!("M{number}"), "email":
            format!("z{number}@example.org"), "department": department });
        let told = self.told(number, "employment.started", json!({ "firstDay": "2025-01-01", "person": person })).await;
        self.idle().await;
        told.person.unwrap()
    }

    /// Runs of a workflow, the oldest first.
    pub async fn runs(&self, name: &str) -> Vec<RunRow> {
        let filter = runs::RunFilter { name: Some(name.to_owned()), ..runs::RunFilter::default() };
        let job =
            self.stepped.house.store.read(move |tx| Box::pin(async move { runs::list(tx, &filter, None, 900).await }));
        let mut rows = job.await.map_err(|error: StoreError| error).unwrap();
        rows.sort_by_key(|row| (row.started_at, row.id));
        rows
    }

    /// In how many lanes a workflow ran, and how often.
    pub async fn lanes(&self, name: &str) -> BTreeSet<String> {
        let name = name.to_owned();
        let sql = "SELECT lane FROM run WHERE name = $1 ORDER BY lane";
        let job = self.stepped.house.store.read(move |tx| Box::pin(async move { tx.query(sql, &[name.into()]).await }));
        let rows = job.await.map_err(|error: StoreError| error).unwrap();
        let lanes: BTreeSet<String> = rows.iter().map(|row| row.of("run").string("lane").unwrap()).collect();
        assert_eq!(lanes.len(), rows.len(), "it ran twice in a lane");
        lanes
    }

    pub async fn count(&self, name: &str) -> usize {
        self.lanes(name).await.len()
    }

    /// Sets the clock.
    pub fn at(&self, moment: &str) {
        self.stepped.at(moment.parse().unwrap());
    }

    /// The same after its process died.
    pub fn died(self, seed: u64) -> Self {
        Self { stepped: self.stepped.died(seed).unwrap().run(), ..self }
    }

    /// The same with an engine that does nothing any more.
    pub async fn stopped(self) -> Self {
        self.stepped.house.engine.get().unwrap().stop();
        for _ in 0..20 {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        self
    }

    /// Until the engine has nothing to do at this moment.
    pub async fn idle(&self) {
        let idle = async || {
            let pulse = self.stepped.house.store.read(|tx| Box::pin(async move { runs::pulse(tx).await }));
            let pulse = pulse.await.map_err(|error: StoreError| error).unwrap();
            pulse.letters == 0 && pulse.running == 0
        };
        assert!(self.stepped.comes_to(idle).await, "it does not come to rest");
    }

    /// Somebody else writes to the directory.
    pub async fn foreign(&self, name: &str, write: Write) {
        act::done(self.stepped.directory.as_ref(), &Change::new(Locator::attribute("uid", name), write)).await;
    }

    /// Reads the directory.
    pub async fn read(&self) {
        let house = &self.stepped.house;
        turn(house, &ldap(), Due::Whole, house.ids.uuid()).await.unwrap().unwrap();
    }
}

/// The runs that a schedule has begun for each person, by their number.
async fn begun(scene: &Scene, name: &str, people: &[PersonId]) -> Vec<usize> {
    let runs = scene.runs(name).await;
    people.iter().map(|person| runs.iter().filter(|run| run.lane == format!("{person}/{name}")).count()).collect()
}

const MORNINGS: &str = "  trigger: { every: 1d, at: '06:00 Europe/Berlin', when: 'person.department == \"Finance\"' }";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_schedule_begins_once_for_each_period_and_person_for_whom_it_holds() {
    for database in databases::each().await {
        let scene = Scene::on(&database, NOON, &[workflow("check", MORNINGS)]).await;
        let people = [scene.hire(1, "Finance").await, scene.hire(2, "Sales").await, scene.hire(3, "Finance").await];
        let look = async |scene: &Scene| schedule::look(&scene.stepped.house).await.unwrap();
        assert_eq!(look(&scene).await, 0, "a schedule that is new begins with its next period");
        scene.at("2026-11-02T04:59:00Z");
        assert_eq!(look(&scene).await, 0);
        scene.at("2026-11-02T05:00:00Z");
        assert_eq!((look(&scene).await, look(&scene).await), (1, 0));
        scene.idle().await;
        assert_eq!(begun(&scene, "check", &people).await, [1, 0, 1]);
        // Whoever dies after a period began, and before anything was done for it, loses nothing of it.
        scene.at("2026-11-03T05:00:30Z");
        let scene = scene.stopped().await;
        assert_eq!(look(&scene).await, 1);
        let scene = scene.died(2);
        assert_eq!(look(&scene).await, 0);
        scene.idle().await;
        assert_eq!(begun(&scene, "check", &people).await, [2, 0, 2]);
        // Of five periods that nobody saw the last one begins.
        scene.at("2026-11-08T20:00:00Z");
        assert_eq!((look(&scene).await, look(&scene).await), (1, 0));
        scene.idle().await;
        assert_eq!(begun(&scene, "check", &people).await, [3, 0, 3]);
        assert_eq!(scene.runs("check").await[0].urgency, Urgency::Bulk);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_period_that_is_gone_through_twice_starts_nobody_twice() {
    let scene = Scene::on(&Database::sqlite(), NOON, &[workflow("check", MORNINGS)]).await;
    let people = [scene.hire(1, "Finance").await];
    schedule::look(&scene.stepped.house).await.unwrap();
    scene.at("2026-11-02T05:00:00Z");
    schedule::look(&scene.stepped.house).await.unwrap();
    scene.idle().await;
    let round = scene.runs("schedule").await.remove(0);
    let house = &scene.stepped.house;
    let run = new_id(house.ids.as_ref());
    let input = json!({ "workflow": "check", "schedule": "1d at 06:00 Europe/Berlin", "at": "2026-11-02T05:00:00Z", "after": null });
    let (lane, definition, name) = (private_lane(run), round.definition, round.name);
    let start = Start { lane, definition, name, urgency: Urgency::Normal, busy: Busy::Queue, input };
    let letter = message::start(run, start, "test", "again", house.clock.now());
    let job = house.store.write(move |tx| Box::pin(async move { journal::send(tx, &[letter]).await }));
    job.await.map_err(|error: StoreError| error).unwrap();
    scene.idle().await;
    assert_eq!(scene.runs("schedule").await.len(), 2);
    assert_eq!(begun(&scene, "check", &people).await, [1]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whose_run_of_an_earlier_period_is_not_over_gets_no_second() {
    let ours = "apiVersion: tenure/v1\nkind: Workflow\nmetadata: { name: check }\nspec:\n  trigger: { every: 1d, when: \
                'person.department == \"Finance\"' }\n  steps:\n    - { id: rest, use: core/wait-until, with: { for: 36h } }\n";
    let scene = Scene::on(&Database::sqlite(), NOON, &[ours.to_owned()]).await;
    let people = [scene.hire(1, "Finance").await];
    schedule::look(&scene.stepped.house).await.unwrap();
    for (moment, open, expected) in
        [("2026-11-02T00:00:00Z", 0, 1), ("2026-11-03T00:00:00Z", 1, 1), ("2026-11-04T00:00:00Z", 0, 2)]
    {
        scene.at(moment);
        let is_open = |run: &&RunRow| !run.status.is_closed();
        let came =
            scene.stepped.comes_to(async || scene.runs("check").await.iter().filter(is_open).count() == open).await;
        assert!(came, "{:?}", scene.runs("check").await);
        assert_eq!(schedule::look(&scene.stepped.house).await.unwrap(), 1);
        scene.idle().await;
        assert_eq!(begun(&scene, "check", &people).await, [expected], "on {moment}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_is_gone_through_in_parts_that_miss_nobody() {
    let scene = Scene::on(&Database::sqlite(), NOON, &[workflow("check", MORNINGS)]).await;
    let house = std::sync::Arc::clone(&scene.stepped.house);
    let people: Vec<Person> = (0..1_300)
        .map(|number| Person {
            id: new_id(house.ids.as_ref()),
            kind: IdentityKind::Employee,
            display_name: format!("E{number}"),
            attributes: [("department".to_owned(), "Finance".into())].into(),
            sponsor: None,
            version: 1,
            since: house.clock.now(),
        })
        .collect();
    let ids: BTreeSet<String> = people.iter().map(|person| format!("{}/check", person.id)).collect();
    let job = house.store.write(move |tx| {
        Box::pin(async move {
            for person in &people {
                tenure_store::people::insert(tx, person).await?;
            }
            Ok(())
        })
    });
    job.await.map_err(|error: StoreError| error).unwrap();
    schedule::look(&house).await.unwrap();
    scene.at("2026-11-02T05:00:00Z");
    schedule::look(&house).await.unwrap();
    // Each page seems to take as long as a step may.
    for _ in 0..2_000 {
        scene.stepped.clock.advance(std::time::Duration::from_secs(46));
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        if scene.runs("check").await.len() >= 900 {
            break;
        }
    }
    let came = scene.stepped.comes_to(async || scene.count("check").await >= 1_300).await;
    scene.idle().await;
    assert!(came, "{} of 1300", scene.count("check").await);
    assert!(scene.runs("schedule").await.len() > 1, "it was one part");
    assert_eq!(scene.lanes("check").await, ids);
}

pub fn ldap() -> ConnectionName {
    "ldap".parse().unwrap()
}

pub fn lanes(runs: &[RunRow]) -> Vec<&str> {
    runs.iter().map(|run| run.lane.as_str()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_gets_an_account_starts_what_is_meant_for_them_in_its_own_lane() {
    let ours = workflow(
        "money",
        "  trigger: { event: person.changed, when: 'person.department == \"Finance\"' }\n  lane: own",
    );
    for database in databases::each().await {
        let scene = Scene::on(&database, NOON, std::slice::from_ref(&ours)).await;
        let (sales, finance) = (scene.hire(1, "Sales").await, scene.hire(2, "Finance").await);
        for name in ["svc-one", "svc-two"] {
            let attributes = [("uid".to_owned(), Value::from(name))].into();
            scene.foreign(name, Write::Create { attributes }).await;
        }
        scene.read().await;
        let linked = link::link(&scene.stepped.cx(), ldap(), "svc-one".to_owned(), sales).await.unwrap();
        assert_eq!(linked.runs.len(), 1, "what is for Finance began for Sales");
        let linked = link::link(&scene.stepped.cx(), ldap(), "svc-two".to_owned(), finance).await.unwrap();
        assert_eq!(linked.runs.len(), 2);
        scene.idle().await;
        assert_eq!(lanes(&scene.runs("money").await), [format!("{finance}/money")]);
        assert_eq!(lanes(&scene.runs("mover").await), [sales.to_string(), finance.to_string()]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn drift_of_an_account_starts_what_waits_for_its_kind_and_its_system() {
    let ours = [
        workflow("gone", "  trigger: { event: drift.found, source: ldap, when: 'input.body.kind == \"missing\"' }"),
        workflow("mail", "  trigger: { event: drift.found, changed: [attribute/mail] }"),
        workflow("else", "  trigger: { event: drift.found, source: hr }"),
        workflow("sales", "  trigger: { event: drift.found, when: 'person.department == \"Sales\"' }"),
    ];
    for database in databases::each().await {
        let scene = Scene::on(&database, NOON, &ours).await;
        let ada = scene.hire(1, "Finance").await;
        scene.read().await;
        let thief = [("mail".to_owned(), Value::from("thief@example.org"))].into();
        scene.foreign("zm1", Write::Set { attributes: thief }).await;
        scene.read().await;
        scene.read().await;
        scene.idle().await;
        assert_eq!(lanes(&scene.runs("mail").await), [format!("{ada}/mail")], "once for what was found once");
        let none = [scene.runs("gone").await, scene.runs("else").await, scene.runs("sales").await];
        assert!(none.iter().all(Vec::is_empty), "{none:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_gets_or_loses_access_starts_what_waits_for_it() {
    let ours = [
        workflow("rich", "  trigger: { event: access.gained, source: ldap, changed: [group/finance] }"),
        workflow(
            "poor",
            "  trigger: { event: access.lost, changed: [group/finance], when: '\"finance\" in input.body.roles' }",
        ),
    ];
    for database in databases::each().await {
        let scene = Scene::on(&database, NOON, &ours).await;
        let (sales, finance) = (scene.hire(1, "Sales").await, scene.hire(2, "Finance").await);
        scene.idle().await;
        assert_eq!(lanes(&scene.runs("rich").await), [format!("{finance}/rich")]);
        scene.told(1, "person.changed", json!({ "person": { "department": "Finance" } })).await;
        scene.idle().await;
        // Whoever had it before has gained nothing.
        scene.told(2, "person.changed", json!({ "person": { "email": "other@example.org" } })).await;
        scene.idle().await;
        assert_eq!(lanes(&scene.runs("rich").await), [format!("{finance}/rich"), format!("{sales}/rich")]);
        assert!(scene.runs("poor").await.is_empty());
        scene.told(2, "employment.ended", json!({ "lastDay": "2026-10-31", "urgent": true })).await;
        assert!(scene.stepped.comes_to(async || !scene.runs("poor").await.is_empty()).await);
        scene.idle().await;
        assert_eq!(lanes(&scene.runs("poor").await), [format!("{finance}/poor")]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_of_a_source_s_own_changes_nothing_and_starts_what_waits_for_it() {
    let ours = [
        workflow("badge", "  trigger: { event: custom.badge-lost, source: hr, when: 'input.body.site == \"lab\"' }"),
        workflow("other", "  trigger: { event: custom.badge-found }"),
    ];
    for database in databases::each().await {
        let scene = Scene::on(&database, NOON, &ours).await;
        let ada = scene.hire(1, "Finance").await;
        let movers = scene.runs("mover").await.len();
        for site in ["office", "lab"] {
            let told = scene.told(1, "custom.badge-lost", json!({ "person": { "site": site } })).await;
            assert_eq!((told.person, told.runs.len()), (Some(ada), usize::from(site == "lab")), "{site}");
        }
        scene.idle().await;
        assert_eq!(lanes(&scene.runs("badge").await), [format!("{ada}/badge")]);
        assert!(scene.runs("other").await.is_empty());
        assert_eq!(scene.runs("mover").await.len(), movers, "it moved somebody");
        let story = tenure_app::people::story::story(&scene.stepped.cx(), "E1".to_owned(), None, None).await.unwrap();
        assert_eq!(story.person.text("site"), None, "what it says of itself is nothing that is known of the person");
        // Of whom nobody knows, a human is asked.
        let told = scene.told(9, "custom.badge-lost", json!({ "person": { "site": "lab" } })).await;
        assert!(told.person.is_none() && told.case.is_some(), "{told:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_did_not_sign_in_for_long_is_found_by_what_systems_tell() {
    let ours = workflow("quiet", "  trigger: { every: 1d, when: 'person.daysSinceSignIn >= 90' }");
    for database in databases::each().await {
        let scene =
            Scene::watching(&database, NOON, std::slice::from_ref(&ours), "  reconcile: { lastSignIn: description }\n")
                .await;
        let ids = [scene.hire(1, "Sales").await, scene.hire(2, "Sales").await, scene.hire(3, "Sales").await];
        schedule::look(&scene.stepped.house).await.unwrap();
        for (name, at) in [("zm1", "2026-08-04T12:00:00Z"), ("zm2", "2026-08-05T12:00:00Z")] {
            let signed_in = [("description".to_owned(), Value::Instant(at.parse().unwrap()))].into();
            scene.foreign(name, Write::Set { attributes: signed_in }).await;
        }
        scene.read().await;
        scene.idle().await;
        // Of the third one no system says anything.
        scene.at("2026-11-03T00:00:00Z");
        schedule::look(&scene.stepped.house).await.unwrap();
        scene.idle().await;
        assert_eq!(begun(&scene, "quiet", &ids).await, [1, 0, 0]);
        let now = [("description".to_owned(), Value::Instant("2026-11-03T07:00:00Z".parse().unwrap()))].into();
        scene.foreign("zm1", Write::Set { attributes: now }).await;
        scene.at("2026-11-04T00:00:00Z");
        scene.read().await;
        schedule::look(&scene.stepped.house).await.unwrap();
        scene.idle().await;
        assert_eq!(begun(&scene, "quiet", &ids).await, [1, 1, 0]);
        let drift = tenure_app::drift::list::list(&scene.stepped.cx(), Some(ldap()), None, 100).await.unwrap();
        assert_eq!(drift, [], "that somebody signed in is no drift");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_tells_something_that_begins_nothing_hears_why() {
    let ours = [
        workflow("of-doors", "  trigger: { event: custom.badge, source: doors }"),
        workflow("of-finance", "  trigger: { event: custom.pass, when: 'person.department == \"Finance\"' }"),
        workflow("seldom", "  breaker: { starts: 1, within: 1h }\n  trigger: { event: custom.rush }"),
        workflow("goodbye", "  trigger: { date: person.lastDay 18:00 }"),
    ];
    let scene = Scene::on(&Database::sqlite(), NOON, &ours).await;
    scene.hire(1, "Sales").await;
    let why = async |kind: &str| {
        let told = scene.told(1, kind, json!({})).await;
        assert_eq!(told.runs.is_empty(), told.unbegun.is_some(), "{told:?}");
        told.unbegun.unwrap_or_default()
    };
    assert_eq!(why("custom.nothing").await, "no workflow waits for `custom.nothing`");
    assert_eq!(why("custom.badge").await, "`of-doors` takes it from `doors` only");
    assert_eq!(why("custom.pass").await, "the `when` of `of-finance` does not hold: person.department == \"Finance\"");
    assert_eq!(why("custom.rush").await, "", "what begins something begins nothing");
    assert_eq!(
        why("custom.rush").await,
        "`seldom` begins too often and is held until a human says so; see `tenure held list`"
    );
    scene.told(1, "employment.ended", json!({ "lastDay": "2026-12-01" })).await;
    let later = why("custom.nothing").await;
    assert!(
        later.starts_with("no workflow waits for `custom.nothing`; `goodbye` begins by date, at 2026-12-01T"),
        "{later}"
    );
    let unknown = scene.told(9, "custom.pass", json!({})).await;
    assert!(unknown.case.is_some() && unknown.unbegun.is_none(), "{unknown:?}");
}
