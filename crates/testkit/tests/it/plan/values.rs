//! What an edited Mapping, Authority or Generator would make of people, and what they would have then.

use std::sync::Arc;

use serde_json::json;
use tempfile::TempDir;
use tenure_app::events::accept::accept;
use tenure_app::people::show::show;
use tenure_app::plans::Asked;
use tenure_app::plans::report::{Effect, Report, ValueLine};
use tenure_app::sources::read::{How, read};
use tenure_connect::{AnyConnector, FileSecrets};
use tenure_connectors::file::{FileConfig, FileConnector};
use tenure_model::{Actor, ConnectionName, EventKind, PersonKey, Value};
use tenure_store::plans::PlanState;
use tenure_store::{StoreError, names};

use super::free;
use super::world::{World, base, role};

const CONNECTIONS: &str = "apiVersion: tenure/v1
kind: Connection
metadata: { name: hr, owner: it }
spec: { connector: file, direction: source, authority: [employee], config: {}, feed: { firstDay: hired } }
---
apiVersion: tenure/v1
kind: Connection
metadata: { name: desk, owner: it }
spec: { connector: events, direction: source }
";

const MAPPING: &str = "apiVersion: tenure/v1
kind: Mapping
metadata: { name: hr-in, owner: it }
spec:
  from: { connection: hr, object: worker, fields: { employeeId: text, dept: text, site: text, hired: date } }
  to: person
  match: [{ left: worker.employeeId, right: person.employeeId }]
  set:
    employeeId: worker.employeeId
    department: worker.dept
    site: worker.site
";

const AUTHORITY: &str = "apiVersion: tenure/v1
kind: Authority
metadata: { name: staff, owner: it }
spec:
  for: [employee]
  attributes:
    department: [hr, desk]
";

const GENERATOR: &str = "apiVersion: tenure/v1
kind: Generator
metadata: { name: user-name, owner: it }
spec:
  attribute: userName
  names: [person.department]
";

const ROWS: &str = "E1;Sales;Lyon;2024-01-01\nE2;Sales;Lyon;2024-01-01\nE3;Finance;Paris;2024-01-01\n";

/// Three people of a file; whoever is in Finance has something in git.
struct Office {
    world: World,
    _folder: TempDir,
}

fn documents(mapping: &str, authority: &str, more: &[&str]) -> Vec<(String, String)> {
    let mut files = base();
    files.push(role("finance", "person.department == \"Finance\"", 0, &[("git", "finance")]));
    let texts = [CONNECTIONS, mapping, authority].into_iter().chain(more.iter().copied()).enumerate();
    files.extend(texts.map(|(number, text)| (format!("people/{number}.yaml"), text.to_owned())));
    files
}

impl Office {
    async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("hr.csv"), format!("employeeId;dept;site;hired\n{ROWS}")).unwrap();
        let path = folder.path().to_owned();
        let world = World::with(documents(MAPPING, AUTHORITY, &[]), free(), |clock| {
            let settings = json!({
                "from": { "kind": "folder", "path": path, "files": "hr.csv" },
                "format": { "kind": "csv", "delimiter": ";", "charset": "utf-8" },
                "key": "employeeId",
                "columns": ["employeeId", "dept", "site", "hired"],
            });
            let config: FileConfig = serde_json::from_value(settings).unwrap();
            let hr: ConnectionName = "hr".parse().unwrap();
            let files = FileConnector::new(config, &hr, &path.join("memory"), Arc::new(FileSecrets), clock).unwrap();
            [(hr, Arc::new(files) as Arc<dyn AnyConnector>)].into()
        })
        .await;
        world.start();
        let office = Self { world, _folder: folder };
        assert_eq!(office.read().await, (3, 0));
        office.tell("d1", "E1", "Finance").await;
        office.world.idle().await;
        assert_eq!(office.departments().await, ["Sales", "Sales", "Finance"]);
        assert_eq!(office.in_git(), ["E3"]);
        office
    }

    /// Reads the file: how many are new, and of how many something else is said.
    async fn read(&self) -> (u64, u64) {
        let cx = tenure_app::Cx::new(self.world.house.clone(), Actor::system("test"));
        let report = read(&cx, &"hr".parse().unwrap(), How::Take).await.unwrap();
        assert_eq!(report.failure, None);
        (report.applied.new, report.applied.changed)
    }

    /// The desk says where somebody works.
    async fn tell(&self, id: &str, key: &str, department: &str) {
        let cx = tenure_app::Cx::new(self.world.house.clone(), Actor::system("test"));
        let subject = PersonKey { attribute: "employeeId".to_owned(), value: key.to_owned() };
        let attributes = [("department".to_owned(), Value::Text(department.to_owned()))].into();
        let kind = EventKind::PersonChanged { attributes };
        accept(&cx, "desk".parse().unwrap(), id.to_owned(), subject, kind).await.unwrap();
    }

    async fn value(&self, key: &str, attribute: &str) -> String {
        let shown = show(&self.world.owner(), key.to_owned()).await.unwrap();
        shown.facts.person.attributes.get(attribute).map(ToString::to_string).unwrap_or_default()
    }

    async fn departments(&self) -> [String; 3] {
        [
            self.value("E1", "department").await,
            self.value("E2", "department").await,
            self.value("E3", "department").await,
        ]
    }

    /// Who can use what Finance has.
    fn in_git(&self) -> Vec<&'static str> {
        let fake = &self.world.fakes[&"git".parse::<ConnectionName>().unwrap()];
        let holds = |key: &&str| {
            fake.account(key).is_some_and(|seen| seen.holds.iter().any(|id| id.as_str() == "group-finance"))
        };
        ["E1", "E2", "E3"].into_iter().filter(holds).collect()
    }
}

/// From what to what, of whom, by whose word instead of whose, with the next reading of what.
fn told(lines: &[ValueLine]) -> Vec<String> {
    let word = |text: &Option<String>| text.clone().unwrap_or_else(|| "nothing".to_owned());
    let name = |name: &Option<ConnectionName>| name.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string);
    let each = lines.iter().flat_map(|line| line.pairs.iter().map(move |pair| (line, pair)));
    each.map(|(line, pair)| {
        format!(
            "{} {} → {} of {} by {} instead of {} reading {}",
            line.attribute,
            word(&pair.before),
            word(&pair.after),
            pair.names.join(","),
            name(&line.by),
            name(&line.from),
            name(&line.with_reading)
        )
    })
    .collect()
}

fn lines(report: &Report, effect: Effect) -> u64 {
    report
        .lines
        .iter()
        .filter(|line| line.effect == effect && line.connection.as_str() == "git")
        .map(|line| line.people)
        .sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_authority_says_whose_value_becomes_what_and_what_follows() {
    let office = Office::open().await;
    let writes = office.world.writes();
    let edited = documents(MAPPING, &AUTHORITY.replace("[hr, desk]", "[desk, hr]"), &[]);
    office.tell("d2", "E2", "Support").await;
    let (stale, _) = office.world.plan_of(edited.clone(), Asked::default()).await;
    // Somebody says something else meanwhile, which does not count yet and gives nothing, but would be known.
    office.tell("d3", "E2", "Legal").await;
    office.world.idle().await;
    assert_eq!(office.world.apply(stale.id).await.0.state, PlanState::Moved, "it rests on what sources said");

    let (row, report) = office.world.plan_of(edited.clone(), Asked::default()).await;
    assert_eq!(
        told(&report.values),
        [
            "department Sales → Finance of E1 by desk instead of hr reading -",
            "department Sales → Legal of E2 by desk instead of hr reading -"
        ]
    );
    assert_eq!((report.people, lines(&report, Effect::Gain), lines(&report, Effect::Account)), (2, 1, 1));
    let why = &office.world.outcomes(row.id).await[0].values[0].why;
    assert_eq!(why, "staff gives the word on `department` to desk");
    assert_eq!(office.departments().await, ["Sales", "Sales", "Finance"], "a plan changed what is known");
    assert_eq!((office.world.writes(), office.in_git()), (writes, vec!["E3"]), "a plan wrote to a system");

    assert_eq!(office.world.apply(row.id).await.0.state, PlanState::Applied);
    office.world.idle().await;
    assert_eq!(office.departments().await, ["Finance", "Legal", "Finance"]);
    assert_eq!(office.in_git(), ["E1", "E3"]);
    let (_, again) = office.world.plan_of(edited, Asked::default()).await;
    assert_eq!((again.people, again.values), (0, Vec::new()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_mapping_is_held_against_what_its_source_has_now() {
    let office = Office::open().await;
    let writes = office.world.writes();
    let edited =
        documents(&MAPPING.replace("department: worker.dept", "department: upper(worker.dept)"), AUTHORITY, &[]);
    let (row, report) = office.world.plan_of(edited.clone(), Asked::default()).await;
    assert_eq!(
        told(&report.values),
        [
            "department Sales → SALES of E1,E2 by hr instead of hr reading hr",
            "department Finance → FINANCE of E3 by hr instead of hr reading hr"
        ]
    );
    assert_eq!((report.people, lines(&report, Effect::Lose)), (3, 1), "{:?}", report.lines);
    assert_eq!((office.world.writes(), office.departments().await[2].as_str()), (writes, "Finance"));
    assert_eq!(office.world.apply(row.id).await.0.state, PlanState::Applied);
    office.world.idle().await;
    assert_eq!(office.departments().await[2], "Finance", "what is known changes before the source is read");
    assert_eq!(office.in_git(), ["E3"]);
    // The file is the same, and says something else by now; once.
    assert_eq!(office.read().await, (0, 3));
    office.world.idle().await;
    assert_eq!(office.departments().await, ["SALES", "SALES", "FINANCE"]);
    assert_eq!(office.in_git(), [""; 0]);
    assert_eq!(office.read().await, (0, 0), "it is mapped again although nothing is other");

    // How firmly it says so counts at once, and for what it said before.
    let weaker = documents(
        &MAPPING.replace("department: worker.dept", "department: { value: upper(worker.dept), strength: default }"),
        AUTHORITY,
        &[],
    );
    let (row, report) = office.world.plan_of(weaker, Asked::default()).await;
    assert_eq!(told(&report.values), ["department SALES → Finance of E1 by desk instead of hr reading -"]);
    assert_eq!(lines(&report, Effect::Gain), 1);
    assert_eq!(office.world.apply(row.id).await.0.state, PlanState::Applied);
    office.world.idle().await;
    assert_eq!((office.value("E1", "department").await.as_str(), office.in_git()), ("Finance", vec!["E1"]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mapping_that_understands_a_record_no_more_is_told() {
    let office = Office::open().await;
    let edited = documents(&MAPPING.replace("dept: text", "dept: number"), AUTHORITY, &[]);
    let (_, report) = office.world.plan_of(edited, Asked::default()).await;
    assert_eq!((report.people, report.values), (0, Vec::new()));
    let aside = report.findings.iter().filter(|(note, _)| note.contains("would be put aside")).map(|(_, count)| count);
    assert_eq!(aside.sum::<u64>(), 3, "{:?}", report.findings);
    // A source that only delivers events says nothing of what it told before.
    let desk = MAPPING.replace("hr-in", "desk-in").replace("connection: hr", "connection: desk");
    let (_, report) = office.world.plan_of(documents(MAPPING, AUTHORITY, &[&desk]), Asked::default()).await;
    assert!(
        report.findings.iter().any(|(note, _)| note.starts_with("`desk` only delivers events")),
        "{:?}",
        report.findings
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_generator_foresees_names_and_reserves_none() {
    let office = Office::open().await;
    let edited = documents(MAPPING, AUTHORITY, &[GENERATOR]);
    let (row, report) = office.world.plan_of(edited, Asked::default()).await;
    let mut found = told(&report.values);
    found.sort();
    assert_eq!(
        found,
        [
            "userName nothing → finance of E3 by tenure instead of - reading -",
            "userName nothing → sales of E1 by tenure instead of - reading -",
            "userName nothing → sales2 of E2 by tenure instead of - reading -",
        ]
    );
    let user_name = "user-name".parse().unwrap();
    let job = office.world.house.store.read(move |tx| {
        Box::pin(async move { names::known(tx, &user_name, &["sales".to_owned(), "finance".to_owned()]).await })
    });
    assert_eq!(job.await.map_err(|error: StoreError| error).unwrap(), [], "a plan reserves names");
    assert_eq!(office.world.apply(row.id).await.0.state, PlanState::Applied);
    office.world.idle().await;
    let mut names = [
        office.value("E1", "userName").await,
        office.value("E2", "userName").await,
        office.value("E3", "userName").await,
    ];
    names.sort();
    assert_eq!(names, ["finance", "sales", "sales2"]);
}
