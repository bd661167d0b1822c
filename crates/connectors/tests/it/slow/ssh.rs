//! The whole conformance suite of the contract, against a real host.

use crate::ssh::conformance::suite;

#[tokio::test]
async fn it_passes_the_suite_on_a_real_host() {
    let report = suite(None).await;
    assert!(report.is_green() && report.left.is_empty(), "{report}");
    assert!(report.passed().len() >= 95, "{report}");
}
