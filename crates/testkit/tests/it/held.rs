//! The connector in memory, which has no room of tests of its own, held against the contract.

use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use tenure_connect::Locator;
use tenure_connect::conformance::{Fixture, Witness, run};
use tenure_connect::fake::FakeTarget;
use tenure_model::{Attributes, SystemClock, Value};
use tenure_testkit::held::{Peer, hold};

struct Writes<'a>(&'a FakeTarget);

impl Witness for Writes<'_> {
    fn mark(&self) -> BoxFuture<'_, String> {
        async { self.0.writes().to_string() }.boxed()
    }
}

fn attributes(name: &str) -> Attributes {
    [("uid", name), ("cn", name), ("sn", "Lovelace")].map(|(key, value)| (key.to_owned(), Value::from(value))).into()
}

#[tokio::test]
async fn it_passes_the_suite_in_memory() {
    let target = FakeTarget::new(Arc::new(SystemClock::new())).with_groups(["staff", "finance"]);
    let fixture = Fixture {
        identifying_attribute: "employeeNumber",
        attributes: &attributes,
        free_attribute: Some("title"),
        naming_attribute: "uid",
        entitlements: [Locator::attribute("cn", "staff"), Locator::attribute("cn", "finance")],
        witness: &Writes(&target),
    };
    let report = run(&target, &fixture).await;
    hold("memory", &Peer::real("itself, in memory", None), &report);
    assert!(report.left.is_empty(), "{report}");
}
