//! Access that somebody must say yes to: what is done is what they were shown, and never more.

use tenure_app::runs::show;
use tenure_app::runs::undo::look;
use tenure_app::tasks::close::close;
use tenure_app::tasks::list::{self, Wanted};
use tenure_engine::journal::RunStatus;
use tenure_model::{HumanTask, RunId};

use crate::somebody::Somebody;

const ESTATE: &str = r#"apiVersion: tenure/v1
kind: Team
metadata: { name: bosses }
spec: { members: [bo, cy] }
---
apiVersion: tenure/v1
kind: Workflow
metadata: { name: visitor, owner: it }
spec:
  trigger: { demand: true }
  lane: own
  steps:
    - { id: lend, use: access/grant, with: { system: ldap, entitlement: group/lab } }
    - { id: give, use: access/ensure, with: { by: bosses, instructions: "Look closely." }, after: lend, ends: [denied] }
---
apiVersion: tenure/v1
kind: Workflow
metadata: { name: wiki, owner: it }
spec:
  trigger: { demand: true }
  lane: own
  steps:
    - { id: lend, use: access/grant, with: { system: ldap, entitlement: group/wiki } }
---
apiVersion: tenure/v1
kind: Workflow
metadata: { name: now, owner: it }
spec:
  trigger: { demand: true }
  lane: own
  steps:
    - { id: so, use: access/ensure }
---
apiVersion: tenure/v1
kind: Workflow
metadata: { name: week, owner: it }
spec:
  trigger: { demand: true }
  lane: own
  steps:
    - { id: lend, use: access/grant, with: { system: ldap, entitlement: group/lab, for: 7d } }
    - { id: give, use: access/ensure, with: { by: bosses }, after: lend, ends: [denied] }
---
apiVersion: tenure/v1
kind: Workflow
metadata: { name: calm, owner: it }
spec:
  trigger: { demand: true }
  lane: own
  steps:
    - { id: so, use: access/ensure, with: { by: bosses }, ends: [denied] }
"#;

impl Somebody {
    /// How a step of a run ended; nothing if it did not.
    async fn node(&self, run: RunId, node: &str) -> String {
        let shown = show::show(&self.stepped.cx(), run).await.unwrap();
        match shown.state.nodes.get(node) {
            Some(tenure_flow::Node::Done { outcome, .. }) => outcome.clone(),
            _ => String::new(),
        }
    }

    /// What the bosses are asked, once they are.
    async fn asked(&self) -> HumanTask {
        let bo = self.stepped.worker("bo");
        let open = async || list::list(&bo, Wanted::default(), None, 10).await.unwrap();
        self.holds("nobody is asked", async || open().await.len() == 1).await;
        open().await.remove(0)
    }

    async fn says(&self, task: &HumanTask, word: &str) {
        let comment = Some("as I see it".to_owned());
        close(&self.stepped.worker("bo"), task.id, Some(word.parse().unwrap()), comment).await.unwrap();
    }
}

/// The lines of what is asked that say what would change.
fn lines(task: &HumanTask) -> Vec<&str> {
    task.instructions.lines().filter(|line| line.starts_with("- ")).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_somebody_said_yes_to_is_done_and_what_was_added_is_asked_for_again() {
    let scene = Somebody::new(ESTATE).await;
    let run = scene.start("visitor").await;
    let first = scene.asked().await;
    assert!(first.instructions.starts_with("Look closely.\n- ldap: gives group/lab to "), "{}", first.instructions);
    assert!(first.title.contains("E1"), "{}", first.title);
    assert_eq!(lines(&first).len(), 1);

    let more = scene.start("wiki").await;
    assert_eq!(scene.ended(more).await, RunStatus::Done);
    scene.says(&first, "approved").await;
    let second = scene.asked().await;
    assert_ne!(first.id, second.id);
    assert_eq!((lines(&second).len(), scene.groups()), (2, vec!["staff".to_owned()]), "{}", second.instructions);
    scene.says(&second, "approved").await;
    assert_eq!(scene.ended(run).await, RunStatus::Done);
    assert_eq!(scene.groups(), ["lab", "staff", "wiki"]);
    let said = look(&scene.stepped.cx(), run).await.unwrap();
    let left: Vec<&str> = said.back.left.iter().map(|left| left.node.as_str()).collect();
    assert_eq!(left, ["settle-give"], "what policy gave is said to be put back by hand");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_held_for_longer_is_asked_for_and_where_nothing_is_new_nobody_is() {
    let scene = Somebody::new(ESTATE).await;
    let run = scene.start("week").await;
    let asked = scene.asked().await;
    assert!(lines(&asked)[0].contains("gives group/lab until 2026-11-09 "), "{}", asked.instructions);
    scene.says(&asked, "approved").await;
    assert_eq!(scene.ended(run).await, RunStatus::Done);
    assert_eq!(scene.groups(), ["lab", "staff"]);

    let run = scene.start("visitor").await;
    let asked = scene.asked().await;
    assert!(lines(&asked)[0].starts_with("- ldap: lets group/lab be held ("), "{}", asked.instructions);
    scene.says(&asked, "approved").await;
    assert_eq!(scene.ended(run).await, RunStatus::Done);

    let calm = scene.start("calm").await;
    assert_eq!(scene.ended(calm).await, RunStatus::Done);
    assert_eq!(scene.node(calm, "align-so").await, "nothing", "what a plan keeps without a change is not kept");
    assert_ne!(scene.node(calm, "again-so").await, "", "no timer is set");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_no_changes_nothing_and_what_became_less_needs_no_second_word() {
    let scene = Somebody::new(ESTATE).await;
    let run = scene.start("visitor").await;
    scene.says(&scene.asked().await, "denied").await;
    assert_eq!(scene.ended(run).await, RunStatus::Done);
    assert_ne!(scene.node(run, "again-give").await, "", "who gets nothing has no dates to come");
    assert_eq!(scene.groups(), ["staff"]);

    let more = scene.start("wiki").await;
    assert_eq!(scene.ended(more).await, RunStatus::Done);
    let run = scene.start("visitor").await;
    let asked = scene.asked().await;
    assert_eq!(lines(&asked).len(), 2, "{}", asked.instructions);
    let other = scene.start("now").await;
    assert_eq!(scene.ended(other).await, RunStatus::Done);
    scene.says(&asked, "approved").await;
    assert_eq!(scene.ended(run).await, RunStatus::Done);
    assert_eq!(scene.groups(), ["lab", "staff", "wiki"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_came_to_be_while_a_run_was_under_way_is_for_the_next_one() {
    let scene = Somebody::new(ESTATE).await;
    let lent = scene.start("wiki").await;
    assert_eq!(scene.ended(lent).await, RunStatus::Done);
    scene.stepped.directory.pause();
    let run = scene.start("now").await;
    let cx = scene.stepped.cx();
    let writes = async || show::show(&cx, run).await.is_ok_and(|shown| shown.state.nodes.contains_key("changes-so"));
    scene.holds("it does not plan", writes).await;
    // Somebody is lent the lab, and asked about it, while the other run is at the directory.
    let week = scene.start("week").await;
    scene.holds("nothing is lent", async || scene.node(week, "lend").await == "done").await;
    scene.stepped.directory.resume();
    assert_eq!(scene.ended(run).await, RunStatus::Done, "it waits for what it never planned");
    scene.holds("nobody comes to it", async || scene.groups() == ["lab", "staff", "wiki"]).await;
}
