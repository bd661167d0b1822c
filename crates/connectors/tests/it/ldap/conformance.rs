//! The conformance suite of the contract, against a real directory.

use futures::FutureExt as _;
use futures::future::BoxFuture;
use tenure_connect::Locator;
use tenure_connect::conformance::{Fixture, Options, Witness, run_with};
use tenure_testkit::slapd::{BASE_DN, Slapd};

use super::{attributes, config, connector};

/// The change numbers of every entry, read with the server's own client.
struct ChangeNumbers<'a>(&'a Slapd);

impl Witness for ChangeNumbers<'_> {
    fn mark(&self) -> BoxFuture<'_, String> {
        async { self.0.search(BASE_DN, "(objectClass=*)", &["entryCSN"]) }.boxed()
    }
}

#[tokio::test]
async fn it_passes_the_suite_on_a_real_server() {
    let slapd = Slapd::start().await;
    let fixture = Fixture {
        identifying_attribute: "employeeNumber",
        attributes: &attributes,
        free_attribute: "title",
        naming_attribute: "uid",
        entitlements: [Locator::attribute("cn", "staff"), Locator::attribute("cn", "finance")],
        witness: &ChangeNumbers(&slapd),
    };
    let password = format!("file:{}", slapd.password_file().display()).parse().unwrap();
    let options = Options { password: Some(password), ..Options::default() };
    let report = run_with(&connector(config(&slapd)), &fixture, &options).await;
    assert!(report.is_green() && report.left.is_empty(), "{report}");
    assert!(report.passed().len() >= 100, "{report}");
}
