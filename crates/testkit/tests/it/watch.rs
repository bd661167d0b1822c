//! A watch of somebody's sessions: each is seen when it is opened and when it is over.

use std::time::Duration;

use serde_json::Value as Json;
use tenure_app::runs::show;
use tenure_connect::{AnyConnector as _, Artifact, Change, Locator, Operation, Write};
use tenure_engine::journal::RunStatus;
use tenure_flow::Node;
use tenure_model::RunId;
use tenure_store::StoreError;
use tenure_store::runs::RunFilter;

use crate::somebody::Somebody;

const ESTATE: &str = r"apiVersion: tenure/v1
kind: Workflow
metadata: { name: lent, owner: it }
spec:
  trigger: { demand: true }
  steps:
    - { id: watch, use: session/watch, with: { systems: [ldap], for: 10m, every: 1m } }
---
apiVersion: tenure/v1
kind: Workflow
metadata: { name: told, owner: it }
spec:
  trigger: { event: session.opened, source: ldap }
  steps:
    - { id: set, use: core/set, with: { session: { $: /input/body/session } } }
---
apiVersion: tenure/v1
kind: Workflow
metadata: { name: endless, owner: it }
spec:
  triggers: [{ demand: true }, { event: session.opened, source: ldap }]
  lane: own
  steps:
    - { id: watch, use: session/watch, with: { systems: [ldap], for: 10m, every: 1m } }
";

impl Somebody {
    fn signs_in(&self, session: &str) {
        drop((*self.stepped.directory).clone().with_artifact("e1", Artifact::Session, session));
    }

    async fn signs_out(&self) {
        let change = Change::new(Locator::attribute("uid", "e1"), Write::End { artifact: Artifact::Session });
        let operation = Operation { key: "0e".parse().unwrap(), generation: 1 };
        let outcome = self.stepped.directory.apply(&change, &operation).await;
        assert!(outcome.seen().is_some(), "{outcome:?}");
    }

    async fn sessions_told(&self) -> usize {
        self.rows(RunFilter { name: Some("told".to_owned()), ..RunFilter::default() }).await.len()
    }

    /// How often the ledger says this.
    async fn entries(&self, what: &str) -> usize {
        let job = self.stepped.house.store.read(|tx| {
            Box::pin(async move {
                let rows = tx.query("SELECT body FROM ledger_outbox ORDER BY id", &[]).await?;
                rows.iter().map(|row| row.of("ledger_outbox").string("body")).collect::<Result<Vec<_>, StoreError>>()
            })
        });
        let word = format!("\"type\":\"{what}\"");
        job.await.unwrap().iter().filter(|body| body.contains(&word)).count()
    }

    async fn looks(&self, run: RunId) -> String {
        let shown = show::show(&self.stepped.cx(), run).await.unwrap();
        format!("{:?}", shown.state.nodes.get("watch"))
    }

    /// A minute passes, and the watch looks.
    async fn a_minute_later(&self, run: RunId) {
        let before = self.looks(run).await;
        self.stepped.at(self.stepped.house.clock.now() + Duration::from_secs(61));
        self.holds("nobody looked", async || self.looks(run).await != before).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_session_is_seen_when_it_is_opened_and_when_it_is_over() {
    let scene = Somebody::new(ESTATE).await;
    scene.signs_in("laptop");
    let run = scene.start("lent").await;
    scene.holds("nobody watches", async || scene.looks(run).await.contains("watches")).await;
    scene.a_minute_later(run).await;
    assert_eq!(scene.sessions_told().await, 0, "who was signed in before is told to sign in");
    scene.signs_out().await;
    scene.a_minute_later(run).await;
    scene.signs_in("phone");
    scene.a_minute_later(run).await;
    scene.holds("the session is not told", async || scene.sessions_told().await == 1).await;
    scene.a_minute_later(run).await;
    assert_eq!(scene.sessions_told().await, 1, "one session is told twice");
    scene.stepped.at(scene.stepped.house.clock.now() + Duration::from_mins(10));
    assert_eq!(scene.ended(run).await, RunStatus::Done);
    let shown = show::show(&scene.stepped.cx(), run).await.unwrap();
    let Some(Node::Done { output, .. }) = shown.state.nodes.get("watch") else { panic!("{:?}", shown.state.nodes) };
    let sessions: Vec<(&str, bool)> = output["sessions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["id"].as_str().unwrap(), one["overAt"] == Json::Null))
        .collect();
    assert_eq!((sessions, output["open"].as_u64()), (vec![("laptop", false), ("phone", true)], Some(1)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_time_in_which_nobody_looked_is_told_in_the_result_and_in_the_ledger() {
    let scene = Somebody::new(ESTATE).await;
    let run = scene.start("lent").await;
    scene.holds("nobody watches", async || scene.looks(run).await.contains("watches")).await;
    scene.a_minute_later(run).await;
    assert_eq!(scene.entries("session.unseen").await, 0);
    // We were down for a while.
    scene.stepped.at(scene.stepped.house.clock.now() + Duration::from_mins(5));
    scene.holds("the gap is not told", async || scene.entries("session.unseen").await == 1).await;
    scene.stepped.at(scene.stepped.house.clock.now() + Duration::from_mins(10));
    assert_eq!(scene.ended(run).await, RunStatus::Done);
    let shown = show::show(&scene.stepped.cx(), run).await.unwrap();
    let Some(Node::Done { output, .. }) = shown.state.nodes.get("watch") else { panic!("{:?}", shown.state.nodes) };
    assert_eq!(output["gaps"][0]["why"], "nobody looked", "{output}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_workflow_that_watches_does_not_begin_by_what_it_saw_itself() {
    let scene = Somebody::new(ESTATE).await;
    let run = scene.start("endless").await;
    scene.holds("nobody watches", async || scene.looks(run).await.contains("watches")).await;
    scene.signs_in("phone");
    scene.a_minute_later(run).await;
    scene.holds("the session is not told", async || scene.sessions_told().await == 1).await;
    let filter = RunFilter { name: Some("endless".to_owned()), ..RunFilter::default() };
    assert_eq!(scene.rows(filter).await.len(), 1, "it watches itself for ever");
}
