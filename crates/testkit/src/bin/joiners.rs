//! `cargo xtask trial joiners [PEOPLE]`: everybody of a feed goes through a joiner of twelve steps
//! while every kind of step goes wrong by chance.
//!
//! The targets are real (slapd, tables of a PostgreSQL, a mail server, a URL), and are counted by their
//! own clients. At the end every run is done, taken back, or waits for a human by name, and nothing
//! happened twice. Steps are tampered with between the engine and themselves, so that what was done
//! and not heard of is among it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use tenure_app::sources::read::{How, read};
use tenure_app::steps::Steps;
use tenure_app::tasks::{close::close, list};
use tenure_app::{Cx, runs};
use tenure_engine::journal::{RunRow, RunStatus};
use tenure_flow::{Node, RunState};
use tenure_model::{Actor, ActorKind, Assignee, Clock as _, Person, Role, RunId, SystemClock, new_id};
use tenure_server::house::{Opened, Working, open, settings};
use tenure_store::runs::RunFilter;
use tenure_store::{StoreError, people};
use tenure_testkit::notices::{MailSink, Tls};
use tenure_testkit::postgresql::Postgresql;
use tenure_testkit::slapd::{BASE_DN, Slapd};
use tenure_testkit::trial::tamper::{Rates, Tally, Tamper};
use tenure_testkit::trial::{self, Trouble, count, until_quiet};
use tenure_testkit::wire::{Peer, Reply};

const PEOPLE_USUAL: usize = 10_000;
const PATIENCE: Duration = Duration::from_hours(2);
/// Departments, each with a group of its own.
const UNITS: usize = 50;
/// One in so many people never comes for the badge.
const REFUSES: usize = 20;
const RATES: Rates = Rates { refused: 30, lost: 30, denied: 2 };
const SEED: u64 = 20;
/// Who gives out badges, and who is asked where a step cannot go on. Where nobody is named, those are
/// whom the settings name: the operators.
const TEAMS: [&str; 2] = ["facilities", "team-identity"];
/// Who is in them. Whoever hands out badges sees nothing of what is stuck.
const MEMBERS: [&str; 2] = ["fay", "ivy"];
const TASKS_AT_ONCE: usize = 200;
const PAGE: usize = 200;

#[tokio::main(worker_threads = 2)]
#[expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line tool talks to a terminal")]
async fn main() -> ExitCode {
    let people = std::env::args().nth(1).and_then(|word| word.parse().ok()).unwrap_or(PEOPLE_USUAL);
    match hold(people).await {
        Ok(report) => {
            println!("{report}");
            ExitCode::SUCCESS
        }
        Err(trouble) => {
            eprintln!("joiners: {trouble}");
            ExitCode::FAILURE
        }
    }
}

/// The twelve steps. Where one cannot go on a team is asked, or what was done is taken back.
fn joiner(url: &str) -> String {
    let step = |id: &str, kind: &str, with: &str, after: &str, then: &str| {
        let after = if after.is_empty() { String::new() } else { format!(", after: {after}") };
        let with = if with.is_empty() { String::new() } else { format!(", with: {with}") };
        format!(
            "    - {{ id: {id}, use: {kind}{with}{after}, onError: {{ retry: 6, backoff: 1s..2s, then: {then} }} }}\n"
        )
    };
    let ask = "ask team-identity";
    let steps = [
        step("look", "person/look", "", "", ask),
        step("access", "access/ensure", "", "look", ask),
        step("title", "accounts/update", "{ systems: [ldap], set: { title: Newcomer } }", "access", "compensate"),
        step("project", "groups/add", "{ systems: [shop], groups: [project] }", "title", "compensate"),
        step("floor", "access/grant", "{ system: shop, entitlement: group/floor, for: 30d }", "project", "compensate"),
        step("so", "access/ensure", "", "floor", ask),
        step(
            "call",
            "http/call",
            &format!("{{ url: \"{url}\", body: {{ who: {{ =: person.employeeId }} }} }}"),
            "so",
            ask,
        ),
        "    - { id: pause, use: core/wait-until, with: { for: 2s }, after: call }\n".to_owned(),
        format!(
            "    - {{ id: badge, use: human/task, with: {{ title: \"badge for {{{{ person.employeeId }}}}\", for: \
             \"team:{}\" }}, after: pause, ends: [refused], onError: {{ retry: 6, backoff: 1s..2s, then: {ask} }} }}\n",
            TEAMS[0]
        ),
        step("welcome", "notify/send", "{ notice: welcome }", "badge.done", ask),
        step("event", "lifecycle/emit", "{ event: custom.arrived }", "welcome", ask),
        step("prove", "evidence/seal", "", "event", ask),
    ];
    let mut text =
        "apiVersion: tenure/v1\nkind: Workflow\nmetadata: { name: joiner, owner: trial }\nspec:\n  breaker: { \
         starts: 1000000, within: 1h }\n  trigger: { event: employment.started }\n  steps:\n"
            .to_owned();
    text.extend(steps);
    text + "---\napiVersion: tenure/v1\nkind: Workflow\nmetadata: { name: arrived, owner: trial }\nspec:\n  breaker: { \
            starts: 1000000, within: 1h }\n  trigger: { event: custom.arrived }\n  lane: own\n  steps:\n    - { id: prove, use: \
            evidence/seal }\n"
}

fn estate(folder: &str, world: &World) -> String {
    let mut text = format!(
        "apiVersion: tenure/v1\nkind: Connection\nmetadata: {{ name: hr, owner: trial }}\nspec:\n  connector: file\n  direction: \
         source\n  authority: [employee]\n  config:\n    from: {{ kind: folder, path: {folder}, files: \"*.csv\" }}\n    format: \
         {{ kind: csv, delimiter: \";\" }}\n    key: id\n---\napiVersion: tenure/v1\nkind: Mapping\nmetadata: {{ name: hr-in, \
         owner: trial }}\nspec:\n  from:\n    connection: hr\n    object: row\n    fields: {{ id: text, first: text, last: text, \
         mail: text, unit: text }}\n  to: person\n  match:\n    - {{ left: row.id, right: person.employeeId }}\n  set:\n    \
         employeeId: row.id\n    givenName: row.first\n    familyName: row.last\n    email: lower(row.mail)\n    department: \
         row.unit\n---\n"
    );
    let template = "  account:\n    match: employeeNumber\n    set:\n      employeeNumber: person.employeeId\n      uid: \
         lower(person.employeeId)\n      cn: person.givenName + \" \" + person.familyName\n      givenName: \
         person.givenName\n      sn: person.familyName\n      mail: person.email\n  entitlements:\n";
    write!(
        text,
        "apiVersion: tenure/v1\nkind: Connection\nmetadata: {{ name: ldap, owner: trial }}\nspec:\n  connector: ldap\n  direction: \
         target\n{}{template}",
        world.directory.config(),
    )
    .unwrap_or_default();
    for unit in 0..UNITS {
        writeln!(text, "    group/unit{unit}: unit{unit}").unwrap_or_default();
    }
    write!(
        text,
        "---\napiVersion: tenure/v1\nkind: Connection\nmetadata: {{ name: shop, owner: trial }}\nspec:\n  connector: sql\n  \
         direction: target\n{}    accounts:\n      table: users\n      id: id\n      name: \
         username\n      attributes: [employee_no, username, email]\n      disable: {{ column: active, disabled: false, enabled: \
         true }}\n    entitlements:\n      table: roles\n      id: id\n      name: name\n      members: {{ table: held, account: \
         user_id, entitlement: role_id }}\n  account:\n    match: employee_no\n    set:\n      employee_no: \
         person.employeeId\n      username: lower(person.employeeId)\n      email: person.email\n  entitlements: {{ \
         group/staff: staff, group/project: project, group/floor: floor }}\n",
        world.tables.config(),
    )
    .unwrap_or_default();
    let role = |name: &str, when: &str, connection: &str, group: &str| {
        format!(
            "---\napiVersion: tenure/v1\nkind: Role\nmetadata: {{ name: {name}, owner: trial }}\nspec:\n  birthright: {{ when: \
             '{when}' }}\n  grants: [{{ connection: {connection}, entitlement: group/{group} }}]\n"
        )
    };
    text += &role("staff", r#"person.kind == "employee""#, "shop", "staff");
    for unit in 0..UNITS {
        let when = format!(r#"person.department == "Unit {unit}""#);
        text += &role(&format!("unit-{unit}"), &when, "ldap", &format!("unit{unit}"));
    }
    text.extend(TEAMS.into_iter().zip(MEMBERS).map(|(team, member)| {
        format!(
            "---\napiVersion: tenure/v1\nkind: Team\nmetadata: {{ name: {team} }}\nspec: {{ members: [{member}] }}\n"
        )
    }));
    text + &format!(
        "---\napiVersion: tenure/v1\nkind: Channel\nmetadata: {{ name: post }}\nspec:\n  via: mail\n  config: {{ server: \"{}\", \
         tls: none, from: tenure@example.org }}\n---\napiVersion: tenure/v1\nkind: Notice\nmetadata: {{ name: welcome }}\nspec:\n  \
         on: workflow.told\n  channel: post\n  to: [\"{{{{ person.email }}}}\"]\n  message: {{ subject: Welcome, text: \
         \"Welcome\" }}\n",
        world.mail.server()
    )
}

/// The connected systems, and a folder for the house.
struct World {
    folder: tempfile::TempDir,
    directory: Slapd,
    tables: Postgresql,
    mail: MailSink,
    hook: Peer,
}

impl World {
    async fn start(people: usize) -> Result<Self, Trouble> {
        let directory = Slapd::start().await;
        for unit in 0..UNITS {
            directory.make_group(&format!("unit{unit}"));
        }
        let tables = Postgresql::start().await;
        // No constraint of the target stands in for us.
        tables.sql(
            "CREATE TABLE users (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, employee_no text, username text, email \
             text, active boolean NOT NULL DEFAULT true); CREATE INDEX ON users (employee_no); CREATE TABLE roles (id text \
             PRIMARY KEY, name text); INSERT INTO roles VALUES ('staff', 'staff'), ('project', 'project'), ('floor', 'floor'); \
             CREATE TABLE held (user_id bigint, role_id text); CREATE INDEX ON held (user_id)",
        );
        let mail = MailSink::start(Tls::None, &[]).await;
        let hook = Peer::start(|_| Reply::new(200, "{}")).await;
        let world = Self { folder: tempfile::tempdir()?, directory, tables, mail, hook };
        world.write(people)?;
        Ok(world)
    }

    fn write(&self, people: usize) -> Result<(), Trouble> {
        let at = |name: &str| self.folder.path().join(name).display().to_string();
        trial::furnish(self.folder.path(), None, "error")?;
        let mut feed = "id;first;last;mail;unit\n".to_owned();
        for person in 0..people {
            writeln!(feed, "E{person};Ada{person};Lovelace;ada{person}@example.org;Unit {}", person % UNITS)?;
        }
        std::fs::write(at("feed/hr.csv"), feed)?;
        std::fs::write(at("estate/all.yaml"), estate(&at("feed"), self))?;
        std::fs::write(at("estate/joiner.yaml"), joiner(&format!("{}/arrived", self.hook.url())))?;
        Ok(())
    }
}

async fn hold(people: usize) -> Result<String, Trouble> {
    let world = World::start(people).await?;
    let opened = open(&settings(Some(&world.folder.path().join("tenure.toml")), None)?).await?;
    let steps = Steps::new(Arc::clone(&opened.house));
    let (tamper, tally) = Tamper::new(steps, RATES, ["lifecycle/trigger", "access/again"], SEED);
    let working = Working::start_with(&opened, opened.sealer(), tamper);
    let clock = SystemClock::new();
    let cx = Cx::new(Arc::clone(&opened.house), Actor::system("trial"));
    read(&cx, &"hr".parse()?, How::Take).await?;
    let mut looks = 0;
    until_quiet(&opened, PATIENCE, async |pulse| {
        looks += 1;
        if looks % 100 == 0 {
            tell(&format!("{} s: {pulse:?}", clock.elapsed().as_secs()));
        }
        // What is tried again, or waits a moment, is not over.
        let soon = opened.house.clock.now() + jiff::SignedDuration::from_secs(60);
        let handed_out = hand_out_badges(&opened).await?;
        Ok(handed_out || looks < 20 || pulse.next_due.is_some_and(|due| due < soon))
    })
    .await?;
    let took = clock.elapsed().saturating_sub(trial::QUIET);
    // Mails go out after their steps, and people are asked some hundred at a time.
    tokio::time::sleep(Duration::from_secs(3 + u64::try_from(people)? / 200)).await;
    let verdict = Verdict::of(&opened, &world, people).await?;
    working.stop(Duration::from_secs(20)).await;
    verdict.told(people, took, &tally)
}

#[expect(clippy::print_stderr, reason = "progress goes beside the report")]
fn tell(line: &str) {
    eprintln!("{line}");
}

/// Fay of the front desk hands out what was asked for, or says that nobody came.
async fn hand_out_badges(opened: &Opened) -> Result<bool, Trouble> {
    let kind = ActorKind::Caller { token: new_id(opened.house.ids.as_ref()), roles: [Role::Worker].into() };
    let fay = Cx::new(Arc::clone(&opened.house), Actor { name: "fay".to_owned(), kind });
    let wanted = list::Wanted { mine: true, closed: false };
    let mut did = false;
    for task in list::list(&fay, wanted, None, TASKS_AT_ONCE).await? {
        if task.assignee != Assignee::Team(TEAMS[0].parse()?) {
            continue;
        }
        let number: usize = task.title.trim_start_matches("badge for E").parse()?;
        let outcome = if number.is_multiple_of(REFUSES) { "refused" } else { "done" };
        close(&fay, task.id, Some(outcome.parse()?), Some("so it is".to_owned())).await?;
        did = true;
    }
    Ok(did)
}

/// How everything ended, and what is wrong with it.
#[derive(Debug, Default)]
struct Verdict {
    done: usize,
    taken_back: usize,
    waiting: BTreeMap<String, usize>,
    repeats: usize,
    wrong: Vec<String>,
}

/// What the targets hold, by person.
struct Seen {
    ldap: BTreeMap<String, Vec<String>>,
    shop: BTreeMap<String, Vec<String>>,
    calls: BTreeMap<String, BTreeSet<String>>,
    mails: BTreeMap<String, usize>,
    tasks: BTreeMap<String, usize>,
    arrived: BTreeMap<String, usize>,
    repeats: usize,
}

impl Verdict {
    async fn of(opened: &Opened, world: &World, people: usize) -> Result<Self, Trouble> {
        let runs = states(opened, "joiner").await?;
        let keys = keys(opened).await?;
        let asking = asking(opened).await?;
        let seen = Seen::look(opened, world, &keys).await?;
        let mut verdict = Self { repeats: seen.repeats, ..Self::default() };
        if runs.len() != people {
            verdict.wrong.push(format!("{} runs for {people} people", runs.len()));
        }
        for (row, state) in &runs {
            match keys.get(&person_of(state)) {
                Some(key) => verdict.run(row, state, (key, asking.get(&row.id)), &seen),
                None => verdict.wrong.push(format!("{} is for nobody", row.id)),
            }
        }
        Ok(verdict)
    }

    fn run(&mut self, row: &RunRow, state: &RunState, (key, asks): (&str, Option<&String>), seen: &Seen) {
        let mut complain = |what: String| self.wrong.push(format!("{key} ({}): {what}", row.id));
        match row.status {
            RunStatus::Done => self.done += 1,
            RunStatus::Failed | RunStatus::Cancelled => self.taken_back += 1,
            status => match asks {
                Some(whom) => *self.waiting.entry(whom.clone()).or_default() += 1,
                None => complain(format!("stands as {status:?}, and nobody is asked: {}", row.note)),
            },
        }
        let ended =
            |step: &str| matches!(state.nodes.get(step), Some(Node::Done { outcome, .. }) if outcome != "skipped");
        let once = |step: &str, found: usize| if ended(step) { found == 1 } else { found <= 1 };
        let count = |map: &BTreeMap<String, usize>| map.get(key).copied().unwrap_or(0);
        let calls = seen.calls.get(key).map_or(0, BTreeSet::len);
        for (step, found) in [
            ("call", calls),
            ("badge", count(&seen.tasks)),
            ("welcome", count(&seen.mails)),
            ("event", count(&seen.arrived)),
        ] {
            if !once(step, found) {
                complain(format!("`{step}` happened {found} times"));
            }
        }
        let (ldap, shop) = (seen.ldap.get(key), seen.shop.get(key));
        for (name, found) in [("ldap", ldap), ("shop", shop)] {
            if found.is_some_and(|all| all.len() > 1) {
                complain(format!("{name} has it twice: {found:?}"));
            }
        }
        let held =
            |of: Option<&Vec<String>>, word: &str| of.is_some_and(|all| all.iter().any(|one| one.contains(word)));
        let all =
            held(ldap, "title=Newcomer") && held(shop, "project,") && held(shop, "floor,") && held(shop, "staff,");
        if row.status == RunStatus::Done && !all {
            complain(format!("is done, and its targets have {ldap:?} and {shop:?}"));
        }
        let none = !held(ldap, "title=Newcomer") && !held(shop, "project,") && !held(shop, "floor,");
        if matches!(row.status, RunStatus::Failed | RunStatus::Cancelled) && !none {
            complain(format!("is taken back, and its targets have {ldap:?} and {shop:?}"));
        }
    }

    fn told(self, people: usize, took: Duration, tally: &Tally) -> Result<String, Trouble> {
        let seconds = took.as_secs_f64();
        let waiting: Vec<String> =
            self.waiting.iter().map(|(whom, count)| format!("{count} waiting for {whom}")).collect();
        let mut text = format!(
            "{}{people} joiners of twelve steps in {seconds:.0} s ({:.1}/s), {} MiB at most\n{} done, {} taken back, \
             {}; {} calls came again under a key that was there; {} things wrong",
            tally.table(),
            count(people) / seconds,
            trial::peak_mib(),
            self.done,
            self.taken_back,
            waiting.join(", "),
            self.repeats,
            self.wrong.len(),
        );
        if self.wrong.is_empty() {
            return Ok(text);
        }
        for line in self.wrong.iter().take(20) {
            write!(text, "\n  {line}")?;
        }
        Err(text.into())
    }
}

/// Who is asked for each run that is stuck; for what is stuck within a run, by that.
async fn asking(opened: &Opened) -> Result<BTreeMap<RunId, String>, Trouble> {
    let job = opened.house.store.read(|tx| {
        Box::pin(async move {
            let sql = "SELECT t.assignee, t.waits, r.parent_run FROM human_task t JOIN run r ON r.id = t.waits \
                       WHERE t.kind = 'stuck' AND t.state <> 'closed' ORDER BY t.id";
            let mut all = BTreeMap::new();
            for row in tx.query(sql, &[]).await? {
                let row = row.of("human_task");
                let run = row.opt_id("parent_run")?.map_or_else(|| row.id("waits"), Ok)?;
                all.insert(run, row.string("assignee")?);
            }
            Ok::<_, StoreError>(all)
        })
    });
    Ok(job.await?)
}

/// Every run of a workflow, and what its records come to.
async fn states(opened: &Opened, name: &str) -> Result<Vec<(RunRow, RunState)>, Trouble> {
    let cx = Cx::new(Arc::clone(&opened.house), Actor::system("trial"));
    let mut all = Vec::new();
    for row in trial::runs(opened, named(name)).await? {
        let state = runs::show::show(&cx, row.id).await?.state;
        all.push((row, state));
    }
    Ok(all)
}

fn named(name: &str) -> RunFilter {
    RunFilter { name: Some(name.to_owned()), ..RunFilter::default() }
}

fn person_of(state: &RunState) -> String {
    state.input.get("person").and_then(|id| id.as_str()).unwrap_or_default().to_owned()
}

/// The key of everybody, by their id.
async fn keys(opened: &Opened) -> Result<BTreeMap<String, String>, Trouble> {
    let (mut all, mut after) = (BTreeMap::new(), None);
    loop {
        let job = opened.house.store.read(move |tx| Box::pin(async move { people::by_id(tx, after, PAGE).await }));
        let page: Vec<Person> = job.await.map_err(|error: StoreError| error)?;
        after = page.last().map(|person| person.id);
        let key = |person: &Person| person.attributes.get("employeeId").map(ToString::to_string).unwrap_or_default();
        all.extend(page.iter().map(|person| (person.id.to_string(), key(person))));
        if page.len() < PAGE {
            return Ok(all);
        }
    }
}

impl Seen {
    async fn look(opened: &Opened, world: &World, keys: &BTreeMap<String, String>) -> Result<Self, Trouble> {
        let (mut calls, mut repeats) = (BTreeMap::<String, BTreeSet<String>>::new(), 0);
        for request in world.hook.asked() {
            let body: serde_json::Value = serde_json::from_slice(&request.body)?;
            let who = body.get("who").and_then(|who| who.as_str()).unwrap_or_default().to_owned();
            let key = request.header("idempotency-key").unwrap_or_default().to_owned();
            repeats += usize::from(!calls.entry(who).or_default().insert(key));
        }
        let (mut mails, mut tasks, mut arrived) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        for mail in world.mail.mails() {
            let to = mail.to_string();
            let number = to.split("ada").nth(1).and_then(|rest| rest.split('@').next()).unwrap_or_default();
            *mails.entry(format!("E{number}")).or_default() += 1;
        }
        let asked =
            |sql: &'static str| opened.house.store.read(move |tx| Box::pin(async move { tx.query(sql, &[]).await }));
        let rows = asked("SELECT title AS word FROM human_task ORDER BY id").await;
        for row in rows.map_err(|error: StoreError| error)? {
            let title = row.of("human_task").string("word")?;
            if let Some(key) = title.strip_prefix("badge for ") {
                *tasks.entry(key.to_owned()).or_default() += 1;
            }
        }
        for (_, state) in states(opened, "arrived").await? {
            *arrived.entry(keys.get(&person_of(&state)).cloned().unwrap_or_default()).or_default() += 1;
        }
        let (ldap, shop) = (world.ldap(), world.shop());
        Ok(Self { ldap, shop, calls, mails, tasks, arrived, repeats })
    }
}

impl World {
    /// What the directory has of each person, told by its own client.
    fn ldap(&self) -> BTreeMap<String, Vec<String>> {
        let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let found =
            self.directory.search(BASE_DN, "(objectClass=inetOrgPerson)", &["employeeNumber", "title", "memberOf"]);
        for entry in found.split("\n\n") {
            let value = |name: &str| entry.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
            let key = value("employeeNumber: ");
            if !key.is_empty() {
                let told = format!("title={}", value("title: "));
                all.entry(key.to_owned()).or_default().push(told);
            }
        }
        all
    }

    /// The same of the tables.
    fn shop(&self) -> BTreeMap<String, Vec<String>> {
        let rows = self.tables.sql(
            "SELECT employee_no || ';' || active || ';' || coalesce((SELECT string_agg(role_id, ',' ORDER BY role_id) FROM held \
             WHERE user_id = users.id), '') || ',' FROM users ORDER BY id",
        );
        let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for row in rows.lines() {
            if let Some((key, rest)) = row.split_once(';') {
                all.entry(key.to_owned()).or_default().push(rest.to_owned());
            }
        }
        all
    }
}
