//! The conformance suite of the contract, against real servers.

use futures::FutureExt as _;
use futures::future::BoxFuture;
use serde_json::Value as Json;
use tenure_connect::conformance::{Fixture, Options, Report, Witness, run_with};
use tenure_connect::{Locator, SecretRef};
use tenure_testkit::held::{self, Peer};
use tenure_testkit::plants::troubles_are_found;
use tenure_testkit::scim::{ScimKind, ScimServer};

use super::{attributes, connector, settings};

/// Everything that is there, asked for without the connector.
struct Everything<'a>(&'a ScimServer);

impl Witness for Everything<'_> {
    fn mark(&self) -> BoxFuture<'_, String> {
        async { format!("{:?} {:?}", self.0.users().await, self.0.groups().await) }.boxed()
    }
}

/// More than are usual: one that can have several values.
const ATTRIBUTES: [&str; 7] =
    ["userName", "externalId", "name.familyName", "title", "emails[type eq \"work\"].value", "department", "roles"];

fn fixture<'a>(everything: &'a Everything<'_>) -> Fixture<'a> {
    Fixture {
        identifying_attribute: "externalId",
        attributes: &attributes,
        free_attribute: Some("title"),
        naming_attribute: "userName",
        entitlements: [Locator::attribute("displayName", "staff"), Locator::attribute("displayName", "finance")],
        witness: everything,
    }
}

fn with_profile(server: &ScimServer, profile: &str) -> Json {
    let mut settings = settings(server);
    settings["profile"] = profile.into();
    settings["people"]["attributes"] = ATTRIBUTES.into();
    settings
}

async fn suite(kind: ScimKind, profile: &str) -> Report {
    let server = ScimServer::start(kind).await;
    let password: SecretRef = format!("file:{}", server.token_file().display()).parse().unwrap();
    let options = Options { password: Some(password), ..Options::default() };
    run_with(&connector(with_profile(&server, profile)), &fixture(&Everything(&server)), &options).await
}

#[tokio::test]
async fn it_passes_the_suite_on_scim2_server() {
    let report = suite(ScimKind::Scim2Server, "rfc").await;
    held::hold("scim", &peer(ScimKind::Scim2Server), &report);
}

#[tokio::test]
async fn it_passes_the_suite_on_scimmy() {
    let report = suite(ScimKind::Scimmy, "rfc").await;
    held::hold("scim", &peer(ScimKind::Scimmy), &report);
}

fn peer(kind: ScimKind) -> Peer {
    let version = match kind {
        ScimKind::Scim2Server => held::python(kind.name()),
        ScimKind::Scimmy => held::node(kind.name()),
    };
    Peer::real(kind.name(), version)
}

/// A profile that a server happens to understand must do there what it does elsewhere.
mod slow {
    use super::*;

    #[tokio::test]
    async fn it_passes_the_suite_with_whole_users_and_groups() {
        for kind in ScimKind::ALL {
            let report = suite(kind, "okta-put").await;
            held::hold("scim", &peer(kind).by("by the profile `okta-put`"), &report);
        }
    }

    #[tokio::test]
    async fn it_passes_the_suite_with_a_part_without_a_path() {
        let report = suite(ScimKind::Scimmy, "entra-2020").await;
        held::hold("scim", &peer(ScimKind::Scimmy).by("by the profile `entra-2020`"), &report);
    }

    #[tokio::test]
    async fn every_trouble_that_is_planted_turns_it_red() {
        let server = ScimServer::start(ScimKind::Scimmy).await;
        let make = || connector(with_profile(&server, "rfc"));
        troubles_are_found(make, &fixture(&Everything(&server)), &Options::default(), &[]).await;
    }

    /// To a server that keeps to the RFC, the old form of Entra empties the group.
    #[tokio::test]
    async fn the_suite_sees_a_profile_that_takes_everybody_out_of_a_group() {
        let report = suite(ScimKind::Scim2Server, "entra-legacy").await;
        assert!(report.failures().contains(&"revoke_touches_nobody_else"), "{report}");
    }
}
