//! What somebody holds, looked at by others: what is not to be kept is gone when the review is over,
//! what a rule gives stays, and of each thing the ledger says what was decided.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};
use tenure_app::brakes;
use tenure_app::brakes::decide::{Said, decide};
use tenure_app::cx::Cx;
use tenure_app::error::AppError;
use tenure_app::reviews::{self, Questions, Things};
use tenure_app::runs::tell::{Telling, tell};
use tenure_app::runs::{show, undo};
use tenure_app::tasks::close::{Answer, answer};
use tenure_app::tasks::list::{self, Wanted};
use tenure_app::tasks::tend::tend;
use tenure_connect::{Change, Locator, Write};
use tenure_engine::journal::RunStatus;
use tenure_flow::Node;
use tenure_model::{Actor, ActorKind, HumanTask, NativeId, Role, RunId, TaskKind, new_id};
use tenure_store::StoreError;
use tenure_testkit::act;

use crate::somebody::Somebody;

const ESTATE: &str = r"apiVersion: tenure/v1
kind: Team
metadata: { name: bosses }
spec: { members: [bo, cy, E1] }
---
apiVersion: tenure/v1
kind: Team
metadata: { name: board }
spec: { members: [di] }
---
apiVersion: tenure/v1
kind: Workflow
metadata: { name: wiki, owner: it }
spec:
  trigger: { demand: true }
  lane: own
  steps:
    - { id: lend, use: access/grant, with: { system: ldap, entitlement: group/wiki } }
    - { id: so, use: access/ensure, after: lend }
---
apiVersion: tenure/v1
kind: Workflow
metadata: { name: review, owner: it }
spec:
  trigger: { demand: true }
  steps:
    - { id: look, use: review/start, with: { by: bosses, byRule: true }, ends: [kept] }
    - { id: told, use: core/set, with: { of: { $: /steps/look/output } }, after: look.changed }
---
apiVersion: tenure/v1
kind: Workflow
metadata: { name: silent, owner: it }
spec:
  trigger: { demand: true }
  steps:
    - { id: look, use: review/start, with: { by: bosses, within: 7d, escalate: board, noAnswer: remove }, ends: [kept, changed] }
---
apiVersion: tenure/v1
kind: Workflow
metadata: { name: handed-on, owner: it }
spec:
  trigger: { demand: true }
  steps:
    - { id: look, use: review/start, with: { by: bosses, within: 7d, escalate: board }, ends: [kept, changed] }
---
apiVersion: tenure/v1
kind: Workflow
metadata: { name: mild, owner: it }
spec:
  trigger: { demand: true }
  steps:
    - { id: look, use: review/start, with: { by: bosses, within: 7d, noAnswer: keep, systems: [ldap] }, ends: [kept, changed] }
---
apiVersion: tenure/v1
kind: Workflow
metadata: { name: elsewhere, owner: it }
spec:
  trigger: { demand: true }
  steps:
    - { id: look, use: review/start, with: { by: bosses, systems: [hr] }, ends: [kept, changed] }
---
apiVersion: tenure/v1
kind: Workflow
metadata: { name: heard, owner: it }
spec:
  trigger: { demand: true }
  steps:
    - { id: gone, use: lifecycle/wait-for, with: { event: access.lost }, ends: [came] }
";

impl Somebody {
    /// What a team is asked, once it is.
    async fn asks(&self, who: &str) -> HumanTask {
        let cx = self.stepped.worker(who);
        let open = async || list::list(&cx, Wanted::default(), None, 10).await.unwrap();
        self.holds("nobody is asked", async || open().await.len() == 1).await;
        open().await.remove(0)
    }

    async fn answers(&self, who: &str, task: &HumanTask, word: &str, chosen: &[&str]) -> Result<HumanTask, AppError> {
        let chosen = chosen.iter().map(|name| (*name).to_owned()).collect();
        let answer_is = Answer { outcome: word.parse().ok(), comment: Some("as I see it".to_owned()), chosen };
        answer(&self.stepped.worker(who), task.id, answer_is).await
    }

    /// A review ends once it looks and all that was taken away is gone.
    async fn is_over(&self, run: RunId) {
        let cx = self.stepped.cx();
        let is_over = async || {
            self.stepped.at(self.stepped.house.clock.now().checked_add(SignedDuration::from_secs(31)).unwrap());
            show::show(&cx, run).await.is_ok_and(|shown| shown.row.status.is_closed())
        };
        self.holds("the review goes on", is_over).await;
        assert_eq!(self.ended(run).await, RunStatus::Done);
    }

    async fn said(&self, run: RunId, step: &str) -> (String, Json) {
        match show::show(&self.stepped.cx(), run).await.unwrap().state.nodes.get(step) {
            Some(Node::Done { outcome, output }) => (outcome.clone(), output.clone()),
            other => panic!("{other:?}"),
        }
    }

    /// Somebody else puts them into the lab, and what the directory says is read.
    async fn slipped_into_the_lab(&self) {
        let into = Write::Grant { entitlement: NativeId::new("group-group-lab"), name: "lab".to_owned() };
        let change = Change::new(Locator::attribute("uid", "e1"), into);
        act::done(self.stepped.directory.as_ref(), &change).await;
        let run = self.start("wiki").await;
        assert_eq!(self.ended(run).await, RunStatus::Done);
        assert_eq!(self.groups(), ["lab", "staff", "wiki"]);
    }

    /// What the ledger says of each thing, in the order of its name.
    async fn decided(&self) -> Vec<(String, String)> {
        let job = self.stepped.house.store.read(|tx| {
            Box::pin(async move {
                let rows = tx.query("SELECT body FROM ledger_outbox ORDER BY id", &[]).await?;
                rows.iter().map(|row| row.of("ledger_outbox").string("body")).collect::<Result<Vec<_>, StoreError>>()
            })
        });
        let mut found: Vec<(String, String)> = job
            .await
            .unwrap()
            .iter()
            .map(|body| serde_json::from_str::<Json>(body).unwrap())
            .filter(|entry| entry["type"] == "review.decided")
            .map(|entry| {
                (
                    entry["detail"]["entitlement"]["word"].as_str().unwrap().to_owned(),
                    entry["decision"].as_str().unwrap().to_owned(),
                )
            })
            .collect();
        found.sort();
        found
    }
}

fn named(task: &HumanTask) -> Vec<(&str, &str)> {
    task.choices.iter().map(|choice| (choice.name.as_str(), choice.says.split([',', ';']).next().unwrap())).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_to_be_kept_is_gone_when_a_review_is_over_and_what_a_rule_gives_stays() {
    let scene = Somebody::new(ESTATE).await;
    scene.slipped_into_the_lab().await;
    let waits = scene.start("heard").await;
    let run = scene.start("review").await;
    let task = scene.asks("bo").await;
    assert_eq!(task.kind, TaskKind::Review);
    assert!(task.title.contains("E1"), "{}", task.title);
    let seen = [
        ("ldap group/lab", "nobody decided this"),
        ("ldap group/staff", "role staff gives it by rule"),
        ("ldap group/wiki", "asked for"),
    ];
    assert_eq!(named(&task), seen);
    for (word, chosen) in [
        ("keep", vec!["ldap group/lab"]),
        ("change", vec![]),
        ("change", vec!["ldap group/other"]),
        ("removed", vec!["ldap group/lab"]),
    ] {
        let refused = scene.answers("bo", &task, word, &chosen).await.unwrap_err();
        assert!(matches!(refused, AppError::Invalid { .. }), "{word} {chosen:?}: {refused}");
    }
    let own = scene.answers("E1", &task, "keep", &[]).await.unwrap_err();
    assert!(!matches!(own, AppError::Invalid { .. }), "they look at what they hold themselves: {own}");
    let all = ["ldap group/wiki", "ldap group/staff", "ldap group/lab", "ldap group/lab"];
    let ended = scene.answers("bo", &task, "change", &all).await.unwrap();
    assert_eq!(ended.state.end().unwrap().chosen, ["ldap group/lab", "ldap group/staff", "ldap group/wiki"]);
    scene.is_over(run).await;
    assert_eq!(scene.groups(), ["staff"]);
    let (outcome, told) = scene.said(run, "told").await;
    assert_eq!((outcome.as_str(), &told["of"]["by"], &told["of"]["kept"]), ("done", &json!("bo"), &json!(0)));
    assert_eq!(told["of"]["taken"], json!(["ldap group/lab", "ldap group/wiki"]));
    assert_eq!(told["of"]["objected"], json!(["ldap group/staff"]));
    assert_eq!(scene.ended(waits).await, RunStatus::Done, "whoever waits for lost access hears of it");
    let decided = [("group/lab", "removed"), ("group/staff", "objected"), ("group/wiki", "removed")];
    let decided = decided.map(|(what, word)| (what.to_owned(), word.to_owned()));
    assert_eq!(scene.decided().await, decided);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_review_took_away_is_put_back_by_taking_it_back() {
    let scene = Somebody::new(ESTATE).await;
    scene.slipped_into_the_lab().await;
    let run = scene.start("review").await;
    let task = scene.asks("cy").await;
    scene.answers("cy", &task, "change", &["ldap group/lab"]).await.unwrap();
    scene.is_over(run).await;
    assert_eq!(scene.groups(), ["staff", "wiki"], "what was not chosen is kept");
    let words: Vec<String> = scene.decided().await.into_iter().map(|(_, word)| word).collect();
    assert_eq!(words, ["removed", "kept", "kept"]);
    let second = scene.start("handed-on").await;
    let task = scene.asks("cy").await;
    scene.stepped.directory.pause();
    scene.answers("cy", &task, "change", &["ldap group/wiki"]).await.unwrap();
    let cx = scene.stepped.cx();
    let says = "waits until `ldap group/wiki` is gone";
    let waits = async || show::show(&cx, second).await.unwrap().waits.iter().any(|wait| wait.reason == says);
    scene.holds("it does not wait for what is still there", waits).await;
    scene.stepped.directory.resume();
    scene.is_over(second).await;
    assert_eq!(scene.groups(), ["staff"]);
    let back = undo::undo(&scene.stepped.cx(), second, "they need it".to_owned()).await.unwrap();
    assert_eq!(scene.ended(back).await, RunStatus::Done);
    scene.holds("it is not back", async || scene.groups() == ["staff", "wiki"]).await;
    let back = undo::undo(&scene.stepped.cx(), run, "they need it".to_owned()).await.unwrap();
    assert_eq!(scene.ended(back).await, RunStatus::Done);
    scene.holds("not all of it is back", async || scene.groups() == ["lab", "staff", "wiki"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_nobody_answers_is_handed_on_and_then_comes_to_what_was_said() {
    let scene = Somebody::new(ESTATE).await;
    scene.slipped_into_the_lab().await;
    let days = |days: i64| {
        let start: Timestamp = "2026-11-02T09:00:00Z".parse().unwrap();
        scene.stepped.at(start.checked_add(SignedDuration::from_hours(24 * days + 1)).unwrap());
    };
    let (silent, mild, elsewhere) =
        (scene.start("silent").await, scene.start("mild").await, scene.start("elsewhere").await);
    assert_eq!(scene.ended(elsewhere).await, RunStatus::Done, "somebody is asked about nothing");
    let bo = scene.stepped.worker("bo");
    let both = async || list::list(&bo, Wanted::default(), None, 10).await.unwrap().len() == 2;
    scene.holds("the bosses are not asked twice", both).await;
    let asked = list::list(&bo, Wanted::default(), None, 10).await.unwrap();
    days(8);
    assert_eq!(scene.ended(mild).await, RunStatus::Done);
    assert_eq!(scene.said(mild, "look").await.0, "kept");
    let handed_on = scene.asks("di").await;
    assert_eq!(named(&handed_on), [("ldap group/lab", "nobody decided this"), ("ldap group/wiki", "asked for")]);
    assert_eq!(scene.groups(), ["lab", "staff", "wiki"]);
    for late in &asked {
        assert!(scene.answers("bo", late, "keep", &[]).await.is_err(), "an answer is taken that nobody reads");
    }
    days(16);
    scene.is_over(silent).await;
    assert_eq!(scene.groups(), ["staff"]);
    let (outcome, output) = scene.said(silent, "look").await;
    assert_eq!((outcome.as_str(), &output["by"]), ("changed", &Json::Null));
    let words: Vec<String> = scene.decided().await.into_iter().map(|(_, word)| word).collect();
    assert_eq!(words, ["kept-unanswered", "removed-unanswered", "kept-unanswered", "removed-unanswered"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_they_got_again_after_the_question_they_keep() {
    let scene = Somebody::new(ESTATE).await;
    scene.slipped_into_the_lab().await;
    let run = scene.start("review").await;
    let task = scene.asks("bo").await;
    let again = scene.start("wiki").await;
    assert_eq!(scene.ended(again).await, RunStatus::Done);
    scene.answers("bo", &task, "change", &["ldap group/lab", "ldap group/wiki"]).await.unwrap();
    scene.is_over(run).await;
    assert_eq!(scene.groups(), ["staff", "wiki"]);
    let words: Vec<String> = scene.decided().await.into_iter().map(|(_, word)| word).collect();
    assert_eq!(words, ["removed", "kept", "overtaken"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_question_that_is_passed_over_takes_nothing_away() {
    let scene = Somebody::new(ESTATE).await;
    scene.slipped_into_the_lab().await;
    let run = scene.start("silent").await;
    scene.asks("bo").await;
    let skip =
        Telling::Skip { node: "ask-look".to_owned(), outcome: "change".to_owned(), reason: "no time".to_owned() };
    tell(&scene.stepped.cx(), run, skip).await.unwrap();
    let cx = scene.stepped.cx();
    let stands = async || show::show(&cx, run).await.unwrap().waits.iter().any(|wait| wait.needs_help);
    scene.holds("it goes on", stands).await;
    assert_eq!(scene.groups(), ["lab", "staff", "wiki"]);
}

const LAST_ADMIN: &str = r"---
apiVersion: tenure/v1
kind: Brake
metadata: { name: house-rules, owner: it }
spec:
  administers: [{ connection: ldap, entitlement: group/lab }]
";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_nobody_decided_passes_the_brakes_as_all_removals_do() {
    let scene = Somebody::new(&format!("{ESTATE}{LAST_ADMIN}")).await;
    scene.slipped_into_the_lab().await;
    let run = scene.start("review").await;
    let task = scene.asks("bo").await;
    scene.answers("bo", &task, "change", &["ldap group/lab", "ldap group/wiki"]).await.unwrap();
    let cx = scene.stepped.cx();
    let held = async || brakes::list::list(&cx, None, None, 10).await.unwrap();
    scene.is_over(run).await;
    assert_eq!(scene.groups(), ["lab", "staff"], "the last administrator is gone");
    let words: Vec<String> = scene.decided().await.into_iter().map(|(_, word)| word).collect();
    assert_eq!(words, ["withheld", "kept", "removed"]);
    assert_eq!(held().await.len(), 1);
    for name in ["olga", "oscar"] {
        let set = held().await.remove(0);
        let said = Said { yes: true, size: set.size.removals, reason: "another one is there".to_owned() };
        let kind =
            ActorKind::Caller { token: new_id(scene.stepped.house.ids.as_ref()), roles: [Role::Operator].into() };
        let operator = Cx::new(scene.stepped.house.clone(), Actor { name: name.to_owned(), kind });
        decide(&operator, set.set.id, said).await.unwrap();
    }
    // What was let go may be taken away by the next one.
    let next = scene.start("review").await;
    let task = scene.asks("bo").await;
    scene.answers("bo", &task, "change", &["ldap group/lab"]).await.unwrap();
    scene.is_over(next).await;
    assert_eq!(scene.groups(), ["staff"]);
}

/// What is counted of the campaign of a workflow.
async fn campaign(scene: &Somebody, workflow: &str) -> reviews::Campaign {
    reviews::show::show(&scene.stepped.cx(), workflow.parse().unwrap(), None).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_campaign_says_how_far_it_is_and_what_became_of_what_was_asked_about() {
    let scene = Somebody::new(ESTATE).await;
    scene.slipped_into_the_lab().await;
    let days = |days: i64| {
        let start: Timestamp = "2026-11-02T09:00:00Z".parse().unwrap();
        scene.stepped.at(start.checked_add(SignedDuration::from_hours(24 * days + 1)).unwrap());
    };
    let run = scene.start("handed-on").await;
    scene.asks("bo").await;
    let seen = campaign(&scene, "handed-on").await;
    assert_eq!((seen.people, seen.since, seen.more), (1, None, false));
    assert_eq!(seen.runs, [(RunStatus::Waiting, 1)].into());
    assert_eq!(seen.questions, Questions { asked: 1, open: 1, ..Questions::default() });
    assert_eq!(seen.things, Some(Things { shown: 2, undecided: 2, ..Things::default() }));
    days(6);
    tend(&scene.stepped.house).await.unwrap();
    let seen = campaign(&scene, "handed-on").await;
    assert_eq!(seen.questions, Questions { asked: 1, open: 1, reminded: 1, ..Questions::default() });

    days(8);
    let task = scene.asks("di").await;
    let seen = campaign(&scene, "handed-on").await;
    assert_eq!(seen.questions, Questions { asked: 2, open: 1, unanswered: 1, ..Questions::default() });
    let whom: Vec<(&str, i64, i64)> =
        seen.reviewers.iter().map(|one| (one.whom.as_str(), one.questions.open, one.questions.unanswered)).collect();
    assert_eq!(whom, [("team:board", 1, 0), ("team:bosses", 0, 1)]);

    scene.stepped.directory.pause();
    scene.answers("di", &task, "change", &["ldap group/lab"]).await.unwrap();
    let going = async || campaign(&scene, "handed-on").await.things.unwrap().going == 1;
    scene.holds("what is to go is not counted", going).await;
    scene.stepped.directory.resume();
    scene.is_over(run).await;
    let seen = campaign(&scene, "handed-on").await;
    assert_eq!(seen.things, Some(Things { shown: 2, kept: 1, gone: 1, ..Things::default() }));
    assert_eq!((seen.questions.decided, seen.questions.open), (1, 0));
    assert_eq!((seen.reviewers[0].kept, seen.reviewers[0].chosen), (1, 1));
    assert!(seen.reviewers[0].last_at.is_some());

    // All campaigns, of which the others have asked nobody.
    let all = reviews::list::list(&scene.stepped.cx(), None, 10).await.unwrap();
    let told: Vec<(&str, i64)> = all.iter().map(|one| (one.workflow.as_str(), one.questions.asked)).collect();
    assert_eq!(told, [("elsewhere", 0), ("handed-on", 2), ("mild", 0), ("review", 0), ("silent", 0)]);
    let since = scene.stepped.house.clock.now().checked_add(SignedDuration::from_hours(1)).unwrap();
    let later = reviews::show::show(&scene.stepped.cx(), "handed-on".parse().unwrap(), Some(since)).await.unwrap();
    assert_eq!((later.people, later.questions.asked), (0, 0), "what began before is counted");
    let none = reviews::show::show(&scene.stepped.cx(), "wiki".parse().unwrap(), None).await;
    assert!(matches!(none, Err(AppError::NotFound { .. })), "{none:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_rule_gives_is_counted_as_objected_to_and_stays() {
    let scene = Somebody::new(ESTATE).await;
    scene.slipped_into_the_lab().await;
    let run = scene.start("review").await;
    let task = scene.asks("bo").await;
    scene.answers("bo", &task, "change", &["ldap group/staff", "ldap group/wiki"]).await.unwrap();
    scene.is_over(run).await;
    let things = campaign(&scene, "review").await.things.unwrap();
    assert_eq!(things, Things { shown: 3, kept: 1, gone: 1, objected: 1, ..Things::default() });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn beside_each_thing_stands_how_many_others_in_the_same_place_hold_it() {
    let scene = Somebody::new(ESTATE).await;
    let tell = async |id: &str, kind: &str, person: Json| {
        let mut body = json!({ "id": id, "type": kind, "person": person });
        if kind == "employment.started" {
            body["firstDay"] = json!("2025-01-01");
        }
        scene.stepped.tell(body).await.unwrap()
    };
    let place = |key: &str, department: &str| json!({ "employeeId": key, "department": department, "manager": "E8" });
    tell("c1", "person.changed", place("E1", "Finance")).await;
    let mut ids = BTreeMap::new();
    for (key, department) in [("E2", "finance "), ("E3", "Finance"), ("E4", "Sales"), ("E5", "Finance")] {
        let told = tell(key, "employment.started", place(key, department)).await;
        ids.insert(key, told.person.unwrap());
        let name = key.to_lowercase();
        scene.holds("nobody came", async || scene.stepped.directory.account(&name).is_some()).await;
    }
    // Who has left is nobody to compare with.
    let gone = json!({ "id": "e5-end", "type": "employment.ended", "lastDay": "2026-10-01", "urgent": true, "person": { "employeeId": "E5" } });
    scene.stepped.tell(gone).await.unwrap();
    for key in ["E2", "E4"] {
        let run = scene.start_for("wiki", json!({ "person": ids[key] })).await;
        assert_eq!(scene.ended(run).await, RunStatus::Done);
    }
    scene.slipped_into_the_lab().await;
    scene.start("review").await;
    let task = scene.asks("bo").await;
    let says = |name: &str| task.choices.iter().find(|choice| choice.name == name).unwrap().says.clone();
    let others = |hold: [usize; 2]| {
        format!("held by {} of 2 others in the same department, {} of 3 others with the same manager", hold[0], hold[1])
    };
    for (name, hold) in [("ldap group/wiki", [1, 2]), ("ldap group/lab", [0, 0]), ("ldap group/staff", [2, 3])] {
        assert!(says(name).ends_with(&others(hold)), "{}", says(name));
    }
}
