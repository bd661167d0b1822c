//! Workflows that begin with how a request was decided, and with what is said of risk.

use serde_json::json;
use tenure_app::runs::show;
use tenure_app::tasks::close::close;
use tenure_app::tasks::list::{self, Wanted};
use tenure_engine::journal::{RunRow, RunStatus, Urgency};
use tenure_model::RunId;
use tenure_store::runs::RunFilter;

use crate::somebody::Somebody;

const ESTATE: &str = r#"apiVersion: tenure/v1
kind: Team
metadata: { name: bosses }
spec: { members: [bo] }
---
apiVersion: tenure/v1
kind: Workflow
metadata: { name: ask-for-lab, owner: it }
spec:
  trigger: { demand: true }
  lane: own
  steps:
    - { id: ask, use: approval/ask, with: { by: bosses, title: "The lab?" }, ends: [approved, denied] }
---
apiVersion: tenure/v1
kind: Workflow
metadata: { name: lab, owner: it }
spec:
  trigger: { event: request.approved, source: ask-for-lab }
  steps:
    - { id: lend, use: access/grant, with: { system: ldap, entitlement: group/lab } }
    - { id: so, use: access/ensure, after: lend }
---
apiVersion: tenure/v1
kind: Workflow
metadata: { name: no-lab, owner: it }
spec:
  trigger: { event: request.denied, when: 'input.body.workflow == "ask-for-lab" && input.body.step == "ask"' }
  steps:
    - { id: noted, use: core/set, with: { how: { =: input.body.outcome } } }
---
apiVersion: tenure/v1
kind: Workflow
metadata: { name: give-lab, owner: it }
spec:
  trigger: { demand: true }
  lane: own
  steps:
    - { id: lend, use: access/grant, with: { system: ldap, entitlement: group/lab } }
    - { id: give, use: access/ensure, with: { by: bosses }, after: lend, ends: [denied] }
---
apiVersion: tenure/v1
kind: Workflow
metadata: { name: given, owner: it }
spec:
  trigger: { event: request.approved, source: give-lab }
  steps:
    - { id: noted, use: core/set, with: { how: { =: input.body.step } } }
---
apiVersion: tenure/v1
kind: Workflow
metadata: { name: not-given, owner: it }
spec:
  trigger: { event: request.denied, source: give-lab }
  steps:
    - { id: noted, use: core/set, with: { how: never } }
---
apiVersion: tenure/v1
kind: Approval
metadata: { name: at-once, owner: it }
spec: { auto: "true", steps: [{ ask: bosses }] }
---
apiVersion: tenure/v1
kind: Workflow
metadata: { name: once, owner: it }
spec:
  triggers: [{ demand: true }, { event: request.approved }]
  lane: own
  steps:
    - { id: ask, use: approval/ask, with: { approval: at-once, title: "Again?" }, ends: [approved, denied, timeout] }
---
apiVersion: tenure/v1
kind: Workflow
metadata: { name: elsewhere, owner: it }
spec:
  trigger: { event: request.approved, source: ask-for-more }
  steps:
    - { id: noted, use: core/set, with: { how: never } }
---
apiVersion: tenure/v1
kind: Workflow
metadata: { name: stop, owner: it }
spec:
  trigger: { event: risk.raised, when: 'input.body.level != "low"' }
  lane: own
  cancelOn: [risk.cleared]
  steps:
    - { id: lock, use: accounts/suspend }
    - { id: wait, use: core/wait-until, with: { for: 30d }, after: lock }
"#;

impl Somebody {
    async fn runs_of(&self, workflow: &str) -> Vec<RunRow> {
        let cx = self.stepped.cx();
        let rows = tenure_app::runs::list::list(&cx, RunFilter::default(), None, 100).await.unwrap();
        rows.into_iter().filter(|row| row.name == workflow).collect()
    }

    async fn decide(&self, word: &str) {
        let bo = self.stepped.worker("bo");
        let open = async || list::list(&bo, Wanted::default(), None, 10).await.unwrap();
        self.holds("nobody is asked", async || !open().await.is_empty()).await;
        let task = open().await.remove(0);
        close(&bo, task.id, Some(word.parse().unwrap()), Some("so it is".to_owned())).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_for_an_approved_request_begins_once_it_is_approved_and_not_before() {
    let scene = Somebody::new(ESTATE).await;
    let first = scene.start("ask-for-lab").await;
    scene.decide("denied").await;
    assert_eq!(scene.ended(first).await, RunStatus::Done);
    scene.holds("nobody hears of a no", async || scene.runs_of("no-lab").await.len() == 1).await;
    let no = scene.runs_of("no-lab").await.remove(0);
    assert_eq!(scene.ended(no.id).await, RunStatus::Done);
    let shown = show::show(&scene.stepped.cx(), no.id).await.unwrap();
    assert_eq!(shown.state.input["body"]["run"], json!(first));
    assert_eq!(scene.runs_of("lab").await.len(), 0);

    let second = scene.start("ask-for-lab").await;
    scene.decide("approved").await;
    assert_eq!(scene.ended(second).await, RunStatus::Done);
    scene.holds("they do not get it", async || scene.groups() == ["lab", "staff"]).await;
    assert_eq!((scene.runs_of("lab").await.len(), scene.runs_of("no-lab").await.len()), (1, 1));
    assert_eq!(scene.runs_of("once").await.len(), 1, "whoever waits for any answer hears of this one");
    assert_eq!(scene.runs_of("elsewhere").await.len(), 0, "another request is not this one");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_for_risk_begins_at_once_where_it_is_high_and_ends_when_it_is_over() {
    let scene = Somebody::new(ESTATE).await;
    let tell = async |id: &str, kind: &str, said: serde_json::Value| {
        let mut person = said;
        person["employeeId"] = "E1".into();
        scene.stepped.tell(json!({ "id": id, "type": kind, "person": person })).await
    };
    let mut begun = Vec::new();
    for (id, level) in [("r1", "low"), ("r2", "medium"), ("r3", "high")] {
        let told = tell(id, "risk.raised", json!({ "level": level, "reason": "a leaked password" })).await.unwrap();
        assert_eq!(told.runs.len(), usize::from(level != "low"), "{level}");
        begun.extend(told.runs);
    }
    scene
        .holds("they can still sign in", async || {
            let account = scene.stepped.directory.account("e1");
            account.is_some_and(|seen| !seen.state.may_be_usable())
        })
        .await;
    let runs = scene.runs_of("stop").await;
    let urgency = |run: &RunId| runs.iter().find(|row| row.id == *run).map(|row| row.urgency);
    let urgencies: Vec<_> = begun.iter().map(urgency).collect();
    assert_eq!(urgencies, [Some(Urgency::Normal), Some(Urgency::Urgent)]);
    tell("r4", "risk.cleared", json!({})).await.unwrap();
    scene
        .holds("the run goes on", async || {
            scene.runs_of("stop").await.iter().any(|row| row.status == RunStatus::Cancelled)
        })
        .await;
    for bad in [json!({}), json!({ "level": "huge" }), json!({ "level": 3 })] {
        let refused = tell("r5", "risk.raised", bad).await.unwrap_err();
        assert!(format!("{refused:?}").contains("/person/level"), "{refused}");
    }
    // What a source says of risk is nothing that is known of the person.
    let story = tenure_app::people::story::story(&scene.stepped.cx(), "E1".to_owned(), None, None).await.unwrap();
    assert_eq!(story.person.text("level"), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_workflow_does_not_begin_by_the_answer_to_what_it_asked_for_itself() {
    let scene = Somebody::new(ESTATE).await;
    let run = scene.start("once").await;
    assert_eq!(scene.ended(run).await, RunStatus::Done);
    let shown = show::show(&scene.stepped.cx(), run).await.unwrap();
    assert!(shown.state.nodes.contains_key("told-ask"), "nobody was told: {:?}", shown.state.nodes);
    assert_eq!(scene.runs_of("once").await.len(), 1, "it asks for ever");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn access_that_was_approved_is_told_as_approved_once_it_is_there() {
    let scene = Somebody::new(ESTATE).await;
    let run = scene.start("give-lab").await;
    scene.decide("approved").await;
    assert_eq!(scene.ended(run).await, RunStatus::Done);
    assert_eq!(scene.groups(), ["lab", "staff"]);
    scene.holds("nobody hears of it", async || scene.runs_of("given").await.len() == 1).await;
    assert_eq!(scene.runs_of("not-given").await.len(), 0, "a yes is told as a no");
}
