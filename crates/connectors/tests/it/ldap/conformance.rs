//! The conformance suite of the contract, against a real directory.

use futures::FutureExt as _;
use futures::future::BoxFuture;
use tenure_connect::Locator;
use tenure_connect::conformance::{Fixture, Options, Report, Witness, run_with};
use tenure_connectors::ldap::{ChangeSource, LdapConfig};
use tenure_model::{Attributes, Value};
use tenure_testkit::held::{self, Peer};
use tenure_testkit::plants::troubles_are_found;
use tenure_testkit::slapd::{BASE_DN, Keeps, Slapd};

use super::{config, connector};

/// The change numbers of every entry, read with the server's own client.
struct ChangeNumbers<'a>(&'a Slapd);

impl Witness for ChangeNumbers<'_> {
    fn mark(&self) -> BoxFuture<'_, String> {
        async { self.0.search(BASE_DN, "(objectClass=*)", &["entryCSN"]) }.boxed()
    }
}

/// With something besides that nobody needs to have.
fn attributes(name: &str) -> Attributes {
    let mut attributes = super::attributes(name);
    attributes.insert("displayName".to_owned(), Value::from("Ada Lovelace"));
    attributes
}

fn fixture<'a>(witness: &'a ChangeNumbers<'_>) -> Fixture<'a> {
    Fixture {
        identifying_attribute: "employeeNumber",
        attributes: &attributes,
        free_attribute: Some("title"),
        naming_attribute: "uid",
        entitlements: [Locator::attribute("cn", "staff"), Locator::attribute("cn", "finance")],
        witness,
    }
}

async fn run(slapd: &Slapd, settings: LdapConfig, only: Option<&str>) -> Report {
    let password = format!("file:{}", slapd.password_file().display()).parse().unwrap();
    let options = Options { password: Some(password), only: only.map(str::to_owned), ..Options::default() };
    run_with(&connector(settings), &fixture(&ChangeNumbers(slapd)), &options).await
}

#[tokio::test]
async fn it_passes_the_suite_on_a_real_server() {
    let slapd = Slapd::start().await;
    let report = run(&slapd, config(&slapd), None).await;
    held::hold("ldap", &Peer::real("OpenLDAP slapd", held::debian("slapd")), &report);
    assert!(report.left.is_empty(), "{report}");
}

#[tokio::test]
async fn its_cases_of_a_feed_pass_in_every_way() {
    for (keeps, changes) in [
        (Keeps::Session, ChangeSource::Syncrepl),
        (Keeps::Log, ChangeSource::Accesslog),
        (Keeps::ContextAlone, ChangeSource::Announced),
    ] {
        let slapd = Slapd::start_keeping(keeps).await;
        let report = run(&slapd, LdapConfig { changes, ..config(&slapd) }, Some("feed")).await;
        let least = if changes == ChangeSource::Announced { 3 } else { 4 };
        assert!(report.is_green() && report.passed().len() >= least, "{changes:?}: {report}");
    }
}

mod slow {
    use tenure_connect::chaos::Trouble;

    use super::*;

    #[tokio::test]
    async fn every_trouble_that_is_planted_turns_it_red() {
        let slapd = Slapd::start().await;
        let witness = ChangeNumbers(&slapd);
        // A directory says nowhere how many there are.
        let beyond = [Trouble::WrongCount];
        troubles_are_found(|| connector(config(&slapd)), &fixture(&witness), &Options::default(), &beyond).await;
    }
}
