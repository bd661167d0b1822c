//! `cargo xtask trial season [PEOPLE]`: thousands of seasonal workers are hired in one feed and go on
//! one day, through the template `seasonal-wave` and the shipped leaver.
//!
//! The targets are a directory (slapd), a table of a PostgreSQL, and a service of the trial that takes
//! only so many requests in a second. They are counted by their own clients: on the first day, and on
//! the day after the last, once two people have said yes to the removals that the brakes hold.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use tenure_app::brakes::decide::{Said, decide};
use tenure_app::brakes::list::list;
use tenure_app::sources::read::{How, read};
use tenure_app::{Cx, NoProbe};
use tenure_model::{Actor, ActorKind, Clock as _, HeldId, Role, new_id};
use tenure_server::house::{Opened, Working, open_at, settings};
use tenure_store::removals::HeldState;
use tenure_store::runs::counts_by_status;
use tenure_testkit::notices::{MailSink, Tls};
use tenure_testkit::postgresql::Postgresql;
use tenure_testkit::slapd::{BASE_DN, Slapd};
use tenure_testkit::trial::clock::ForwardClock;
use tenure_testkit::trial::desk::{self, Desk};
use tenure_testkit::trial::{self, Trouble, count, until_quiet};

const PEOPLE_USUAL: usize = 5_000;
const PATIENCE: Duration = Duration::from_hours(1);
/// Requests that the service takes in a second.
const PER_SECOND: u32 = 300;
/// Sites, each with a group of its own.
const SITES: usize = 50;
const SEASON_DAYS: i32 = 20;
const LOOKS_BETWEEN_WORDS: usize = 50;
/// Looks at a set that must see the same before anybody says yes to it.
const LOOKS_BEFORE_YES: usize = 20;

#[tokio::main(worker_threads = 2)]
#[expect(clippy::print_stderr, reason = "a command line tool talks to a terminal")]
async fn main() -> ExitCode {
    let people = std::env::args().nth(1).and_then(|word| word.parse().ok()).unwrap_or(PEOPLE_USUAL);
    match hold(people).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(trouble) => {
            eprintln!("season: {trouble}");
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stdout, reason = "a command line tool talks to a terminal")]
fn say(line: &str) {
    println!("{line}");
}

async fn hold(people: usize) -> Result<(), Trouble> {
    let clock = Arc::new(ForwardClock::default());
    let today = clock.now().to_zoned(TimeZone::UTC).date();
    let last = today.checked_add(SEASON_DAYS.days())?;
    let world = World::start(people, today, last).await?;
    let config = settings(Some(&world.folder.path().join("tenure.toml")), None)?;
    let opened = open_at(&config, clock.clone(), Arc::new(NoProbe)).await?;
    let working = Working::start(&opened, opened.sealer());
    let cx = Cx::new(Arc::clone(&opened.house), Actor::system("trial"));
    let began = clock.elapsed();
    read(&cx, &"hr".parse()?, How::Take).await?;
    quiet(&opened, &world, last).await?;
    told("hired", people, clock.elapsed().saturating_sub(began + trial::QUIET));
    world.check((people, 0), people)?;
    world.check_mails(people)?;
    // The day after the last one, a few minutes past midnight where they work.
    let end: Timestamp = last.tomorrow()?.to_zoned(TimeZone::UTC)?.timestamp() + 5.minutes();
    let began = clock.elapsed();
    clock.put_forward_to(end);
    opened.house.nudge();
    quiet(&opened, &world, end.to_zoned(TimeZone::UTC).date()).await?;
    told("gone", people, clock.elapsed().saturating_sub(began + trial::QUIET));
    working.stop(Duration::from_secs(20)).await;
    world.check((0, people), 0)?;
    let counted = world.desk.counted();
    say(&format!(
        "the service took {} requests at {PER_SECOND} in a second and refused {} as too early; nobody was made twice; {} MiB at \
         most",
        counted.answered,
        counted.refused,
        trial::peak_mib()
    ));
    Ok(())
}

fn told(what: &str, people: usize, took: Duration) {
    let seconds = took.as_secs_f64();
    say(&format!(
        "{people} people {what} in three systems in {seconds:.0} s, {:.1} people a second",
        count(people) / seconds
    ));
}

/// Waits until nothing is left to do before the next day, and says yes to what is held.
async fn quiet(opened: &Opened, world: &World, until: Date) -> Result<(), Trouble> {
    let soon = until.to_zoned(TimeZone::UTC)?.timestamp();
    let (mut looks, mut seen) = (0, BTreeMap::new());
    until_quiet(opened, PATIENCE, async |pulse| {
        looks += 1;
        if looks % LOOKS_BETWEEN_WORDS == 0 {
            let counts = opened.house.store.read(|tx| Box::pin(async move { counts_by_status(tx).await })).await?;
            say(&format!("  {} s: runs {counts:?}; desk {:?}", looks / 10, world.desk.counted()));
        }
        let said_yes = say_yes(opened, &mut seen).await?;
        Ok(said_yes || looks < 50 || pulse.next_due.is_some_and(|due| due < soon))
    })
    .await
}

/// Two people look at what the brakes hold, and say that it is meant once it does not grow any more.
async fn say_yes(opened: &Opened, seen: &mut BTreeMap<HeldId, (i64, usize)>) -> Result<bool, Trouble> {
    let by = |name: &str| {
        let kind = ActorKind::Caller { token: new_id(opened.house.ids.as_ref()), roles: [Role::Operator].into() };
        Cx::new(Arc::clone(&opened.house), Actor { name: name.to_owned(), kind })
    };
    let open = list(&by("olga"), Some(HeldState::Open), None, 100).await?;
    for shown in &open {
        let (size, looks) = seen.entry(shown.set.id).or_default();
        (*size, *looks) = (shown.size.removals, if *size == shown.size.removals { *looks + 1 } else { 0 });
        if *looks < LOOKS_BEFORE_YES {
            continue;
        }
        for name in ["olga", "oscar"] {
            let said = Said { yes: true, size: shown.size.removals, reason: "the season is over".to_owned() };
            // More may have come meanwhile; the next look has the new number.
            let answered = decide(&by(name), shown.set.id, said).await;
            say(&format!(
                "  {name}: {} removals of {} people: {}",
                shown.size.removals,
                shown.size.people,
                match &answered {
                    Ok(_) => "yes".to_owned(),
                    Err(error) => error.to_string(),
                }
            ));
            if answered.is_err() {
                break;
            }
        }
    }
    Ok(!open.is_empty())
}

/// The connected systems, and a folder for the house.
struct World {
    folder: tempfile::TempDir,
    directory: Slapd,
    tables: Postgresql,
    mail: MailSink,
    desk: Desk,
}

impl World {
    async fn start(people: usize, first: Date, last: Date) -> Result<Self, Trouble> {
        let directory = Slapd::start().await;
        for site in 0..SITES {
            directory.make_group(&format!("site{site}"));
        }
        let tables = Postgresql::start().await;
        tables.sql(
            "CREATE TABLE users (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, employee_no text, username text, email \
             text, active boolean NOT NULL DEFAULT true); CREATE INDEX ON users (employee_no); CREATE TABLE roles (id text \
             PRIMARY KEY, name text); INSERT INTO roles VALUES ('till', 'till'); CREATE TABLE held (user_id bigint, role_id \
             text); CREATE INDEX ON held (user_id)",
        );
        let (mail, desk) = (MailSink::start(Tls::None, &[]).await, Desk::start(PER_SECOND).await);
        let world = Self { folder: tempfile::tempdir()?, directory, tables, mail, desk };
        world.write(people, first, last)?;
        Ok(world)
    }

    fn write(&self, people: usize, first: Date, last: Date) -> Result<(), Trouble> {
        let at = |name: &str| self.folder.path().join(name).display().to_string();
        trial::furnish(self.folder.path(), None, "error")?;
        let mut feed = "id;first;last;mail;site;from;until\n".to_owned();
        for person in 0..people {
            let site = person % SITES;
            writeln!(feed, "S{person};Sam{person};Summer;sam{person}@example.org;Site {site};{first};{last}")?;
        }
        std::fs::write(at("feed/hr.csv"), feed)?;
        tenure_testkit::notices::secret(Path::new(&at("token")), "of a trial");
        std::fs::write(at("estate/all.yaml"), self.estate(&at("feed"), &at("token")))?;
        std::fs::write(at("estate/pack.yaml"), desk::PACK)?;
        let template = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../templates/library/seasonal-wave.yaml");
        let template = std::fs::read_to_string(template)?;
        let workflow = template.split("---").next().unwrap_or_default();
        // A storm is what it is for.
        let spec = format!("spec:\n  breaker: {{ starts: {}, within: 1h }}\n", people * 2);
        std::fs::write(at("estate/wave.yaml"), workflow.replace("spec:\n", &spec))?;
        Ok(())
    }

    fn estate(&self, folder: &str, token: &str) -> String {
        let hr = format!(
            "apiVersion: tenure/v1\nkind: Connection\nmetadata: {{ name: hr, owner: trial }}\nspec:\n  connector: file\n  \
             direction: source\n  authority: [employee]\n  config:\n    from: {{ kind: folder, path: {folder}, files: \"*.csv\" \
             }}\n    format: {{ kind: csv, delimiter: \";\" }}\n    key: id\n  feed: {{ firstDay: from, lastDay: until }}\n---\n\
             apiVersion: tenure/v1\nkind: Mapping\nmetadata: {{ name: hr-in, owner: trial }}\nspec:\n  from:\n    connection: \
             hr\n    object: row\n    fields: {{ id: text, first: text, last: text, mail: text, site: text, from: text, until: \
             text }}\n  to: person\n  match:\n    - {{ left: row.id, right: person.employeeId }}\n  set:\n    employeeId: \
             row.id\n    givenName: row.first\n    familyName: row.last\n    email: lower(row.mail)\n    site: row.site\n"
        );
        let groups: String =
            (0..SITES).map(|site| format!("    group/site{site}: site{site}\n")).collect::<Vec<_>>().concat();
        let ldap = format!(
            "---\napiVersion: tenure/v1\nkind: Connection\nmetadata: {{ name: ldap, owner: trial }}\nspec:\n  connector: ldap\n  \
             direction: target\n{}  account:\n    match: employeeNumber\n    set:\n      employeeNumber: person.employeeId\n      \
             uid: lower(person.employeeId)\n      cn: person.givenName + \" \" + person.familyName\n      sn: \
             person.familyName\n      mail: person.email\n  entitlements:\n{groups}",
            self.directory.config(),
        );
        let shop = format!(
            "---\napiVersion: tenure/v1\nkind: Connection\nmetadata: {{ name: shop, owner: trial }}\nspec:\n  connector: sql\n  \
             direction: target\n{}    accounts:\n      table: users\n      id: id\n      \
             name: username\n      attributes: [employee_no, username, email]\n      disable: {{ column: active, disabled: \
             false, enabled: true }}\n    entitlements:\n      table: roles\n      id: id\n      name: name\n      members: {{ \
             table: held, account: user_id, entitlement: role_id }}\n  account:\n    match: employee_no\n    set:\n      \
             employee_no: person.employeeId\n      username: lower(person.employeeId)\n      email: person.email\n  \
             entitlements: {{ group/till: till }}\n",
            self.tables.config(),
        );
        let desk = format!(
            "---\napiVersion: tenure/v1\nkind: Connection\nmetadata: {{ name: desk, owner: trial }}\nspec:\n  connector: rest\n  \
             direction: target\n  pace: {{ perSecond: {PER_SECOND} }}\n  config: {{ pack: desk, url: \"{}\", secrets: {{ token: {{ \
             secret: \"file:{token}\" }} }} }}\n  account:\n    match: login\n    set: {{ login: lower(person.employeeId), mail: \
             person.email }}\n  entitlements: {{ group/crew: {} }}\n",
            self.desk.url(),
            desk::GROUP
        );
        let role = |name: &str, when: &str, grants: &str| {
            format!(
                "---\napiVersion: tenure/v1\nkind: Role\nmetadata: {{ name: {name}, owner: trial }}\nspec:\n  birthright: {{ \
                 when: '{when}' }}\n  grants: [{grants}]\n"
            )
        };
        let everybody = "{ connection: shop, entitlement: group/till }, { connection: desk, entitlement: group/crew }";
        let mut roles = role("seasonal", r#"person.kind == "employee""#, everybody);
        for site in 0..SITES {
            let grant = format!("{{ connection: ldap, entitlement: group/site{site} }}");
            roles += &role(&format!("site-{site}"), &format!(r#"person.site == "Site {site}""#), &grant);
        }
        let mail = format!(
            "---\napiVersion: tenure/v1\nkind: Channel\nmetadata: {{ name: post }}\nspec:\n  via: mail\n  config: {{ server: \
             \"{}\", tls: none, from: tenure@example.org }}\n---\napiVersion: tenure/v1\nkind: Notice\nmetadata: {{ name: \
             welcome }}\nspec:\n  on: workflow.told\n  channel: post\n  to: [\"{{{{ person.email }}}}\"]\n  message: {{ subject: \
             Welcome, text: \"Welcome\" }}\n",
            self.mail.server()
        );
        [hr, ldap, shop, desk, roles, mail].concat()
    }

    /// How many can use each system, how many cannot, and how many memberships there are.
    fn check(&self, (active, locked): (usize, usize), held: usize) -> Result<(), Trouble> {
        let entries =
            self.directory.search(BASE_DN, "(objectClass=inetOrgPerson)", &["memberOf", "pwdAccountLockedTime"]);
        let lines = |head: &str| entries.lines().filter(|line| line.starts_with(head)).count();
        let shut = lines("pwdAccountLockedTime: ");
        let ldap = (lines("dn: ") - shut, shut, lines("memberOf: "));
        let asked = |sql: &str| self.tables.sql(sql).parse::<usize>();
        let shop = (
            asked("SELECT count(*) FROM users WHERE active")?,
            asked("SELECT count(*) FROM users WHERE NOT active")?,
            asked("SELECT count(*) FROM held")?,
        );
        let counted = self.desk.counted();
        let desk = (counted.active, counted.locked, counted.held);
        let wanted = (active, locked, held);
        for (name, found) in [("ldap", ldap), ("shop", shop), ("desk", desk)] {
            if found != wanted {
                return Err(format!("{name} has {found:?} active, locked and memberships instead of {wanted:?}").into());
            }
        }
        if counted.twice > 0 {
            return Err(format!("{} people were made twice", counted.twice).into());
        }
        Ok(())
    }

    fn check_mails(&self, people: usize) -> Result<(), Trouble> {
        let mails = self.mail.mails().len();
        if mails == people { Ok(()) } else { Err(format!("{mails} mails went to {people} people").into()) }
    }
}
