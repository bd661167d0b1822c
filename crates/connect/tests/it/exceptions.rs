//! Exceptions: excused while they are true, and a failure once they are not.

use std::future::Future;
use std::sync::Arc;

use jiff::Timestamp;
use tenure_connect::chaos::{Chaos, Trouble};
use tenure_connect::conformance::{Ending, Fixture, Options, ThroughReading, names, run_with};
use tenure_connect::fake::FakeTarget;
use tenure_connect::{
    AnyConnector, Batch, Change, Checked, Connector, Description, Desired, Expectation, Locator, Operation, Outcome,
    Page, Query, Refusal, Verb, Verdict,
};
use tenure_model::{Attributes, Observed, SteppedClock, Value};

/// A connector that says something else of itself.
struct Saying<C>(C, Description);

impl<C: Connector> Connector for Saying<C> {
    fn describe(&self) -> &Description {
        &self.1
    }
    fn check(&self) -> impl Future<Output = Result<Checked, Refusal>> + Send {
        Connector::check(&self.0)
    }
    fn read(&self, query: &Query, page: &Page) -> impl Future<Output = Result<Batch, Refusal>> + Send {
        Connector::read(&self.0, query, page)
    }
    fn get(&self, locator: &Locator) -> impl Future<Output = Result<Option<Observed>, Refusal>> + Send {
        Connector::get(&self.0, locator)
    }
    fn plan(&self, desired: &Desired) -> impl Future<Output = Result<Vec<Change>, Refusal>> + Send {
        Connector::plan(&self.0, desired)
    }
    fn apply(&self, change: &Change, operation: &Operation) -> impl Future<Output = Outcome> + Send {
        Connector::apply(&self.0, change, operation)
    }
    fn verify(&self, expectation: &Expectation) -> impl Future<Output = Verdict> + Send {
        Connector::verify(&self.0, expectation)
    }
}

fn target() -> FakeTarget {
    FakeTarget::new(Arc::new(SteppedClock::at(Timestamp::UNIX_EPOCH))).with_groups(["staff", "finance"])
}

fn attributes(name: &str) -> Attributes {
    [("uid", name), ("cn", name), ("sn", "Lovelace")].map(|(key, value)| (key.to_owned(), Value::from(value))).into()
}

async fn ending(connector: &dyn AnyConnector, case: &str) -> Ending {
    let fixture = Fixture {
        identifying_attribute: "employeeNumber",
        attributes: &attributes,
        free_attribute: Some("title"),
        naming_attribute: "uid",
        entitlements: [Locator::attribute("cn", "staff"), Locator::attribute("cn", "finance")],
        witness: &ThroughReading(connector),
    };
    let options = Options { only: Some(case.to_owned()), ..Options::default() };
    let report = run_with(connector, &fixture, &options).await;
    let found = report.cases.into_iter().find(|(name, _)| *name == case);
    found.map_or_else(|| panic!("there is no case `{case}`"), |(_, ending)| ending)
}

fn with_exception(mut description: Description, case: &str, reason: &str) -> Description {
    description.exceptions.insert(case.to_owned(), reason.to_owned());
    description
}

#[tokio::test]
async fn a_declared_exception_is_excused_with_its_reason() {
    let blind = Chaos::always(target(), Trouble::BlindVerify);
    let case = "verify_denies_what_is_not_so";
    let description = with_exception(Connector::describe(&blind).clone(), case, "the system cannot be read");
    let Ending::Excused { reason, how } = ending(&Saying(blind, description), case).await else {
        panic!("not excused")
    };
    assert_eq!(reason, "the system cannot be read");
    assert!(how.contains("it is not"), "{how}");
}

#[tokio::test]
async fn an_exception_that_passes_is_a_failure() {
    let case = "create_is_seen";
    let description = with_exception(Connector::describe(&target()).clone(), case, "it was so last year");
    assert!(matches!(ending(&Saying(target(), description), case).await, Ending::Failed { .. }));
}

#[tokio::test]
async fn what_is_not_described_is_not_run_and_is_refused() {
    let mut description = Connector::describe(&target()).clone();
    description.verbs.remove(&Verb::Delete);
    let less = Saying(target(), description);
    let Ending::NotRun { why } = ending(&less, "delete_of_nobody_is_done").await else { panic!("it ran") };
    assert_eq!(why, "`delete` is not described");
    assert_eq!(ending(&less, "a_verb_that_is_not_described_is_refused").await, Ending::Passed);
}

#[tokio::test]
async fn a_description_that_contradicts_itself_is_found() {
    type Spoil = fn(&mut Description);
    let spoils: [(&str, Spoil); 9] = [
        ("the_kind_is_a_word", |d| d.kind = "My Kind".into()),
        ("every_attribute_is_described_once", |d| {
            let rule = d.classes[0].attributes[0].clone();
            d.classes[0].attributes.push(rule);
        }),
        ("every_class_has_a_name_and_an_id", |d| d.classes[0].id_attribute = "nothing".into()),
        ("the_limits_are_those_of_the_contract", |d| d.limits.page_objects_max = 0),
        ("every_artifact_is_declared", |d| d.surface.clear()),
        ("somebody_who_leaves_can_be_kept_out", |d| d.verbs.retain(|verb, _| *verb == Verb::Create)),
        ("ending_is_described_where_something_ends", |d| d.verbs.retain(|verb, _| *verb != Verb::End)),
        ("a_way_to_sign_in_is_declared", |d| d.credentials.clear()),
        ("every_exception_is_a_case_and_has_a_reason", |d| {
            d.exceptions.insert("no_such_case".into(), "because".into());
        }),
    ];
    for (case, spoil) in spoils {
        let mut description = Connector::describe(&target()).clone();
        spoil(&mut description);
        let ending = ending(&Saying(target(), description), case).await;
        assert!(matches!(ending, Ending::Failed { .. }), "{case}: {ending:?}");
    }
}

#[test]
fn there_are_at_least_sixty_cases_and_each_has_a_name_of_its_own() {
    let names = names();
    let distinct: std::collections::BTreeSet<_> = names.iter().collect();
    assert!(names.len() >= 60 && distinct.len() == names.len(), "{}", names.len());
}
