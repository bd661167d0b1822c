//! A step that waits until something happens to somebody: the right thing to the right person, in time.

use serde_json::{Value as Json, json};
use tenure_app::runs::tell::{Telling, tell};
use tenure_app::runs::{show, start};
use tenure_app::workflows::awaits::forget;
use tenure_engine::journal::RunStatus;
use tenure_flow::Node;
use tenure_model::RunId;
use tenure_server::house::rehearse::{Rehearse, Would, rehearse};
use tenure_store::StoreError;
use tenure_testkit::databases::{Database, each};
use tenure_testkit::stepped::{Stepped, Workflows};

const ESTATE: &str = r"apiVersion: tenure/v1
kind: Connection
metadata: { name: hr, owner: it }
spec: { connector: memory, direction: source, authority: [employee], config: {} }
---
apiVersion: tenure/v1
kind: Workflow
metadata: { name: laptop, owner: it }
spec:
  trigger: { demand: true }
  lane: own
  inputs: { serial: { type: text } }
  steps:
    - { id: back, use: lifecycle/wait-for, with: { event: custom.returned, match: { serial: { =: input.serial } }, within: 10d } }
    - { id: thanks, use: core/set, with: { how: { =: 'steps[`back`].output.body.how' } }, after: back.came }
    - { id: late, use: lifecycle/emit, with: { event: custom.lost }, after: back.timeout }
---
apiVersion: tenure/v1
kind: Workflow
metadata: { name: finance, owner: it }
spec:
  trigger: { demand: true }
  lane: own
  steps:
    - { id: lost, use: lifecycle/wait-for, with: { event: custom.lost }, ends: [came] }
";

struct Scene {
    stepped: Stepped,
    people: Vec<String>,
    sent: usize,
}

impl Scene {
    async fn new(database: &Database) -> Self {
        let now = "2026-11-02T09:00:00Z".parse().unwrap();
        let files = [("all.yaml", ESTATE.replace('`', "\""))];
        let stepped = Stepped::with(database, &files, now, Workflows::Shipped, |_| [].into()).await.unwrap().run();
        let mut scene = Self { stepped, people: Vec::new(), sent: 0 };
        for key in ["E1", "E2"] {
            let accepted = scene.tell(key, json!({ "type": "employment.started", "firstDay": "2025-01-01" })).await;
            scene.people.push(accepted);
        }
        scene
    }

    /// Tells something of somebody; gives who that is.
    async fn tell(&mut self, key: &str, mut body: Json) -> String {
        self.sent += 1;
        let said = body.as_object_mut().unwrap();
        said.insert("id".to_owned(), format!("e{}", self.sent).into());
        let person = said.entry("person").or_insert_with(|| json!({}));
        person.as_object_mut().unwrap().insert("employeeId".to_owned(), key.into());
        self.stepped.tell(body).await.unwrap().person.unwrap().to_string()
    }

    async fn returned(&mut self, key: &str, serial: &str) {
        let person = json!({ "serial": serial, "how": "by post" });
        self.tell(key, json!({ "type": "custom.returned", "person": person })).await;
    }

    async fn begin(&self, workflow: &str, person: usize, serial: &str) -> RunId {
        let input = json!({ "person": self.people[person], "serial": serial });
        let run = start::start(&self.stepped.cx(), workflow.parse().unwrap(), None, input).await.unwrap();
        self.comes_to(run, RunStatus::Waiting).await;
        run
    }

    async fn comes_to(&self, run: RunId, status: RunStatus) {
        let cx = self.stepped.cx();
        let is_so = async || show::show(&cx, run).await.is_ok_and(|shown| shown.row.status == status);
        assert!(self.stepped.comes_to(is_so).await, "{:?}", show::show(&cx, run).await.unwrap().state.nodes);
    }

    async fn outcome(&self, run: RunId, step: &str) -> Option<(String, Json)> {
        match show::show(&self.stepped.cx(), run).await.unwrap().state.nodes.get(step) {
            Some(Node::Done { outcome, output }) => Some((outcome.clone(), output.clone())),
            _ => None,
        }
    }

    async fn awaits(&self) -> i64 {
        let job = self.stepped.house.store.read(|tx| {
            Box::pin(async move {
                let row = tx.query_one("SELECT COUNT(*) AS waits FROM event_await", &[]).await?;
                row.of("event_await").int("waits")
            })
        });
        job.await.map_err(|error: StoreError| error).unwrap()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_what_is_waited_for_of_whom_it_is_waited_for_goes_on() {
    for database in each().await {
        let mut scene = Scene::new(&database).await;
        scene.returned("E1", "A1").await;
        let (mine, other, hers) = (
            scene.begin("laptop", 0, "A1").await,
            scene.begin("laptop", 0, "A2").await,
            scene.begin("laptop", 1, "A1").await,
        );
        assert_eq!(scene.outcome(mine, "back").await, None, "what came before counts");
        scene.returned("E1", "A1").await;
        scene.comes_to(mine, RunStatus::Done).await;
        assert_eq!(scene.outcome(mine, "thanks").await.unwrap().1, json!({ "how": "by post" }));
        assert_eq!(scene.outcome(hers, "back").await, None, "what happened to somebody else counts");
        scene.returned("E2", "A1").await;
        scene.comes_to(hers, RunStatus::Done).await;
        assert_eq!(scene.outcome(other, "back").await, None, "another serial was taken");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_does_not_come_in_time_is_late_and_what_is_emitted_is_heard() {
    let mut scene = Scene::new(&Database::sqlite()).await;
    let (laptop, finance) = (scene.begin("laptop", 0, "A1").await, scene.begin("finance", 0, "").await);
    scene.stepped.at("2026-11-12T08:59:00Z".parse().unwrap());
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    assert_eq!(scene.outcome(laptop, "back").await, None);
    scene.stepped.at("2026-11-12T09:01:00Z".parse().unwrap());
    scene.comes_to(laptop, RunStatus::Done).await;
    assert_eq!(scene.outcome(laptop, "back").await.unwrap().0, "timeout");
    scene.comes_to(finance, RunStatus::Done).await;
    scene.returned("E1", "A1").await;
    assert_eq!(scene.outcome(laptop, "thanks").await, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_nobody_waits_for_any_more_is_forgotten() {
    let mut scene = Scene::new(&Database::sqlite()).await;
    let (stopped, open) = (scene.begin("laptop", 0, "A1").await, scene.begin("laptop", 0, "A2").await);
    assert_eq!(scene.awaits().await, 2);
    let word = Telling::Cancel { reason: "bought another".to_owned(), undo: true };
    tell(&scene.stepped.cx(), stopped, word).await.unwrap();
    scene.comes_to(stopped, RunStatus::Cancelled).await;
    scene.returned("E1", "A1").await;
    forget(&scene.stepped.house).await.unwrap();
    assert_eq!(scene.awaits().await, 1);
    scene.returned("E1", "A2").await;
    scene.comes_to(open, RunStatus::Done).await;
    forget(&scene.stepped.house).await.unwrap();
    assert_eq!(scene.awaits().await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rehearsal_takes_it_as_come_or_as_late_and_waits_for_nothing() {
    let scene = Scene::new(&Database::sqlite()).await;
    let input = json!({ "serial": "A1" }).as_object().cloned().unwrap();
    for (workflow, step, answers) in [("finance", "lost", json!({})), ("laptop", "back", json!({ "back": "timeout" }))]
    {
        let is_late = answers.get(step).is_some();
        let asked = Rehearse { input: input.clone(), answers: serde_json::from_value(answers).unwrap() };
        let person = scene.people[0].clone();
        let rehearsal = rehearse(&scene.stepped.cx(), workflow.parse().unwrap(), person, asked).await.unwrap();
        assert_eq!(rehearsal.status, RunStatus::Done, "{rehearsal:?}");
        let came =
            |would: &Would| matches!(would, Would::Ask { step: at, answer, .. } if at == step && answer == "came");
        assert_ne!(rehearsal.would.iter().any(|heard| came(&heard.would)), is_late, "{:?}", rehearsal.would);
        assert_eq!(scene.awaits().await, 0, "a rehearsal waits in the real house");
    }
}
