//! The conformance suite of the contract, against a real domain controller.

use futures::FutureExt as _;
use futures::future::BoxFuture;
use tenure_connect::Locator;
use tenure_connect::chaos::Trouble;
use tenure_connect::conformance::{Fixture, Options, Report, Witness, run_with};
use tenure_connectors::ldap::AdConfig;
use tenure_connectors::ldap::ad::AdChanges;
use tenure_testkit::held::{self, Peer};
use tenure_testkit::plants::troubles_are_found;
use tenure_testkit::samba::{BASE_DN, Samba};

use crate::ad::{attributes, config, connector};

/// The update numbers of every object, read with a client of somebody else.
struct UpdateNumbers<'a>(&'a Samba);

impl Witness for UpdateNumbers<'_> {
    fn mark(&self) -> BoxFuture<'_, String> {
        async { self.0.search(BASE_DN, "(objectClass=*)", &["uSNChanged"]) }.boxed()
    }
}

fn fixture<'a>(numbers: &'a UpdateNumbers<'_>) -> Fixture<'a> {
    Fixture {
        // An `employeeID` has 16 characters at most, which hostile names exceed.
        identifying_attribute: "employeeNumber",
        attributes: &attributes,
        free_attribute: Some("title"),
        naming_attribute: "cn",
        entitlements: [Locator::attribute("cn", "staff"), Locator::attribute("cn", "finance")],
        witness: numbers,
    }
}

fn with_number(mut settings: AdConfig) -> AdConfig {
    settings.people.attributes.push("employeeNumber".to_owned());
    settings
}

async fn run(samba: &Samba, settings: AdConfig, only: Option<&str>) -> Report {
    let password = format!("file:{}", samba.password_file().display()).parse().unwrap();
    let options = Options { password: Some(password), only: only.map(str::to_owned), ..Options::default() };
    run_with(&connector(with_number(settings)), &fixture(&UpdateNumbers(samba)), &options).await
}

#[tokio::test]
async fn it_passes_the_suite_on_a_real_domain_controller() {
    let samba = Samba::start().await;
    let report = run(&samba, config(&samba), None).await;
    held::hold("ad", &Peer::real("Samba AD DC", held::debian("samba")), &report);
    assert!(report.left.is_empty(), "{report}");
}

#[tokio::test]
async fn every_trouble_that_is_planted_turns_it_red() {
    let samba = Samba::start().await;
    let numbers = UpdateNumbers(&samba);
    let make = || connector(with_number(config(&samba)));
    // A directory says nowhere how many there are.
    troubles_are_found(make, &fixture(&numbers), &Options::default(), &[Trouble::WrongCount]).await;
}

#[tokio::test]
async fn its_cases_of_a_feed_pass_by_update_numbers_too() {
    let samba = Samba::start().await;
    let report = run(&samba, AdConfig { changes: AdChanges::UpdateNumbers, ..config(&samba) }, Some("feed")).await;
    assert!(report.is_green() && report.passed().len() >= 3, "{report}");
}
