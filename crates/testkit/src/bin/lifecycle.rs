//! `cargo xtask bench lifecycle`: everybody of a feed gets an account in five real systems.
//!
//! The shape is that of the import test that midPoint publishes figures of: one source, five
//! targets, some fifty mappings for each, and the same with a hundred roles for everybody, each
//! with two roles inside. There the targets answer from memory; here two are directories (slapd)
//! and three are tables of a PostgreSQL, on the same cores. What the targets hold is counted by
//! their own clients at the end.

use std::fmt::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use tenure_app::Cx;
use tenure_app::sources::read::{How, read};
use tenure_engine::journal::RunStatus;
use tenure_model::{Actor, Clock as _, SystemClock};
use tenure_server::house::{Working, open, settings};
use tenure_store::runs::counts_by_status;
use tenure_testkit::databases;
use tenure_testkit::postgresql::Postgresql;
use tenure_testkit::slapd::{BASE_DN, Slapd};
use tenure_testkit::trial::{self, Trouble, count, until_quiet};

/// As the program `tenure` has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Of a person beside the five that have names: `a01` and so on.
const ATTRIBUTES: usize = 45;
const DIRECTORIES: usize = 2;
const TARGETS: usize = 5;
const ROLES: usize = 100;
/// Documents that one file holds.
const DOCUMENTS_IN_FILE: usize = 100;
const PEOPLE_USUAL: usize = 1_000;
/// The group that everybody is in, in every target.
const EVERYBODY: &str = "staff";
/// Groups of a target that the roles give, beside the one for everybody.
const GROUPS: usize = 4;
/// Accounts a minute that midPoint 4.4 publishes for these two shapes.
const MIDPOINT_PLAIN: f64 = 717.0;
const MIDPOINT_ROLES: f64 = 241.0;
/// How many times as fast as that is the goal.
const TIMES: f64 = 10.0;
const PATIENCE: Duration = Duration::from_mins(20);
/// What is due within this is waited for.
const SOON: Duration = Duration::from_mins(1);

/// What an `inetOrgPerson` may have and any plain text fits, beside what every entry here has.
const LDAP_ATTRIBUTES: &str = "displayName initials title description employeeType departmentNumber carLicense \
    businessCategory o ou roomNumber street l st postalCode postOfficeBox physicalDeliveryOfficeName postalAddress \
    homePostalAddress registeredAddress telephoneNumber homePhone mobile pager preferredLanguage labeledURI";

#[tokio::main(worker_threads = 2)]
#[expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line tool talks to a terminal")]
async fn main() -> ExitCode {
    let people = std::env::args().nth(1).and_then(|word| word.parse().ok()).unwrap_or(PEOPLE_USUAL);
    println!(
        "{people} people of one CSV feed; 50 mappings in; 32 for each of two directories, 50 for each of three tables"
    );
    let mut is_reached = true;
    for roles in [0, ROLES] {
        for database in databases::each().await {
            let url = (database.kind != "sqlite").then_some(database.url.as_str());
            match measure(url, people, roles).await {
                Ok(figure) => {
                    is_reached &= figure.is_reached();
                    println!("{figure}");
                }
                Err(trouble) => {
                    eprintln!("lifecycle: {trouble}");
                    return ExitCode::FAILURE;
                }
            }
        }
    }
    if is_reached { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// What one shape took on one database.
#[derive(Debug)]
struct Figure {
    on: &'static str,
    people: usize,
    roles: usize,
    took: Duration,
    cpu: Duration,
    peak_mib: u64,
}

impl Figure {
    fn a_minute(&self) -> f64 {
        count(self.people) * 60.0 / self.took.as_secs_f64()
    }

    fn published(&self) -> f64 {
        if self.roles == 0 { MIDPOINT_PLAIN } else { MIDPOINT_ROLES }
    }

    fn is_reached(&self) -> bool {
        self.a_minute() >= TIMES * self.published()
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (a_minute, published) = (self.a_minute(), self.published());
        write!(
            f,
            "{:<10} {:>3} roles a person: {a_minute:>6.0} people a minute with {:.0} accounts, {:.1} times the {published} \
             that midPoint publishes (goal {TIMES}: {}); {:.1} s, {:.1} s of our CPU, {} MiB at most",
            self.on,
            self.roles,
            a_minute * count(TARGETS),
            a_minute / published,
            if self.is_reached() { "reached" } else { "missed" },
            self.took.as_secs_f64(),
            self.cpu.as_secs_f64(),
            self.peak_mib,
        )
    }
}

/// Takes the feed in, waits until nothing is left to do, and lets the targets be counted.
async fn measure(database: Option<&str>, people: usize, roles: usize) -> Result<Figure, Trouble> {
    let world = World::start(roles).await?;
    world.write(database, people, roles)?;
    let opened = open(&settings(Some(&world.path("tenure.toml")), None)?).await?;
    let working = Working::start(&opened, opened.sealer());
    let (clock, cpu) = (SystemClock::new(), trial::cpu());
    let cx = Cx::new(Arc::clone(&opened.house), Actor::system("bench"));
    let report = read(&cx, &"hr".parse()?, How::Take).await?;
    // What will be tried again in a moment is not over.
    let soon = |due| due < opened.house.clock.now() + SOON;
    until_quiet(&opened, PATIENCE, async |pulse| Ok(pulse.next_due.is_some_and(soon))).await?;
    let took = clock.elapsed().saturating_sub(trial::QUIET);
    let cpu = trial::cpu().saturating_sub(cpu);
    working.stop(Duration::from_secs(20)).await;
    let counts = opened.house.store.read(|tx| Box::pin(async move { counts_by_status(tx).await })).await?;
    let done = counts.get(&RunStatus::Done).copied().unwrap_or(0);
    let all =
        if usize::try_from(done)? < people { Err("not everybody is done".into()) } else { world.check(people, roles) };
    all.map_err(|error: Trouble| format!("{error}; runs: {counts:?}; the feed: {report:?}"))?;
    let on = if database.is_some() { "postgresql" } else { "sqlite" };
    Ok(Figure { on, people, roles, took, cpu, peak_mib: trial::peak_mib() })
}

/// The connected systems, and a folder for the house.
struct World {
    folder: tempfile::TempDir,
    directories: Vec<Slapd>,
    tables: Postgresql,
}

impl World {
    async fn start(roles: usize) -> Result<Self, Trouble> {
        let (mut directories, groups) = (Vec::new(), groups(roles));
        for _ in 0..DIRECTORIES {
            let slapd = Slapd::start().await;
            for group in groups.iter().filter(|group| *group != EVERYBODY) {
                slapd.make_group(group);
            }
            directories.push(slapd);
        }
        let tables = Postgresql::start().await;
        let listed = columns(|number| format!(", a{number:02} text"));
        for number in DIRECTORIES..TARGETS {
            tables.sql(&format!(
                "CREATE TABLE users{number} (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, employee_no text UNIQUE, \
                 username text, email text, given text, family text, active boolean NOT NULL DEFAULT true{listed}); \
                 CREATE TABLE roles{number} (id text PRIMARY KEY, name text); \
                 CREATE TABLE held{number} (user_id bigint, role_id text, PRIMARY KEY (user_id, role_id))"
            ));
            for group in &groups {
                tables.sql(&format!("INSERT INTO roles{number} VALUES ('{group}', '{group}')"));
            }
        }
        Ok(Self { folder: tempfile::tempdir()?, directories, tables })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The settings, the documents and the feed.
    fn write(&self, database: Option<&str>, people: usize, roles: usize) -> Result<(), Trouble> {
        let at = |name: &str| self.path(name).display().to_string();
        trial::furnish(self.folder.path(), database, "warn")?;
        std::fs::write(self.path("feed/hr.csv"), feed(people)?)?;
        std::fs::write(self.path("estate/hr.yaml"), source(&at("feed")))?;
        for (place, some) in role_documents(roles).chunks(DOCUMENTS_IN_FILE).enumerate() {
            std::fs::write(self.path(&format!("estate/roles-{place}.yaml")), some.join("---\n"))?;
        }
        for number in 0..TARGETS {
            let document = match self.directories.get(number) {
                Some(slapd) => directory(number, slapd),
                None => table(number, &self.tables),
            };
            std::fs::write(self.path(&format!("estate/t{number}.yaml")), document + &names(roles))?;
        }
        Ok(())
    }

    /// Lets each target be counted by its own client.
    fn check(&self, people: usize, roles: usize) -> Result<(), Trouble> {
        let wanted = (people, people * groups(roles).len());
        for (number, slapd) in self.directories.iter().enumerate() {
            let found = slapd.search(BASE_DN, "(objectClass=inetOrgPerson)", &["memberOf"]);
            let of = |head: &str| found.lines().filter(|line| line.starts_with(head)).count();
            held_to(number, wanted, (of("dn: "), of("memberOf: ")))?;
        }
        for number in DIRECTORIES..TARGETS {
            let accounts = self.tables.sql(&format!("SELECT count(*) FROM users{number} WHERE a{ATTRIBUTES} <> ''"));
            let held = self.tables.sql(&format!("SELECT count(*) FROM held{number}"));
            held_to(number, wanted, (accounts.parse()?, held.parse()?))?;
        }
        Ok(())
    }
}

fn held_to(target: usize, wanted: (usize, usize), found: (usize, usize)) -> Result<(), Trouble> {
    if wanted == found {
        return Ok(());
    }
    Err(format!("target {target} has {found:?} accounts and memberships instead of {wanted:?}").into())
}

fn groups(roles: usize) -> Vec<String> {
    let own = (0..GROUPS).filter(|_| roles > 0).map(|number| format!("group{number}"));
    [EVERYBODY.to_owned()].into_iter().chain(own).collect()
}

/// A piece of text for each of the attributes that have no name of their own.
fn columns(text: impl Fn(usize) -> String) -> String {
    (1..=ATTRIBUTES).map(text).collect::<Vec<_>>().concat()
}

fn names(roles: usize) -> String {
    groups(roles).iter().map(|name| format!("    group/{name}: {name}\n")).collect::<Vec<_>>().concat()
}

fn feed(people: usize) -> Result<String, fmt::Error> {
    let heads = columns(|number| format!(";c{number:02}"));
    let mut text = format!("id;first;last;mail;unit{heads}\n");
    for person in 0..people {
        let cells = columns(|number| format!(";v{number}-{person}"));
        writeln!(text, "E{person:07};Ada{person};Lovelace;ada{person}@example.org;Unit {}{cells}", person % 40)?;
    }
    Ok(text)
}

fn source(folder: &str) -> String {
    let fields = columns(|number| format!(", c{number:02}: text"));
    let set = columns(|number| format!("    a{number:02}: lower(row.c{number:02}) + \"/x\"\n"));
    format!(
        "apiVersion: tenure/v1\nkind: Connection\nmetadata: {{ name: hr, owner: bench }}\nspec:\n  connector: file\n  \
         direction: source\n  authority: [employee]\n  config:\n    from: {{ kind: folder, path: {folder}, files: \
         \"*.csv\" }}\n    format: {{ kind: csv, delimiter: \";\" }}\n    key: id\n---\napiVersion: tenure/v1\nkind: \
         Mapping\nmetadata: {{ name: hr-in, owner: bench }}\nspec:\n  from:\n    connection: hr\n    object: row\n    \
         fields: {{ id: text, first: text, last: text, mail: text, unit: text{fields} }}\n  to: person\n  match:\n    - {{ \
         left: row.id, right: person.employeeId }}\n  set:\n    employeeId: row.id\n    givenName: row.first\n    \
         familyName: row.last\n    email: lower(row.mail)\n    department: row.unit\n{set}"
    )
}

fn directory(number: usize, slapd: &Slapd) -> String {
    let listed = LDAP_ATTRIBUTES.replace(' ', ", ");
    let line = |(place, name)| format!("      {name}: person.a{:02} + \"-{number}\"\n", place + 1);
    let set = LDAP_ATTRIBUTES.split(' ').enumerate().map(line).collect::<Vec<_>>().concat();
    format!(
        "apiVersion: tenure/v1\nkind: Connection\nmetadata: {{ name: t{number}, owner: bench }}\nspec:\n  connector: \
         ldap\n  direction: target\n{}    people:\n      attributes: [uid, cn, sn, givenName, mail, employeeNumber, {listed}]\n  \
         account:\n    match: employeeNumber\n    set:\n      employeeNumber: person.employeeId\n      uid: \
         lower(person.employeeId)\n      cn: person.givenName + \" \" + person.familyName\n      givenName: \
         person.givenName\n      sn: person.familyName\n      mail: person.email\n{set}  entitlements:\n",
        slapd.config()
    )
}

fn table(number: usize, server: &Postgresql) -> String {
    let listed = columns(|column| format!(", a{column:02}"));
    let set = columns(|column| format!("      a{column:02}: person.a{column:02} + \"-{number}\"\n"));
    format!(
        "apiVersion: tenure/v1\nkind: Connection\nmetadata: {{ name: t{number}, owner: bench }}\nspec:\n  connector: \
         sql\n  direction: target\n{}    accounts:\n      table: \
         users{number}\n      id: id\n      name: username\n      attributes: [employee_no, username, email, given, \
         family{listed}]\n      disable: {{ column: active, disabled: false, enabled: true }}\n    entitlements:\n      \
         table: roles{number}\n      id: id\n      name: name\n      members: {{ table: held{number}, account: user_id, \
         entitlement: role_id }}\n  account:\n    match: employee_no\n    set:\n      employee_no: person.employeeId\n      \
         username: lower(person.employeeId)\n      email: person.email\n      given: person.givenName\n      family: \
         person.familyName\n{set}  entitlements:\n",
        server.config()
    )
}

/// One role for everybody that gives an account everywhere; and where roles are wanted, so many
/// that everybody holds too, each with two roles inside that give a group each.
fn role_documents(roles: usize) -> Vec<String> {
    let grant = |target: usize, group: &str| format!("    - {{ connection: t{target}, entitlement: group/{group} }}\n");
    let role = |name: &str, spec: &str| {
        format!("apiVersion: tenure/v1\nkind: Role\nmetadata: {{ name: {name}, owner: bench }}\nspec:\n{spec}")
    };
    let everybody = "  birthright: { when: person.kind == \"employee\" }\n";
    let all: String = (0..TARGETS).map(|target| grant(target, EVERYBODY)).collect();
    let mut documents = vec![role("everybody", &format!("{everybody}  grants:\n{all}"))];
    for number in 0..roles {
        let inside = [2 * number, 2 * number + 1];
        for inner in inside {
            let given = grant(inner % TARGETS, &format!("group{}", inner / TARGETS % GROUPS));
            documents.push(role(&format!("inner-{inner}"), &format!("  grants:\n{given}")));
        }
        let when = format!("  birthright: {{ when: person.department != \"Nobody {number}\" }}\n");
        let includes = inside.map(|inner| format!("inner-{inner}")).join(", ");
        documents.push(role(&format!("role-{number}"), &format!("{when}  includes: [{includes}]\n")));
    }
    documents
}
