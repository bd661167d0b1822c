//! The conformance suite of the contract, against each real database.

use futures::FutureExt as _;
use futures::future::BoxFuture;
use tenure_connect::Locator;
use tenure_connect::conformance::{Fixture, Witness, run};

use super::{Peer, attributes, capture, connector};

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

#[tokio::test]
async fn it_passes_the_suite_on_each_database() {
    for peer in Peer::each().await {
        let fixture = Fixture {
            identifying_attribute: "employee_no",
            attributes: &attributes,
            free_attribute: Some("title"),
            naming_attribute: "username",
            entitlements: [Locator::attribute("name", "staff"), Locator::attribute("name", "finance")],
            witness: &Rows(&peer),
        };
        let report = run(&peer.connector(), &fixture).await;
        assert!(report.is_green(), "{}: {report}", peer.database(None)["kind"]);
        if matches!(peer, Peer::Postgresql(_)) {
            capture::make_slot(&peer);
            let report = run(&connector(capture::settings(&peer)), &fixture).await;
            assert!(report.is_green(), "with a slot: {report}");
            assert!(report.passed().contains(&"a_feed_tells_who_vanished"), "{report}");
        }
    }
}
