//! What the fake target promises to the tests that rely on it.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use jiff::Timestamp;
use tenure_model::{AccountState, Attributes, SteppedClock, Value};

use super::{FakeTarget, Fault};
use crate::change::{Change, Operation, Write};
use crate::conformance::{self, Fixture, Report, Witness};
use crate::connector::AnyConnector;
use crate::desired::Desired;
use crate::expectation::{Expectation, Verdict};
use crate::locator::Locator;
use crate::outcome::{DoubtKind, Outcome};
use crate::refusal::{Refusal, RefusalClass};

impl Witness for FakeTarget {
    fn mark(&self) -> BoxFuture<'_, String> {
        async { self.writes().to_string() }.boxed()
    }
}

fn target() -> FakeTarget {
    FakeTarget::new(Arc::new(SteppedClock::at(Timestamp::UNIX_EPOCH))).with_groups(["staff", "finance"])
}

fn attributes(name: &str) -> Attributes {
    [("uid", name), ("cn", name), ("sn", "Lovelace")].map(|(key, value)| (key.to_owned(), Value::from(value))).into()
}

fn with_ada() -> FakeTarget {
    target().with_account(attributes("ada"), &["staff"])
}

fn ada() -> Locator {
    Locator::attribute("uid", "ada")
}

fn operation(generation: i64) -> Operation {
    Operation { key: "0a".parse().unwrap(), generation }
}

fn disable() -> Change {
    Change::new(ada(), Write::Disable)
}

async fn conform(target: &FakeTarget) -> Report {
    let fixture = Fixture {
        identifying_attribute: "employeeNumber",
        attributes: &attributes,
        free_attribute: Some("title"),
        naming_attribute: "uid",
        entitlements: [Locator::attribute("cn", "staff"), Locator::attribute("cn", "finance")],
        witness: target,
    };
    conformance::run(target, &fixture).await
}

#[tokio::test]
async fn the_fake_passes_the_suite() {
    let report = conform(&target()).await;
    assert!(report.is_green(), "{report}");
}

#[tokio::test]
async fn a_fake_that_lies_fails_the_suite() {
    let target = target();
    target.always(Some(Fault::Lie));
    let report = conform(&target).await;
    for case in ["create_is_seen", "disable_twice_is_disabled", "grant_twice_is_held_once"] {
        assert!(report.failures().contains(&case), "{report}");
    }
}

#[tokio::test]
async fn a_fake_whose_answers_get_lost_fails_the_suite() {
    let target = target();
    target.always(Some(Fault::LoseResponse));
    assert!(!conform(&target).await.is_green());
}

#[tokio::test]
async fn planning_writes_nothing_and_says_what_it_would_do() {
    let target = with_ada();
    let plan = target.plan(&Desired::Disabled { account: ada() }).await.unwrap();
    assert_eq!(plan.iter().map(|change| change.summary.as_str()).collect::<Vec<_>>(), ["disable uid=ada"]);
    assert_eq!((target.writes(), target.effects().len()), (0, 0));
}

#[tokio::test]
async fn a_lost_response_is_unknown_though_the_write_happened() {
    let target = with_ada();
    target.inject(Fault::LoseResponse);
    let Outcome::Unknown(doubt) = target.apply(&disable(), &operation(3)).await else { panic!("known") };
    assert_eq!(doubt.kind, DoubtKind::LostResponse);
    assert_eq!(target.account("ada").unwrap().state, AccountState::Disabled);
    let effects = target.effects();
    assert_eq!((effects.len(), effects[0].operation.generation), (1, 3));
    assert!(target.verify(&Expectation::after(&disable())).await.is_met());
}

#[tokio::test]
async fn success_without_effect_is_unknown_and_verify_says_the_truth() {
    let target = with_ada();
    target.inject(Fault::NoEffect);
    let Outcome::Unknown(doubt) = target.apply(&disable(), &operation(1)).await else { panic!("known") };
    assert_eq!(doubt.kind, DoubtKind::NotSeen);
    target.inject(Fault::Lie);
    assert!(target.apply(&disable(), &operation(1)).await.seen().is_some());
    assert!(matches!(target.verify(&Expectation::after(&disable())).await, Verdict::Unmet { .. }));
    assert!(target.effects().is_empty());
}

#[tokio::test]
async fn a_transient_refusal_passes_after_so_many_times() {
    let target = with_ada();
    target.refuse_times(2, &Refusal::new(RefusalClass::Rate, "slow down").after(Duration::from_secs(2)));
    for _ in 0..2 {
        let Outcome::Refused(refusal) = target.apply(&disable(), &operation(1)).await else { panic!("not refused") };
        assert!(refusal.retry());
    }
    assert!(target.apply(&disable(), &operation(1)).await.seen().is_some());
}

#[tokio::test]
async fn a_stale_read_after_a_write_leaves_a_doubt() {
    let target = with_ada();
    target.serve_stale_reads(1);
    let Outcome::Unknown(doubt) = target.apply(&disable(), &operation(1)).await else { panic!("known") };
    assert_eq!(doubt.kind, DoubtKind::NotSeen);
    assert!(target.verify(&Expectation::after(&disable())).await.is_met());
}

#[tokio::test]
async fn a_paused_target_lets_the_write_in_when_it_resumes() {
    let target = with_ada();
    target.pause();
    let writer = tokio::spawn({
        let target = target.clone();
        async move { target.apply(&disable(), &operation(1)).await }
    });
    assert!(target.until_waiting(1, Duration::from_secs(5)).await);
    assert_eq!(target.writes(), 0);
    target.resume();
    assert!(writer.await.unwrap().seen().is_some());
    assert_eq!(target.writes(), 1);
}
