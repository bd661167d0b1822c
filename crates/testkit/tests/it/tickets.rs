//! Tasks that are tickets too, by a whole house on each database and a real Roundup: opened once,
//! followed until somebody there ends them, closed when nobody needs them, and never believed
//! further than they go.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value as Json, json};
use tenure_app::Cx;
use tenure_app::events::accept::accept;
use tenure_app::runs::start::start;
use tenure_app::runs::tell::{Telling, tell};
use tenure_app::tasks::close::close;
use tenure_app::tasks::show::{Shown, show};
use tenure_app::tasks::{claim, list, reassign};
use tenure_engine::journal::RunStatus;
use tenure_model::{
    Actor, ActorKind, Attributes, EventKind, IdentityKind, PersonKey, Role, RunId, TaskId, TaskKind, TicketState,
    new_id,
};
use tenure_server::house::{Opened, Working, open, settings};
use tenure_store::{StoreError, accounts, attestations, runs};
use tenure_testkit::apps::App;
use tenure_testkit::company::Company;
use tenure_testkit::databases;
use tenure_testkit::faulty::{Fault, FaultyLine};

const DOCUMENTS: &str = r#"apiVersion: tenure/v1
kind: Connection
metadata: { name: desk }
spec:
  connector: rest
  direction: target
  config: { pack: roundup, url: "URL", settings: { user: tenure }, secrets: { password: { secret: "file:SECRET" } } }
---
apiVersion: tenure/v1
kind: Team
metadata: { name: facilities, title: Front desk }
spec: { members: [bob], tickets: desk }
---
apiVersion: tenure/v1
kind: Team
metadata: { name: night, title: Night shift }
spec: { members: [carol] }
---
apiVersion: tenure/v1
kind: Connection
metadata: { name: badges }
spec:
  connector: manual
  direction: target
  config:
    system: Badges
    for: team:facilities
    LOOK
    identify: employeeId
    entitlements: [{ id: floor-1, name: First floor }]
    instructions: "Badges are in the safe. {{ change }}."
  account: { match: employeeId, set: { employeeId: person.employeeId } }
  entitlements: { floor/one: floor-1 }
---
apiVersion: tenure/v1
kind: Role
metadata: { name: first-floor, title: First floor, owner: team-identity }
spec:
  birthright: { when: person.kind == "employee" }
  grants: [{ connection: badges, entitlement: floor/one }]
---
apiVersion: tenure/v1
kind: Workflow
metadata: { name: by-hand }
spec:
  trigger: { demand: true }
  steps:
    - { id: work, use: human/task, with: { title: "carry the desk", for: "team:facilities", due: 8h }, ends: [done, refused] }
---
apiVersion: tenure/v1
kind: Workflow
metadata: { name: agreed }
spec:
  trigger: { demand: true }
  steps:
    - { id: yes, use: human/task, with: { kind: approval, title: "may she in?", for: "team:facilities" }, ends: [approved, rejected] }
"#;

/// A house whose front desk works in Roundup.
struct Scene {
    opened: Opened,
    working: Working,
    cx: Cx,
    roundup: App,
    line: FaultyLine,
    _company: Company,
}

impl Scene {
    async fn new(database: &str, look: &str) -> Self {
        let roundup = App::roundup().await;
        let port = roundup.url().rsplit_once(':').unwrap().1.parse().unwrap();
        let line = FaultyLine::to(port).await;
        let documents = DOCUMENTS.replace("URL", &line.url("")).replace("LOOK", look);
        let documents = documents.replace("SECRET", &roundup.file("password").display().to_string());
        let company = Company::with_memory(database, &documents);
        let opened = open(&settings(Some(&company.config()), None).unwrap()).await.unwrap();
        let working = Working::start(&opened, opened.sealer());
        let cx = Cx::new(Arc::clone(&opened.house), Actor::system("test"));
        Self { opened, working, cx, roundup, line, _company: company }
    }

    /// Somebody of these roles, by this name.
    fn who(&self, name: &str, roles: &[Role]) -> Cx {
        let token = new_id(self.opened.house.ids.as_ref());
        let kind = ActorKind::Caller { token, roles: roles.iter().copied().collect() };
        Cx::new(Arc::clone(&self.opened.house), Actor { name: name.to_owned(), kind })
    }

    async fn begin(&self, workflow: &str) -> RunId {
        start(&self.cx, workflow.parse().unwrap(), None, json!({})).await.unwrap()
    }

    async fn tasks(&self) -> Vec<TaskId> {
        let wanted = list::Wanted { mine: false, closed: false };
        let owner = self.who("owner", &[Role::Owner, Role::Operator]);
        list::list(&owner, wanted, None, 50).await.unwrap().into_iter().map(|task| task.id).collect()
    }

    async fn shown(&self, task: TaskId) -> Shown {
        show(&self.who("owner", &[Role::Owner, Role::Operator]), task).await.unwrap()
    }

    /// The only open task, once there is one of which this is so.
    async fn task(&self, what: &str, so: impl Fn(&Shown) -> bool) -> Shown {
        let mut last = None;
        for round in 0..1_500 {
            self.look_now(round).await;
            if let [task] = self.tasks().await.as_slice() {
                let shown = self.shown(*task).await;
                if so(&shown) {
                    return shown;
                }
                last = Some(shown);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("{what}: {last:#?}");
    }

    /// The same for one that is known, whether it is open or not.
    async fn until(&self, task: TaskId, what: &str, so: impl Fn(&Shown) -> bool) -> Shown {
        let mut last = None;
        for round in 0..1_500 {
            self.look_now(round).await;
            let shown = self.shown(task).await;
            if so(&shown) {
                return shown;
            }
            last = Some(shown);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("{what}: {last:#?}");
    }

    /// A task whose ticket is open, with the id of the ticket.
    async fn ticketed(&self) -> (Shown, String) {
        let shown = self
            .task("no ticket was opened", |shown| shown.tickets.iter().any(|ticket| ticket.state == TicketState::Open));
        let shown = shown.await;
        let id = shown.tickets[0].native_id.as_ref().unwrap().to_string();
        (shown, id)
    }

    /// Now and then lets every ticket that is open be looked at now, instead of in half a minute.
    async fn look_now(&self, round: u32) {
        if !round.is_multiple_of(20) {
            return;
        }
        let sql = "UPDATE task_ticket SET due_at = 0 WHERE state = 'open'";
        let job = self.opened.house.store.write(move |tx| Box::pin(async move { tx.execute(sql, &[]).await }));
        job.await.map_err(|error: StoreError| error).unwrap();
    }

    async fn is_over(&self, wanted: &[RunId]) -> bool {
        let mut over = true;
        for run in wanted.iter().copied() {
            let job = self.opened.house.store.read(move |tx| Box::pin(async move { runs::get(tx, run).await }));
            // None as long as the engine has not begun it.
            let status = job.await.map_err(|error: StoreError| error).unwrap().map(|row| row.status);
            assert!(!matches!(status, Some(RunStatus::Failed | RunStatus::Cancelled)), "{status:?}");
            over &= status == Some(RunStatus::Done);
        }
        over
    }

    async fn issue(&self, id: &str) -> Json {
        let issues = self.roundup.issues("").await;
        issues.into_iter().find(|issue| issue["id"] == id).unwrap_or_else(|| panic!("no issue {id}"))
    }

    async fn until_closed_there(&self, id: &str) {
        for _ in 0..1_500 {
            if self.issue(id).await["status"]["name"] == "resolved" {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("the issue {id} stays open: {}", self.issue(id).await);
    }

    async fn stop(self) {
        self.working.stop(Duration::from_secs(5)).await;
    }
}

async fn each_scene(test: impl AsyncFn(Scene)) {
    for database in databases::each().await {
        test(Scene::new(&database.url, "").await).await;
    }
}

fn ended(shown: &Shown) -> Option<(String, String, Option<String>)> {
    let end = shown.task.state.end()?;
    let outcome = end.outcome.as_ref().map_or("withdrawn", |outcome| outcome.as_str()).to_owned();
    Some((outcome, end.by.clone(), end.via.as_ref().map(ToString::to_string)))
}

fn by_bob(outcome: &str) -> (String, String, Option<String>) {
    (outcome.to_owned(), "bob".to_owned(), Some("desk".to_owned()))
}

mod slow {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_write_by_hand_is_a_ticket_and_goes_on_when_that_is_done() {
        each_scene(async |scene| {
            let key = PersonKey { attribute: "employeeId".into(), value: "E7".into() };
            let began = EventKind::EmploymentStarted {
                kind: IdentityKind::Employee,
                first_day: "2024-03-01".parse().unwrap(),
                zone: "UTC".parse().unwrap(),
                // The directory of the company wants a name of everybody.
                attributes: [
                    ("employeeId", "E7"),
                    ("givenName", "Ada"),
                    ("familyName", "Lovelace"),
                    ("email", "a@x.org"),
                ]
                .map(|(name, value)| (name.to_owned(), value.into()))
                .into(),
            };
            let told = accept(&scene.cx, "hr".parse().unwrap(), "joins-7".into(), key, began).await.unwrap();
            // The badge, and then the first floor on it; what else is asked must be answered too.
            let mut issues = 0;
            while !scene.is_over(&told.runs).await {
                if scene.tasks().await.is_empty() {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    continue;
                }
                issues += 1;
                let (shown, id) = scene.ticketed().await;
                let ticket = &shown.tickets[0];
                assert_eq!(ticket.link.as_deref(), Some(scene.line.url(&format!("/issue{id}")).as_str()));
                assert_eq!((ticket.seen.as_deref(), &ticket.key), (Some("unread"), &shown.task.id.to_string()));
                let issue = scene.issue(&id).await;
                assert!(issue["title"].as_str().unwrap().contains(&format!("[{}]", ticket.key)), "{issue}");
                scene.roundup.change_issue("bob", &id, Some("it is done, number 7"), "resolved").await;
                let shown = scene.until(shown.task.id, "the task goes on", |shown| ended(shown).is_some()).await;
                assert_eq!(ended(&shown), Some(by_bob("done")));
                let end = shown.task.state.end().unwrap();
                assert_eq!(end.comment.as_deref(), Some("it is done, number 7"));
                assert_eq!(shown.tickets[0].state, TicketState::Over);
            }
            let (person, badges) = (told.person.unwrap(), "badges".parse().unwrap());
            let job = scene.opened.house.store.read(move |tx| {
                Box::pin(async move {
                    let accounts = accounts::of_person(tx, person).await?;
                    Ok((accounts, attestations::of_connection(tx, &badges, 10).await?))
                })
            });
            let (accounts, attested) = job.await.map_err(|error: StoreError| error).unwrap();
            assert!(accounts.iter().any(|account| account.connection.as_str() == "badges"), "{accounts:?}");
            let who: Vec<&str> = attested.iter().map(|one| one.by.as_str()).collect();
            assert!(!who.is_empty() && who.iter().all(|who| *who == "bob, says desk"), "whose word is it? {who:?}");
            assert_eq!(
                (attested.len(), scene.roundup.issues("").await.len()),
                (issues, issues),
                "tickets were opened twice"
            );
            scene.stop().await;
        })
        .await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_lost_answer_and_a_tracker_that_is_down_open_no_second_ticket() {
        each_scene(async |mut scene| {
            scene.line.order("POST", "/rest/data/issue", Fault::Lost);
            scene.begin("by-hand").await;
            let (shown, id) = scene.ticketed().await;
            assert_eq!(scene.line.injected().values().sum::<u64>(), 1, "no answer was lost");
            assert_eq!(scene.roundup.issues("").await.len(), 1, "a lost answer opened another ticket");
            scene.roundup.change_issue("bob", &id, None, "resolved").await;
            scene.until(shown.task.id, "the task goes on", |shown| ended(shown).is_some()).await;

            scene.roundup.roundup_goes_down();
            scene.begin("by-hand").await;
            let stuck = scene.task("nobody says what is in the way", |shown| {
                shown.tickets.iter().any(|ticket| ticket.note.is_some())
            });
            assert_eq!(stuck.await.tickets[0].state, TicketState::Wanted);
            scene.roundup.roundup_comes_back().await;
            let (shown, _) = scene.ticketed().await;
            assert_eq!(shown.tickets[0].note, None);
            assert_eq!(scene.roundup.issues("").await.len(), 2);
            scene.stop().await;
        })
        .await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_ends_here_is_told_and_closed_there() {
        each_scene(async |scene| {
            let operator = scene.who("olga", &[Role::Operator]);
            let run = scene.begin("by-hand").await;
            let (withdrawn, id) = scene.ticketed().await;
            let stop = Telling::Cancel { reason: "she left".into(), undo: false };
            tell(&operator, run, stop).await.unwrap();
            scene.until_closed_there(&id).await;
            assert_eq!(scene.issue(&id).await["messages"].as_array().unwrap().len(), 2, "nobody was told why");
            let gone =
                scene.until(withdrawn.task.id, "it is over", |shown| shown.tickets[0].state == TicketState::Over);
            assert_eq!(ended(&gone.await).unwrap().0, "withdrawn");

            scene.begin("by-hand").await;
            let (shown, id) = scene.ticketed().await;
            close(&operator, shown.task.id, None, None).await.unwrap();
            scene.until_closed_there(&id).await;

            scene.begin("by-hand").await;
            let (shown, id) = scene.ticketed().await;
            let to = "team:night".parse().unwrap();
            reassign::reassign(&operator, shown.task.id, to, "he is ill".into()).await.unwrap();
            scene.until_closed_there(&id).await;
            let back = "team:facilities".parse().unwrap();
            reassign::reassign(&operator, shown.task.id, back, "he is back".into()).await.unwrap();
            let again = scene.until(shown.task.id, "no second ticket", |shown| {
                shown.tickets.len() == 2 && shown.tickets[1].state == TicketState::Open
            });
            let again = again.await;
            assert_ne!(again.tickets[1].native_id.as_ref().unwrap().as_str(), id, "what we closed is taken for open");
            assert_eq!(ended(&again), None, "what we closed ourselves was taken for done");
            scene.stop().await;
        })
        .await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_is_refused_there_is_refused_here() {
        each_scene(async |scene| {
            for (words, said) in [(Some("no desk fits"), "no desk fits"), (None, "`rejected` in `desk`")] {
                scene.begin("by-hand").await;
                let (shown, id) = scene.ticketed().await;
                scene.roundup.change_issue("bob", &id, words, "rejected").await;
                let shown = scene.until(shown.task.id, "it goes on", |shown| ended(shown).is_some()).await;
                assert_eq!(ended(&shown), Some(by_bob("refused")));
                assert_eq!(shown.task.state.end().unwrap().comment.as_deref(), Some(said));
            }
            scene.stop().await;
        })
        .await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_ticket_that_is_gone_or_unclear_or_in_hand_here_ends_nothing() {
        each_scene(async |scene| {
            scene.begin("by-hand").await;
            let (shown, id) = scene.ticketed().await;
            let task = shown.task.id;
            let told = |part: &'static str| {
                move |shown: &Shown| {
                    let noted = shown.tickets[0].note.as_ref().is_some_and(|note| note.contains(part));
                    noted && shown.entries.iter().any(|entry| entry.by == "tickets" && entry.body.contains(part))
                }
            };
            scene.roundup.retire_issue(&id).await;
            let gone = scene.until(task, "nobody is told that it is gone", told("is gone")).await;
            assert_eq!(ended(&gone), None);
            scene.roundup.restore_issue(&id).await;
            scene.roundup.make_status("parked").await;
            scene.roundup.change_issue("bob", &id, None, "parked").await;
            let parked = scene.until(task, "nobody is told what is unclear", told("in the state `parked`")).await;
            assert_eq!(ended(&parked), None);
            let bob = scene.who("bob", &[Role::Worker]);
            claim::claim(&bob, task).await.unwrap();
            scene.roundup.change_issue("admin", &id, None, "resolved").await;
            let held = scene.until(task, "what is in hand was taken away", told("claimed by `bob`")).await;
            assert_eq!(ended(&held), None);
            scene.roundup.change_issue("bob", &id, None, "resolved").await;
            let done = scene.until(task, "it goes on", |shown| ended(shown).is_some()).await;
            assert_eq!(ended(&done), Some(by_bob("done")));
            scene.stop().await;
        })
        .await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn who_must_be_known_is_asked_here_alone() {
        for database in databases::each().await {
            let scene = Scene::new(&database.url, "look: { for: team:facilities }").await;
            scene.begin("agreed").await;
            let asked = scene.task("nobody is asked", |shown| shown.task.kind == TaskKind::Approval).await;
            assert_eq!(asked.tickets, [], "a ticket system is asked for a yes");
            close(&scene.who("bob", &[Role::Worker]), asked.task.id, None, None).await.unwrap();

            let connector = scene.opened.house.connector(&"badges".parse().unwrap()).unwrap();
            let write = tenure_connect::Write::Create { attributes: Attributes::new() };
            let change = tenure_connect::Change::new(tenure_connect::Locator::attribute("employeeId", "E9"), write);
            let operation = tenure_connect::Operation { key: "0123456789abcdef".parse().unwrap(), generation: 1 };
            drop(connector.apply(&change, &operation).await);
            let (work, id) = scene.ticketed().await;
            scene.roundup.change_issue("bob", &id, None, "resolved").await;
            scene.until(work.task.id, "it goes on", |shown| ended(shown).is_some()).await;
            drop(connector.apply(&change, &operation).await);
            let look = scene.task("nobody looks", |shown| shown.task.kind == TaskKind::Look).await;
            assert_eq!(look.tickets, [], "a ticket system is asked whether it is so");
            assert!(look.task.barred.contains("bob"), "who closed the ticket may look whether it is so");
            assert_eq!(scene.roundup.issues("").await.len(), 1);
            scene.stop().await;
        }
    }
}
