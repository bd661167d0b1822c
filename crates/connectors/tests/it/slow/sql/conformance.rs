//! The conformance suite of the contract, against each real database.

use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use tenure_connect::Locator;
use tenure_connect::conformance::{Fixture, Options, Witness, run, run_with};
use tenure_model::{Attributes, Value};
use tenure_testkit::held;
use tenure_testkit::mariadb::Mariadb;
use tenure_testkit::plants::troubles_are_found;
use tenure_testkit::postgresql::Postgresql;

use super::{Peer, attributes, capture, connector};

/// How long a case may take that hears of every change from a log.
const CASE_TIME_MAX: Duration = Duration::from_mins(5);

/// Everything that is in the tables, read with the database's own client.
struct Rows<'a>(&'a Peer);

impl Witness for Rows<'_> {
    fn mark(&self) -> BoxFuture<'_, String> {
        async {
            ["people", "phones", "roles", "person_roles"]
                .map(|table| self.0.sql(&format!("SELECT * FROM {table}")))
                .join("\n")
        }
        .boxed()
    }
}

/// With something besides that is not spoken of.
fn graded(name: &str) -> Attributes {
    let mut attributes = attributes(name);
    attributes.insert("grade".to_owned(), Value::Number(7));
    attributes
}

fn fixture<'a>(rows: &'a Rows<'_>) -> Fixture<'a> {
    Fixture {
        identifying_attribute: "employee_no",
        attributes: &graded,
        free_attribute: Some("title"),
        naming_attribute: "username",
        entitlements: [Locator::attribute("name", "staff"), Locator::attribute("name", "finance")],
        witness: rows,
    }
}

async fn suite(peer: Peer) {
    let peer = peer.with_tables();
    let report = run(&peer.connector(), &fixture(&Rows(&peer))).await;
    held::hold("sql", &named(&peer), &report);
}

#[tokio::test]
async fn it_passes_the_suite_on_postgresql() {
    suite(Peer::Postgresql(Postgresql::start().await)).await;
}

#[tokio::test]
async fn it_passes_the_suite_on_mariadb() {
    suite(Peer::Mariadb(Mariadb::start().await)).await;
}

#[tokio::test]
async fn it_passes_the_suite_on_sqlite() {
    suite(Peer::sqlite()).await;
}

/// Another way to the same server, which is not recorded: whoever reads the log of PostgreSQL waits
/// for it, and how long depends on what else the machine does.
#[tokio::test]
async fn the_suite_is_green_with_a_slot() {
    let peer = Peer::Postgresql(Postgresql::start().await).with_tables();
    capture::make_slot(&peer);
    let options = Options { case_time_max: CASE_TIME_MAX, ..Options::default() };
    let report = run_with(&connector(capture::settings(&peer)), &fixture(&Rows(&peer)), &options).await;
    assert!(report.is_green() && report.passed().contains(&"a_feed_tells_who_vanished"), "{report}");
}

/// A database with the version that it says of itself.
fn named(peer: &Peer) -> held::Peer {
    let said = |asked| peer.sql(asked).split(['-', ' ', '\n']).next().map(str::to_owned);
    match peer {
        Peer::Postgresql(_) => held::Peer::real("PostgreSQL", said("SHOW server_version")),
        Peer::Mariadb(_) => held::Peer::real("MariaDB", said("SELECT version()")),
        Peer::Sqlite(_) => held::Peer::real("SQLite", said("SELECT sqlite_version()")),
    }
}

#[tokio::test]
async fn every_trouble_that_is_planted_turns_it_red() {
    let peer = Peer::sqlite().with_tables();
    troubles_are_found(|| peer.connector(), &fixture(&Rows(&peer)), &Options::default(), &[]).await;
}
