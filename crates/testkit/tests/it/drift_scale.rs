//! A million accounts in a real PostgreSQL, read by a house: nothing changed costs no row, and one
//! changed account is found. Prints its figures; run it with
//! `cargo xtask test testkit --all --name a_million_accounts`.

use std::sync::Arc;
use std::time::Duration;

use tenure_app::Cx;
use tenure_app::drift::adopt::adopt;
use tenure_app::drift::list;
use tenure_app::reconcile::turn::{Due, turn};
use tenure_model::{Actor, ConnectionName};
use tenure_server::house::{open, settings};
use tenure_store::readings::Tally;
use tenure_testkit::company::Company;
use tenure_testkit::databases;
use tenure_testkit::postgresql::Postgresql;

/// What the figures have to be below.
const TIME_MAX: Duration = Duration::from_mins(10);
const MEMORY_MAX_KIB: u64 = 1024 * 1024;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_accounts_cost_no_row_when_nothing_changed() {
    measure(1_000, "sqlite").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "minutes: reads a million accounts four times for each database"]
async fn a_million_accounts_are_read_and_the_one_that_drifted_is_found() {
    for database in databases::each().await {
        measure(1_000_000, &database.url).await;
    }
}

async fn measure(count: u64, database: &str) {
    let server = Postgresql::start().await;
    server.sql(
        &format!(
            "CREATE TABLE users (id bigint PRIMARY KEY, username text NOT NULL, employee_no text, email text, active boolean \
             NOT NULL); INSERT INTO users SELECT n, 'user' || n, 'X' || n, 'user' || n || '@example.org', true FROM \
             generate_series(1, {count}) n; ANALYZE users"
        ),
    );
    let company = Company::with_database(database, &server);
    let opened = open(&settings(Some(&company.config()), None).unwrap()).await.unwrap();
    let house = &opened.house;
    let read = async |what: &str| -> Tally {
        let began = house.clock.elapsed();
        let tally = turn(house, &shop(), Due::Whole, house.ids.uuid()).await.unwrap().unwrap();
        let took = house.clock.elapsed().saturating_sub(began);
        let (kind, memory) = (database.split(':').next().unwrap_or_default(), memory_kib());
        #[expect(clippy::print_stdout, reason = "the figures are what this is run for")]
        {
            println!(
                "{what} on {kind}: {} accounts in {:.1} s, peak {} MiB",
                tally.read,
                took.as_secs_f64(),
                memory / 1024
            );
        }
        assert!(took < TIME_MAX, "{what} took {took:?}");
        assert!(memory < MEMORY_MAX_KIB, "{what} took {memory} KiB");
        tally
    };
    let first = read("first reading").await;
    assert_eq!((first.read, first.new, first.orphans), (count, count, count), "{first:?}");
    let same = read("nothing changed").await;
    assert_eq!((same.read, same.new, same.changed, same.missing, same.doubt), (count, 0, 0, 0, None));
    // One of them is somebody's, and is changed by somebody else.
    let middle = count / 2;
    let cx = Cx::new(Arc::clone(house), Actor::system("test"));
    let sponsor = hire(&cx).await;
    adopt(&cx, shop(), middle.to_string(), sponsor, "it is watched".into()).await.unwrap();
    server.sql(&format!("UPDATE users SET email = 'thief@example.org' WHERE id = {middle}"));
    let found = read("one changed").await;
    assert_eq!((found.changed, found.drifts), (1, 1), "{found:?}");
    let open = list::list(&cx, Some(shop()), None, 10).await.unwrap();
    assert_eq!(open.len(), 1);
    server.sql(&format!("DELETE FROM users WHERE id = {middle}"));
    let gone = read("one gone").await;
    assert_eq!((gone.missing, gone.doubt), (1, None));
}

async fn hire(cx: &Cx) -> tenure_model::PersonId {
    use tenure_model::{Attributes, EventKind, IdentityKind, PersonKey};
    let started = EventKind::EmploymentStarted {
        kind: IdentityKind::Contractor,
        first_day: "2024-03-01".parse().unwrap(),
        zone: "UTC".parse().unwrap(),
        attributes: Attributes::from([("employeeId".into(), "E1".into())]),
    };
    let key = PersonKey { attribute: "employeeId".into(), value: "E1".into() };
    let hr = "hr".parse().unwrap();
    tenure_app::events::accept::accept(cx, hr, "1".into(), key, started).await.unwrap().person.unwrap()
}

fn shop() -> ConnectionName {
    "shop".parse().unwrap()
}

/// The most memory that this process ever had.
fn memory_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
}
