//! Taking back what a run did that is over: what it comes to is said first, and what is done is that.

use serde_json::{Value as Json, json};
use tenure_app::AppError;
use tenure_app::runs::undo::{look, undo};
use tenure_engine::journal::RunStatus;
use tenure_model::{RunId, Value};
use tenure_store::runs::RunFilter;

use crate::somebody::Somebody;

const ESTATE: &str = r"apiVersion: tenure/v1
kind: Workflow
metadata: { name: newcomer, owner: it }
spec:
  trigger: { demand: true }
  steps:
    - { id: title, use: accounts/update, with: { set: { title: Newcomer } } }
    - { id: lend, use: access/grant, with: { system: ldap, entitlement: group/project }, after: title }
    - { id: so, use: access/ensure, after: lend }
    - { id: told, use: lifecycle/emit, with: { event: custom.arrived }, after: so }
";

impl Somebody {
    fn title(&self) -> Option<String> {
        let account = self.stepped.directory.account("e1")?;
        account.attributes.get("title").and_then(Value::as_text).map(ToOwned::to_owned)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_run_did_is_put_back_once_and_what_cannot_be_is_named() {
    let scene = Somebody::new(ESTATE).await;
    let (cx, run) = (scene.stepped.cx(), scene.start("newcomer").await);
    assert_eq!(scene.ended(run).await, RunStatus::Done);
    assert_eq!((scene.title(), scene.groups().len()), (Some("Newcomer".to_owned()), 2));

    let said = look(&cx, run).await.unwrap();
    let steps: Vec<&str> = said.back.steps.iter().map(|step| step.node.as_str()).collect();
    let left: Vec<&str> = said.back.left.iter().map(|left| left.node.as_str()).collect();
    assert_eq!((steps, left), (vec!["lend", "title"], vec!["told", "so"]));
    assert_eq!(scene.title().as_deref(), Some("Newcomer"), "a look changed something");

    let silent = undo(&cx, run, " ".to_owned()).await.unwrap_err();
    assert!(matches!(silent, AppError::Invalid { pointer: "/reason", .. }), "{silent}");
    let by = undo(&cx, run, "the wrong person".to_owned()).await.unwrap();
    assert_eq!(scene.ended(by).await, RunStatus::Done);
    scene.holds("it is not as it was", async || scene.title().is_none() && scene.groups() == ["staff"]).await;
    assert_eq!(look(&cx, run).await.unwrap().by, Some(by));
    let again = undo(&cx, run, "the wrong person".to_owned()).await.unwrap_err();
    assert!(again.to_string().contains(&by.to_string()), "{again}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_is_open_or_did_nothing_is_not_taken_back() {
    let scene = Somebody::new(ESTATE).await;
    let cx = scene.stepped.cx();
    scene.stepped.directory.pause();
    let open = scene.start("newcomer").await;
    let error = look(&cx, open).await.unwrap_err();
    assert!(error.to_string().contains("is not over"), "{error}");
    scene.stepped.directory.resume();
    assert_eq!(scene.ended(open).await, RunStatus::Done);
    // The run that made the account did what policy says.
    let first =
        *scene.rows(RunFilter { name: Some("joiner".to_owned()), ..RunFilter::default() }).await.last().unwrap();
    assert_eq!(look(&cx, first).await.unwrap().back.steps, []);
    let error = undo(&cx, first, "by mistake".to_owned()).await.unwrap_err();
    assert!(error.to_string().contains("nothing"), "{error}");
    let unknown: Json = json!("run_01k9h3m5n7p9r1t3v5x7z9b1d3");
    let unknown: RunId = serde_json::from_value(unknown).unwrap();
    assert!(matches!(look(&cx, unknown).await.unwrap_err(), AppError::NotFound { .. }));
}
