//! A rehearsal says what a run then does, for 200 people who are all otherwise, and the systems hear
//! no write of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::civil::date;
use serde_json::json;
use tenure_app::events::accept::accept;
use tenure_app::tasks::close::close;
use tenure_app::{Cx, runs, tasks};
use tenure_connect::fake::FakeTarget;
use tenure_connect::{AnyConnector, Artifact};
use tenure_engine::journal::{RunRow, RunStatus};
use tenure_engine::sim::chance::Chance;
use tenure_model::{
    Account, AccountState, Actor, Assignee, Attributes, ConnectionName, Engagement, EventKind, IdentityKind, Name,
    NativeId, Person, PersonId, PersonKey, Value, Zone, new_id,
};
use tenure_server::house::rehearse::{Rehearsal, Rehearse, Would, rehearse};
use tenure_server::house::{open, settings};
use tenure_store::runs::{Pulse, RunFilter, pulse};
use tenure_store::{StoreError, accounts, engagements, people};
use tenure_testkit::company::Company;
use tenure_testkit::databases::Database;
use tenure_testkit::faulty::FaultyLine;
use tenure_testkit::scim::{ScimKind, ScimServer};
use tenure_testkit::stepped::{Stepped, Workflows};

const GROUPS: [&str; 4] = ["staff", "finance", "project", "wiki"];
const WORKFLOWS: [&str; 4] = ["joiner", "move-in", "move-out", "refused"];

const OURS: &str = r#"apiVersion: tenure/v1
kind: Workflow
metadata: { name: move-in }
spec:
  trigger: { demand: true }
  steps:
    - { id: access, use: access/ensure, with: { by: "team:facilities" }, ends: [denied] }
    - { id: title, use: accounts/update, with: { systems: [ldap], set: { title: Engineer, description: "{{ person.department }}" } }, after: access.done }
    - { id: reply, use: mailbox/auto-reply, with: { system: ldap, message: "{{ person.department }} is new to me" }, after: title }
    - { id: project, use: groups/add, with: { groups: [project] }, after: reply }
    - { id: desk, use: human/task, with: { title: "a desk for {{ person.displayName }}", for: "team:facilities" }, after: project, ends: [refused] }
    - { id: while, use: core/wait-until, with: { for: 3d }, after: desk.done }
    - { id: leave, use: groups/remove, with: { groups: [wiki], systems: [git] }, after: while }
    - { id: prove, use: evidence/seal, after: leave }
---
apiVersion: tenure/v1
kind: Workflow
metadata: { name: move-out }
spec:
  trigger: { demand: true }
  steps:
    - { id: lock, use: accounts/disable }
    - { id: sessions, use: signin/end-sessions, after: lock }
    - { id: groups, use: groups/remove-all, with: { keep: [staff] }, after: sessions }
    - { id: agree, use: approval/ask, with: { title: "unlock {{ person.displayName }}?", by: "team:facilities" }, after: groups, ends: [denied] }
    - { id: unlock, use: accounts/enable, with: { systems: [git] }, after: agree.approved }
---
apiVersion: tenure/v1
kind: Workflow
metadata: { name: refused }
spec:
  trigger: { demand: true }
  steps:
    - { id: wiki, use: groups/add, with: { groups: [wiki] } }
    - { id: title, use: accounts/update, with: { set: { title: Guest } }, after: wiki }
    - { id: hold, use: mailbox/hold, with: { system: git }, after: title }
    - { id: agree, use: approval/ask, with: { title: "keep?", by: "team:facilities" }, after: hold, ends: [approved] }
    - { id: back, use: core/fail, with: { reason: "not agreed", undo: true }, after: agree.denied }
"#;

fn documents() -> Vec<(&'static str, String)> {
    let groups: String = GROUPS.map(|group| format!("    group/{group}: group-{group}\n")).concat();
    let target = |name: &str| {
        format!(
            "apiVersion: tenure/v1\nkind: Connection\nmetadata: {{ name: {name} }}\nspec:\n  connector: memory\n  \
             direction: target\n  config: {{}}\n  account:\n    match: employeeNumber\n    set:\n      employeeNumber: \
             person.employeeId\n      uid: lower(person.employeeId)\n      displayName: person.displayName\n  \
             entitlements:\n{groups}"
        )
    };
    let role = |name: &str, when: &str, system: &str, group: &str| {
        format!(
            "apiVersion: tenure/v1\nkind: Role\nmetadata: {{ name: {name}, owner: it }}\nspec:\n  birthright: {{ when: \
             '{when}' }}\n  grants:\n    - {{ connection: {system}, entitlement: group/{group} }}\n"
        )
    };
    let roles = [
        role("staff", r#"person.kind == "employee""#, "ldap", "staff"),
        role("finance", r#"person.department == "Finance""#, "ldap", "finance"),
        role("lab", r#"person.department == "Lab""#, "git", "project"),
    ];
    let team = "apiVersion: tenure/v1\nkind: Team\nmetadata: { name: facilities }\nspec: { members: [fay] }\n";
    vec![
        ("connections/ldap.yaml", target("ldap")),
        ("connections/git.yaml", target("git")),
        ("roles/all.yaml", roles.join("---\n")),
        ("teams/all.yaml", team.to_owned()),
        ("workflows/ours.yaml", OURS.to_owned()),
    ]
}

struct Scene {
    stepped: Stepped,
    fakes: BTreeMap<ConnectionName, FakeTarget>,
    people: Vec<PersonId>,
}

impl Scene {
    async fn new(count: usize, random: &mut Chance) -> Self {
        let now = "2026-11-20T09:00:00Z".parse().unwrap();
        let mut git = None;
        let (database, documents) = (Database::sqlite(), documents());
        let stepped = Stepped::with(&database, &documents, now, Workflows::Shipped, |clock| {
            let fake = FakeTarget::new(clock).with_groups(GROUPS);
            git = Some(fake.clone());
            [("git".parse().unwrap(), Arc::new(fake) as Arc<dyn AnyConnector>)].into()
        });
        let stepped = stepped.await.unwrap();
        let ldap = (*stepped.directory).clone().with_groups(GROUPS);
        let fakes = [("ldap".parse().unwrap(), ldap), ("git".parse().unwrap(), git.unwrap())].into();
        let mut scene = Self { stepped: stepped.run(), fakes, people: Vec::new() };
        for number in 0..count {
            scene.hire(number, random).await;
        }
        scene
    }

    /// Somebody in some department, with an account here or there that holds this or that.
    async fn hire(&mut self, number: usize, random: &mut Chance) {
        let house = &self.stepped.house;
        let (id, key): (PersonId, _) = (new_id(house.ids.as_ref()), format!("E{number}"));
        let department = ["Finance", "Lab", "Sales"][random.below(3)];
        let attributes: Attributes =
            [("employeeId", key.as_str()), ("department", department), ("displayName", key.as_str())]
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value.into()))
                .collect();
        let kind = IdentityKind::Employee;
        let person = Person {
            id,
            kind,
            display_name: key.clone(),
            attributes,
            sponsor: None,
            version: 1,
            since: house.clock.now(),
        };
        let engagement = Engagement {
            id: new_id(house.ids.as_ref()),
            person: id,
            kind,
            source: "hr".parse().unwrap(),
            key: key.clone(),
            spell: 1,
            zone: Zone::utc(),
            first_day: date(2026, 1, 5),
            last_day: None,
            leaves: Vec::new(),
            handover: None,
            primary: false,
            rescinded: false,
            cut_at: None,
            version: 1,
        };
        let mut held = Vec::new();
        for (connection, fake) in &self.fakes {
            if random.below(3) == 0 {
                continue;
            }
            let holds: BTreeSet<NativeId> = GROUPS
                .iter()
                .filter(|_| random.below(2) == 0)
                .map(|group| NativeId::new(format!("group-{group}")))
                .collect();
            let uid = key.to_lowercase();
            let title = if random.below(2) == 0 { "Engineer" } else { "Clerk" };
            let attributes: Attributes = [
                ("uid", uid.as_str()),
                ("employeeNumber", key.as_str()),
                ("displayName", key.as_str()),
                ("title", title),
            ]
            .into_iter()
            .map(|(name, value)| (name.to_owned(), Value::from(value)))
            .collect();
            let fake = fake.clone().with_holder(attributes, holds);
            let fake = if random.below(2) == 0 { fake.with_artifact(&uid, Artifact::Session, &uid) } else { fake };
            let seen = fake.account(&uid).unwrap();
            held.push(Account {
                id: new_id(house.ids.as_ref()),
                connection: connection.clone(),
                person: Some(id),
                native_id: seen.native_id,
                name: seen.name,
                state: AccountState::Active,
                holds: seen.holds,
                seen_at: Some(seen.at),
                version: 1,
            });
        }
        let job = house.store.write(move |tx| {
            Box::pin(async move {
                people::insert(tx, &person).await?;
                engagements::insert(tx, &engagement).await?;
                for account in &held {
                    accounts::upsert(tx, account).await?;
                }
                Ok(())
            })
        });
        job.await.map_err(|error: StoreError| error).unwrap();
        self.people.push(id);
    }

    fn writes(&self) -> u64 {
        self.fakes.values().map(FakeTarget::writes).sum()
    }

    async fn rehearse(&self, number: usize, workflow: &str) -> Rehearsal {
        let answers = (workflow == "refused").then(|| ("agree".to_owned(), "denied".parse().unwrap()));
        let asked = Rehearse { answers: answers.into_iter().collect(), ..Rehearse::default() };
        let (name, person) = (workflow.parse().unwrap(), self.people[number].to_string());
        rehearse(&self.stepped.cx(), name, person, asked).await.unwrap()
    }

    /// Runs it for real until nothing happens any more, and says what was written and how it ended.
    async fn run(&self, number: usize, workflow: &str) -> (Vec<String>, RunStatus) {
        let before: Vec<usize> = self.fakes.values().map(|fake| fake.effects().len()).collect();
        let (cx, person) = (self.stepped.cx(), self.people[number]);
        let input = json!({ "person": person });
        let run = runs::start::start(&cx, workflow.parse().unwrap(), Some(person.to_string()), input).await.unwrap();
        for _ in 0..100 {
            let now = self.rest().await;
            if self.answer(workflow).await {
                continue;
            }
            let row = runs::show::show(&cx, run).await.unwrap().row;
            match now.next_due.filter(|_| !row.status.is_closed() && row.status != RunStatus::Blocked) {
                Some(due) => self.stepped.at(due),
                // On a machine that is busy the engine may still be at it.
                None if matches!(row.status, RunStatus::Running | RunStatus::Compensating) => {}
                None => break,
            }
        }
        let status = runs::show::show(&cx, run).await.unwrap().row.status;
        let mut written = Vec::new();
        for ((name, fake), before) in self.fakes.iter().zip(before) {
            let account = fake.account(&format!("e{number}"));
            let native = account.and_then(|seen| seen.native_id).map(|id| id.to_string()).unwrap_or_default();
            let effects = fake.effects().into_iter().skip(before);
            written.extend(effects.map(|effect| format!("{name}: {}", told(&effect.what, &native))));
        }
        written.sort();
        (written, status)
    }

    async fn rest(&self) -> Pulse {
        let (mut quiet, mut last) = (0, None);
        for _ in 0..5_000 {
            let job = self.stepped.house.store.read(|tx| Box::pin(pulse(tx)));
            let now = job.await.map_err(|error: StoreError| error).unwrap();
            let idle = now.letters == 0 && now.running == 0 && last.as_ref() == Some(&now);
            quiet = if idle { quiet + 1 } else { 0 };
            if quiet >= 4 {
                return now;
            }
            last = Some(now);
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
        panic!("it does not come to rest: {last:?}");
    }

    async fn answer(&self, workflow: &str) -> bool {
        let open = tasks::list::list(&self.stepped.cx(), tasks::list::Wanted::default(), None, 10).await.unwrap();
        for task in &open {
            assert_eq!(task.assignee, Assignee::Team("facilities".parse().unwrap()));
            let outcome: Option<Name> = (workflow == "refused").then(|| "denied".parse().unwrap());
            close(&self.stepped.worker("fay"), task.id, outcome, Some("so it is".to_owned())).await.unwrap();
        }
        !open.is_empty()
    }
}

/// The same words whatever the system calls the account.
fn told(what: &str, native: &str) -> String {
    let words = what.split(' ').map(|word| if word == native || word.starts_with("rehearsed-") { "it" } else { word });
    words.collect::<Vec<_>>().join(" ")
}

fn predicted(scene: &Scene, number: usize, came: &Rehearsal) -> Vec<String> {
    let mut all = Vec::new();
    for heard in &came.would {
        if let Would::Write { connection, what, .. } = &heard.would {
            let account = scene.fakes[connection].account(&format!("e{number}"));
            let native = account.and_then(|seen| seen.native_id).map(|id| id.to_string()).unwrap_or_default();
            all.push(format!("{connection}: {}", told(what, &native)));
        }
    }
    all.sort();
    all
}

async fn hold(count: usize) {
    let mut random = Chance::new(11);
    let scene = Scene::new(count, &mut random).await;
    let mut came = Vec::new();
    for number in 0..count {
        let workflow = WORKFLOWS[random.below(WORKFLOWS.len())];
        let rehearsed = scene.rehearse(number, workflow).await;
        came.push((workflow, predicted(&scene, number, &rehearsed), rehearsed.status, rehearsed));
    }
    assert_eq!(scene.writes(), 0, "a rehearsal wrote");
    let job = scene
        .stepped
        .house
        .store
        .read(|tx| Box::pin(async move { tenure_store::runs::list(tx, &RunFilter::default(), None, 9).await }));
    let rows: Vec<RunRow> = job.await.map_err(|error: StoreError| error).unwrap();
    assert_eq!(rows, [], "a rehearsal left a run");
    let (mut writes, mut asked) = (0, 0);
    for (number, (workflow, predicted, status, rehearsed)) in came.into_iter().enumerate() {
        let (written, ended) = scene.run(number, workflow).await;
        assert_eq!((&written, ended), (&predicted, status), "{workflow} for E{number}: {rehearsed:#?}");
        writes += written.len();
        asked += rehearsed.would.iter().filter(|heard| matches!(heard.would, Would::Ask { .. })).count();
    }
    assert!(writes > count && asked > count / 4, "{writes} writes and {asked} questions are no test");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_rehearsed_is_what_is_done() {
    hold(12).await;
}

mod slow {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_was_rehearsed_for_200_people_is_what_is_done() {
        hold(200).await;
    }
}

#[tokio::test]
async fn a_real_service_hears_nothing_but_reads() {
    let server = ScimServer::start(ScimKind::Scim2Server).await;
    let line = FaultyLine::to(server.port()).await;
    let company = Company::with_scim("sqlite", &server);
    let document = company.path("estate/connections/target.yaml");
    let text = std::fs::read_to_string(&document).unwrap().replace(&server.url(), &line.url(server.path()));
    std::fs::write(&document, text).unwrap();
    let opened = open(&settings(Some(&company.config()), None).unwrap()).await.unwrap();
    let cx = Cx::new(Arc::clone(&opened.house), Actor::system("test"));
    let said =
        [("givenName", "Ada"), ("familyName", "Lovelace"), ("email", "ada@example.org"), ("department", "Finance")];
    let attributes = said.into_iter().map(|(name, value)| (name.to_owned(), Value::from(value))).collect();
    let first_day = date(2024, 3, 1);
    let started =
        EventKind::EmploymentStarted { kind: IdentityKind::Employee, first_day, zone: Zone::utc(), attributes };
    let key = PersonKey { attribute: "employeeId".into(), value: "E1".into() };
    accept(&cx, "hr".parse().unwrap(), "1".into(), key, started).await.unwrap();
    let came = rehearse(&cx, "joiner".parse().unwrap(), "E1".into(), Rehearse::default()).await.unwrap();
    assert_eq!(came.status, RunStatus::Done, "{came:?}");
    let verbs: Vec<&str> = came
        .would
        .iter()
        .filter_map(|heard| match &heard.would {
            Would::Write { verb, .. } => Some(verb.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(verbs, ["create", "grant", "grant"]);
    let heard = line.forwarded();
    assert_eq!(heard.keys().collect::<Vec<_>>(), ["GET"], "{heard:?}");
}
