//! The whole conformance suite of the contract, against a real host.

use tenure_testkit::held::{self, Peer};

use crate::ssh::conformance::{suite, troubles};

#[tokio::test]
async fn it_passes_the_suite_on_a_real_host() {
    let report = suite(None).await;
    held::hold("ssh", &Peer::real("a Linux host with OpenSSH", held::debian("openssh-server")), &report);
    assert!(report.left.is_empty(), "{report}");
}

#[tokio::test]
async fn every_trouble_that_is_planted_turns_it_red() {
    troubles().await;
}
