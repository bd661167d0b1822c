//! Trouble by trouble: what the suite must say of each.

use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use jiff::Timestamp;
use tenure_connect::chaos::{Chaos, Trouble};
use tenure_connect::conformance::{Fixture, Options, Report, Witness, run_with};
use tenure_connect::fake::FakeTarget;
use tenure_connect::{AnyConnector, Locator};
use tenure_model::{Attributes, SteppedClock, Value};

struct Writes(FakeTarget);

impl Witness for Writes {
    fn mark(&self) -> BoxFuture<'_, String> {
        async { self.0.writes().to_string() }.boxed()
    }
}

fn attributes(name: &str) -> Attributes {
    [("uid", name), ("cn", name), ("sn", "Lovelace")].map(|(key, value)| (key.to_owned(), Value::from(value))).into()
}

fn target() -> FakeTarget {
    FakeTarget::new(Arc::new(SteppedClock::at(Timestamp::UNIX_EPOCH))).with_groups(["staff", "finance"])
}

async fn conform(connector: &dyn AnyConnector, target: &FakeTarget, options: &Options) -> Report {
    let witness = Writes(target.clone());
    let fixture = Fixture {
        identifying_attribute: "employeeNumber",
        attributes: &attributes,
        free_attribute: Some("title"),
        naming_attribute: "uid",
        entitlements: [Locator::attribute("cn", "staff"), Locator::attribute("cn", "finance")],
        witness: &witness,
    };
    run_with(connector, &fixture, options).await
}

#[tokio::test(start_paused = true)]
async fn every_trouble_is_found_or_survived_as_the_contract_says() {
    let patient = Options { pages_max: 50, ..Options::patient() };
    for trouble in Trouble::ALL {
        let target = target();
        let chaos = Chaos::always(target.clone(), trouble);
        // What a caller comes through cannot be there all the time.
        if trouble.is_survived() {
            assert_eq!(trouble.found_by(), None, "{trouble:?}");
            continue;
        }
        let case = trouble.found_by().unwrap();
        let report = conform(&chaos, &target, &patient).await;
        assert!(report.failures().contains(&case), "{trouble:?} was not found by `{case}`:\n{report}");
        assert!(chaos.struck() > 0, "{trouble:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_passes_by_itself_is_survived_with_every_seed() {
    for trouble in Trouble::SURVIVED {
        for seed in 0..3 {
            let target = target();
            let chaos = Chaos::seeded(target.clone(), trouble, seed);
            let options = Options { case_time_max: std::time::Duration::from_mins(10), ..Options::patient() };
            let report = conform(&chaos, &target, &options).await;
            assert!(report.is_green(), "{trouble:?} with seed {seed}:\n{report}");
            assert!(chaos.struck() > 20, "{trouble:?} with seed {seed} struck {} times", chaos.struck());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_lost_response_is_never_a_second_account() {
    for seed in 0..3 {
        let target = target();
        let chaos = Chaos::seeded(target.clone(), Trouble::LostResponse, seed);
        let report = conform(&chaos, &target, &Options::patient()).await;
        assert!(report.is_green(), "{report}");
        let creations = target.effects().into_iter().filter(|effect| effect.what.starts_with("create ")).count();
        let names: std::collections::BTreeSet<_> =
            target.effects().into_iter().filter(|e| e.what.starts_with("create ")).map(|e| e.what).collect();
        // One case brings an account up to date by a creation, which is an effect of its own.
        assert!(creations <= names.len() + 1, "{creations} creations of {} accounts", names.len());
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_found_is_found_with_every_seed_too() {
    for trouble in [Trouble::EmptySuccess, Trouble::PartialPage, Trouble::StaleReads, Trouble::HiddenAccount] {
        for seed in 0..3 {
            let target = target();
            let chaos = Chaos::seeded(target.clone(), trouble, seed);
            let report = conform(&chaos, &target, &Options::patient()).await;
            assert!(!report.is_green(), "{trouble:?} with seed {seed}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_impatient_suite_calls_a_doubt_a_failure() {
    let target = target();
    let chaos = Chaos::seeded(target.clone(), Trouble::LostResponse, 1);
    assert!(!conform(&chaos, &target, &Options::default()).await.is_green());
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_makes_the_same_report() {
    let mut reports = Vec::new();
    for _ in 0..2 {
        let target = target();
        let chaos = Chaos::seeded(target.clone(), Trouble::HiddenAccount, 42);
        reports.push(conform(&chaos, &target, &Options::patient()).await.to_string());
    }
    assert_eq!(reports[0], reports[1]);
}
