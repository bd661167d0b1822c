//! Questions that nobody needs an answer to any more: each is taken back from whoever had it, with the
//! reason, while the run that asked goes on.

use jiff::SignedDuration;
use serde_json::json;
use tenure_app::notices::{self, deliver::deliver};
use tenure_app::runs::show;
use tenure_app::runs::tell::{Telling, tell};
use tenure_app::tasks::close::close;
use tenure_app::tasks::list::{self, Wanted};
use tenure_app::tasks::tend::tend;
use tenure_engine::journal::RunStatus;
use tenure_flow::Node;
use tenure_model::{Assignee, HumanTask, RunId};

use crate::somebody::Somebody;

const ESTATE: &str = r"apiVersion: tenure/v1
kind: Team
metadata: { name: one }
spec: { members: [a] }
---
apiVersion: tenure/v1
kind: Team
metadata: { name: two }
spec: { members: [b] }
---
apiVersion: tenure/v1
kind: Team
metadata: { name: three }
spec: { members: [c] }
---
apiVersion: tenure/v1
kind: Approval
metadata: { name: any }
spec: { steps: [{ ask: [one, two] }] }
---
apiVersion: tenure/v1
kind: Approval
metadata: { name: two-of-three }
spec: { steps: [{ ask: [one, two, three], need: { quorum: 2 } }] }
---
apiVersion: tenure/v1
kind: Approval
metadata: { name: late }
spec: { steps: [{ ask: one, within: 2h, else: two }] }
---
apiVersion: tenure/v1
kind: Approval
metadata: { name: all-late }
spec: { steps: [{ ask: [one, two], need: all, within: 2h }] }
---
apiVersion: tenure/v1
kind: Channel
metadata: { name: post }
spec: { via: mail, config: { server: mail.example.com, from: tenure@example.com } }
---
apiVersion: tenure/v1
kind: Notice
metadata: { name: asked, owner: it }
spec:
  on: task.opened
  channel: post
  to: [desk@example.org]
  message: { subject: Tenure asks, text: Look at it. }
---
apiVersion: tenure/v1
kind: Workflow
metadata: { name: ask, owner: it }
spec:
  trigger: { demand: true }
  inputs: { by: { type: text, default: any } }
  steps:
    - { id: any, use: approval/ask, when: 'input.by == `any`', with: { title: May they, approval: any }, ends: [timeout] }
    - { id: quorum, use: approval/ask, when: 'input.by == `quorum`', with: { title: May they, approval: two-of-three }, ends: [timeout] }
    - { id: late, use: approval/ask, when: 'input.by == `late`', with: { title: May they, approval: late } }
    - { id: all-late, use: approval/ask, when: 'input.by == `all-late`', with: { title: May they, approval: all-late } }
    - { id: task, use: human/task, when: 'input.by == `task`', timeout: 2h, with: { title: Do it, for: one } }
    - { id: keep, use: core/wait-until, with: { for: 30d }, after: [any.approved, any.denied, quorum.approved, quorum.denied, late.approved, late.denied, late.timeout, all-late.approved, all-late.denied, all-late.timeout, task.done, task.refused, task.timeout] }
";

struct Scene {
    somebody: Somebody,
    run: RunId,
}

impl Scene {
    /// Somebody is asked for, in one of the ways.
    async fn of(by: &str) -> Self {
        let somebody = Somebody::new(&ESTATE.replace('`', "\"")).await;
        let run = somebody.start_with("ask", json!({ "by": by })).await;
        Self { somebody, run }
    }

    async fn tasks(&self) -> Vec<HumanTask> {
        list::list(&self.somebody.stepped.cx(), Wanted { closed: true, mine: false }, None, 20).await.unwrap()
    }

    /// What a team is asked, once it is.
    async fn of_team(&self, team: &str) -> HumanTask {
        let whom = Assignee::Team(team.parse().unwrap());
        let there = async || self.tasks().await.iter().any(|task| task.assignee == whom);
        self.somebody.holds("nobody asks the team", there).await;
        self.tasks().await.into_iter().find(|task| task.assignee == whom).unwrap()
    }

    async fn says(&self, who: &str, team: &str, word: &str) {
        let task = self.of_team(team).await;
        let comment = Some("as I see it".to_owned());
        close(&self.somebody.stepped.worker(who), task.id, Some(word.parse().unwrap()), comment).await.unwrap();
    }

    /// Why the question to a team was taken back; it was, while the run goes on.
    async fn why(&self, team: &str) -> String {
        let over = async || self.of_team(team).await.state.end().is_some();
        self.somebody.holds("the question stays open", over).await;
        let cx = self.somebody.stepped.cx();
        assert!(!show::show(&cx, self.run).await.unwrap().row.status.is_closed(), "the run is over");
        let task = self.of_team(team).await;
        let end = task.state.end().unwrap();
        assert_eq!(end.outcome, None, "somebody answered: {end:?}");
        end.comment.clone().unwrap()
    }

    async fn outcome(&self, step: &str) -> String {
        let cx = self.somebody.stepped.cx();
        let node = async || show::show(&cx, self.run).await.unwrap().state.nodes.get(step).cloned();
        let done = async || matches!(node().await, Some(Node::Done { .. }));
        self.somebody.holds("the step does not end", done).await;
        match node().await {
            Some(Node::Done { outcome, .. }) => outcome,
            other => panic!("{other:?}"),
        }
    }

    fn later(&self, hours: i64) {
        let now = self.somebody.stepped.house.clock.now();
        self.somebody.stepped.at(now.checked_add(SignedDuration::from_hours(hours)).unwrap());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_one_word_is_enough_the_other_is_not_asked_any_more() {
    let scene = Scene::of("any").await;
    scene.of_team("two").await;
    scene.says("a", "one", "approved").await;
    assert_eq!(scene.why("two").await, "it was decided without this answer");
    assert_eq!(scene.outcome("any").await, "approved");
    let late = scene.of_team("two").await.id;
    let refused = close(&scene.somebody.stepped.worker("b"), late, None, None).await;
    assert!(refused.is_err(), "an answer is taken that nobody reads");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_quorum_that_is_reached_or_cannot_be_asks_nobody_any_more() {
    for (word, ends) in [("approved", "approved"), ("denied", "denied")] {
        let scene = Scene::of("quorum").await;
        scene.of_team("three").await;
        scene.says("a", "one", word).await;
        assert!(scene.of_team("three").await.state.end().is_none(), "one of three decided");
        scene.says("b", "two", word).await;
        assert_eq!(scene.why("three").await, "it was decided without this answer");
        assert_eq!(scene.outcome("quorum").await, ends);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_did_not_answer_in_time_is_not_asked_any_more() {
    let scene = Scene::of("late").await;
    scene.of_team("one").await;
    scene.later(3);
    assert_eq!(scene.why("one").await, "the time for it is over");
    scene.says("b", "two", "approved").await;
    assert_eq!(scene.outcome("late").await, "approved");

    let scene = Scene::of("all-late").await;
    scene.of_team("one").await;
    scene.of_team("two").await;
    scene.later(3);
    scene.why("one").await;
    scene.why("two").await;
    assert_eq!(scene.outcome("all-late").await, "denied");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_that_is_given_up_after_its_time_is_taken_back() {
    let scene = Scene::of("task").await;
    scene.of_team("one").await;
    scene.later(3);
    assert_eq!(scene.why("one").await, "the time for it is over");
    assert_eq!(scene.outcome("task").await, "timeout");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_operator_goes_on_without_is_not_asked_any_more() {
    let scene = Scene::of("task").await;
    scene.of_team("one").await;
    let skip = Telling::Skip { node: "task".to_owned(), outcome: "done".to_owned(), reason: "seen".to_owned() };
    tell(&scene.somebody.stepped.cx(), scene.run, skip).await.unwrap();
    let why = scene.why("one").await;
    assert!(why.ends_with(" went on without it: seen"), "{why}");
    assert_eq!(scene.outcome("task").await, "done");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_is_stopped_asks_nobody_any_more() {
    let scene = Scene::of("quorum").await;
    for team in ["one", "two", "three"] {
        scene.of_team(team).await;
    }
    let stop = Telling::Cancel { reason: "a mistake".to_owned(), undo: false };
    tell(&scene.somebody.stepped.cx(), scene.run, stop).await.unwrap();
    assert_eq!(scene.somebody.ended(scene.run).await, RunStatus::Cancelled);
    tend(&scene.somebody.stepped.house).await.unwrap();
    for team in ["one", "two", "three"] {
        let task = scene.of_team(team).await;
        let end = task.state.end().expect("a question of a run that is over stays open");
        assert_eq!((&end.outcome, end.comment.is_some()), (&None, true));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn words_about_what_is_over_do_not_go_out() {
    let waiting = async |scene: &Scene| {
        deliver(&scene.somebody.stepped.house, "post").await.unwrap();
        let left = notices::list::list(&scene.somebody.stepped.cx(), None, None, 20).await.unwrap();
        left.iter().filter(|one| one.row.notice.channel == "post").count()
    };
    let scene = Scene::of("task").await;
    scene.of_team("one").await;
    assert_eq!(waiting(&scene).await, 1, "what is open is not told");

    let scene = Scene::of("any").await;
    scene.of_team("two").await;
    scene.says("a", "one", "approved").await;
    scene.why("two").await;
    assert_eq!(waiting(&scene).await, 0, "somebody is told of what is over");
}
