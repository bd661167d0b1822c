//! The conformance suite of the contract, against real servers.

use futures::FutureExt as _;
use futures::future::BoxFuture;
use tenure_connect::Locator;
use tenure_connect::conformance::{Fixture, Witness, run};
use tenure_testkit::scim::{ScimKind, ScimServer};

use super::{attributes, connector, settings};

/// Everything that is there, asked for without the connector.
struct Everything<'a>(&'a ScimServer);

impl Witness for Everything<'_> {
    fn mark(&self) -> BoxFuture<'_, String> {
        async { format!("{:?} {:?}", self.0.users().await, self.0.groups().await) }.boxed()
    }
}

async fn suite(kind: ScimKind) {
    let server = ScimServer::start(kind).await;
    let fixture = Fixture {
        identifying_attribute: "externalId",
        attributes: &attributes,
        free_attribute: "title",
        naming_attribute: "userName",
        entitlements: [Locator::attribute("displayName", "staff"), Locator::attribute("displayName", "finance")],
        witness: &Everything(&server),
    };
    let report = run(&connector(settings(&server)), &fixture).await;
    assert!(report.is_green(), "{}:\n{report}", kind.name());
}

#[tokio::test]
async fn it_passes_the_suite_on_scim2_server() {
    suite(ScimKind::Scim2Server).await;
}

#[tokio::test]
async fn it_passes_the_suite_on_scimmy() {
    suite(ScimKind::Scimmy).await;
}
