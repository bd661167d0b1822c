//! The conformance suite of the contract, against real servers.

use futures::FutureExt as _;
use futures::future::BoxFuture;
use tenure_connect::conformance::{Fixture, Options, Report, Witness, run_with};
use tenure_connect::{Locator, SecretRef};
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

async fn suite(kind: ScimKind, profile: &str) -> Report {
    let server = ScimServer::start(kind).await;
    let fixture = Fixture {
        identifying_attribute: "externalId",
        attributes: &attributes,
        free_attribute: Some("title"),
        naming_attribute: "userName",
        entitlements: [Locator::attribute("displayName", "staff"), Locator::attribute("displayName", "finance")],
        witness: &Everything(&server),
    };
    let mut settings = settings(&server);
    settings["profile"] = profile.into();
    settings["people"]["attributes"] = ATTRIBUTES.into();
    let password: SecretRef = format!("file:{}", server.token_file().display()).parse().unwrap();
    let options = Options { password: Some(password), ..Options::default() };
    run_with(&connector(settings), &fixture, &options).await
}

#[tokio::test]
async fn it_passes_the_suite_on_scim2_server() {
    let report = suite(ScimKind::Scim2Server, "rfc").await;
    assert!(report.is_green(), "{report}");
}

#[tokio::test]
async fn it_passes_the_suite_on_scimmy() {
    let report = suite(ScimKind::Scimmy, "rfc").await;
    assert!(report.is_green(), "{report}");
}

/// A profile that a server happens to understand must do there what it does elsewhere.
mod slow {
    use super::*;

    #[tokio::test]
    async fn whole_users_and_groups_are_as_good_as_changes() {
        for kind in ScimKind::ALL {
            let report = suite(kind, "okta-put").await;
            assert!(report.is_green(), "{}:\n{report}", kind.name());
        }
    }

    #[tokio::test]
    async fn a_part_without_a_path_is_as_good_as_paths() {
        let report = suite(ScimKind::Scimmy, "entra-2020").await;
        assert!(report.is_green(), "{report}");
    }

    /// To a server that keeps to the RFC, the old form of Entra empties the group.
    #[tokio::test]
    async fn the_suite_sees_a_profile_that_takes_everybody_out_of_a_group() {
        let report = suite(ScimKind::Scim2Server, "entra-legacy").await;
        assert!(report.failures().contains(&"revoke_touches_nobody_else"), "{report}");
    }
}
