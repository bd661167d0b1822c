//! The conformance suite of the contract, against a real host.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use futures::FutureExt as _;
use futures::future::BoxFuture;
use serde_json::json;
use tenure_connect::conformance::{Fixture, Options, Report, Witness, run_with};
use tenure_connect::{Locator, SecretRef};
use tenure_model::{Attributes, Value};
use tenure_testkit::held::{self, Peer};
use tenure_testkit::host::Host;
use tenure_testkit::plants::troubles_are_found;

use super::connector;

/// The files that say who may get in, and everything about the folders of accounts.
struct Files<'a>(&'a Host);

impl Witness for Files<'_> {
    fn mark(&self) -> BoxFuture<'_, String> {
        async { self.0.mark() + &self.0.folders() }.boxed()
    }
}

/// A login for a name; where the name could be none, another that stands for it.
fn attributes(name: &str) -> Attributes {
    let plain = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    let login = if plain && name.len() <= 32 { name.to_owned() } else { format!("h{:x}", hasher.finish()) };
    [("login".to_owned(), Value::from(login)), ("fullName".to_owned(), Value::from("Ada, Countess: 100%"))].into()
}

fn fixture<'a>(files: &'a Files<'_>) -> Fixture<'a> {
    Fixture {
        identifying_attribute: "other",
        attributes: &attributes,
        free_attribute: Some("room"),
        naming_attribute: "login",
        entitlements: [Locator::attribute("name", "staff"), Locator::attribute("name", "finance")],
        witness: files,
    }
}

/// Runs the cases whose names contain this, or all.
async fn suite(only: Option<&str>) -> Report {
    let host = Host::start().await;
    host.run("mkdir -m 755 /var/lib/drives");
    let secret = host.file("password");
    std::fs::write(&secret, "correct horse: battery's \\ \"staple\"").unwrap();
    std::fs::set_permissions(&secret, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let only = only.map(str::to_owned);
    let options = Options { password: Some(SecretRef::File(secret)), only, ..Options::default() };
    run_with(&connector(&host, &json!({})), &fixture(&Files(&host)), &options).await
}

/// What is done twice is the heart of it; the whole suite is among the slow tests.
#[tokio::test]
async fn what_is_done_twice_is_so_once() {
    let report = suite(Some("twice")).await;
    assert!(report.is_green() && report.left.is_empty(), "{report}");
    assert!(report.passed().len() >= 5, "{report}");
}

mod slow {
    use super::*;

    #[tokio::test]
    async fn it_passes_the_suite_on_a_real_host() {
        let report = suite(None).await;
        held::hold("ssh", &Peer::real("a Linux host with OpenSSH", held::debian("openssh-server")), &report);
        assert!(report.left.is_empty(), "{report}");
    }

    #[tokio::test]
    async fn every_trouble_that_is_planted_turns_it_red() {
        let host = Host::start().await;
        host.run("mkdir -m 755 /var/lib/drives");
        let make = || connector(&host, &json!({}));
        troubles_are_found(make, &fixture(&Files(&host)), &Options::default(), &[]).await;
    }
}
