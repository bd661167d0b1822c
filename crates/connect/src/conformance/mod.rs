//! What every connector has to do, as cases that run against any of them.
//!
//! A case uses the contract only, and a [`Witness`] that looks at the system past the connector.
//! Each case makes its own accounts, so that one failure does not cause another, and takes them
//! away again. Every write is made twice under the same key. A case that needs what the connector
//! does not describe is not run, and says so; one that the connector declares as an exception is
//! excused, and fails if it passes after all.

mod acting;
mod describing;
mod entitling;
mod feeding;
mod filtering;
mod hostile;
mod leaving;
mod making;
mod paging;
mod planning;
mod reading;
mod report;
mod setting;
mod steps;
mod ticketing;
mod together;
mod undoing;
mod witness;

use std::sync::Mutex;
use std::time::Duration;

use futures::future::BoxFuture;
use tenure_model::Attributes;

use crate::connector::AnyConnector;
use crate::limits::{CONFORMANCE_CASE_TIME_MAX, CONFORMANCE_PAGES_MAX, CONFORMANCE_TRIES_MAX, CONFORMANCE_WAITS_MAX};
use crate::locator::Locator;
use crate::secret::SecretRef;

pub use report::{Ending, Report};
pub use witness::ThroughReading;

use steps::{Bench, Step, Stop};

/// Looks at the connected system without the connector.
pub trait Witness: Send + Sync {
    /// A text that is another one after every write to the system.
    fn mark(&self) -> BoxFuture<'_, String>;
}

/// What the suite must know of a system to run against it.
pub struct Fixture<'a> {
    /// The attribute that identifies the suite's accounts; it must be unique and searchable.
    pub identifying_attribute: &'a str,
    /// The attributes of a new account of this name, without the identifying one.
    pub attributes: &'a (dyn Fn(&str) -> Attributes + Send + Sync),
    /// An attribute that can be set and cleared freely; none where accounts have nothing of the kind.
    pub free_attribute: Option<&'a str>,
    /// The attribute that must be unique among names, with which a stranger's account collides.
    pub naming_attribute: &'a str,
    /// Two entitlements that the suite may give and take.
    pub entitlements: [Locator; 2],
    /// Who looks past the connector.
    pub witness: &'a dyn Witness,
}

/// How the suite runs.
#[derive(Debug, Clone)]
pub struct Options {
    /// How the names of everything that it makes begin.
    pub prefix: String,
    /// Whether the entitlements of the fixture are there and may be given and taken.
    pub entitlements: bool,
    /// A password that may be set on the suite's own accounts.
    pub password: Option<SecretRef>,
    /// Two accounts for which something may be done and taken back, where none can be made. They are
    /// there for tests: nothing is done for whoever uses theirs.
    pub lent: Option<[Locator; 2]>,
    /// How often a refusal that passes by itself, or a doubt, is followed by another try. None
    /// at all where the way to the system is sound.
    pub tries: u32,
    /// How long one case may take, where writes are seen at once.
    pub case_time_max: Duration,
    /// How many objects a small page has: fewer than a case makes, or more where the population of
    /// a system is read besides.
    pub page_objects: u32,
    /// How many pages are read before a reading is called endless.
    pub pages_max: usize,
    /// Only cases whose name contains this; all if none.
    pub only: Option<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            prefix: String::new(),
            entitlements: true,
            password: None,
            lent: None,
            tries: 0,
            case_time_max: CONFORMANCE_CASE_TIME_MAX,
            page_objects: 2,
            pages_max: CONFORMANCE_PAGES_MAX,
            only: None,
        }
    }
}

impl Options {
    /// For a way to the system that loses, delays and repeats: what passes by itself is tried
    /// again, and a doubt is looked into before anything else.
    pub fn patient() -> Self {
        Self { tries: CONFORMANCE_TRIES_MAX, ..Self::default() }
    }
}

type Case = for<'a> fn(&'a Bench<'a>) -> BoxFuture<'a, Step>;

macro_rules! cases {
    ($($case:ident),* $(,)?) => {
        pub(super) const CASES: &[(&str, super::Case)] = &[
            $((stringify!($case), |bench| futures::FutureExt::boxed($case(bench)))),*
        ];
    };
}
use cases;

/// Every case, by the name of its function, in the order in which they run.
fn every_case() -> impl Iterator<Item = &'static (&'static str, Case)> {
    [
        describing::CASES,
        reading::CASES,
        paging::CASES,
        filtering::CASES,
        feeding::CASES,
        planning::CASES,
        making::CASES,
        setting::CASES,
        entitling::CASES,
        leaving::CASES,
        undoing::CASES,
        together::CASES,
        hostile::CASES,
        ticketing::CASES,
        acting::CASES,
    ]
    .into_iter()
    .flatten()
}

/// The names of every case.
pub fn names() -> Vec<&'static str> {
    every_case().map(|(name, _)| *name).collect()
}

/// Runs every case against the connector, one after the other.
pub async fn run(connector: &dyn AnyConnector, fixture: &Fixture<'_>) -> Report {
    run_with(connector, fixture, &Options::default()).await
}

/// Runs the cases in this way.
pub async fn run_with(connector: &dyn AnyConnector, fixture: &Fixture<'_>, options: &Options) -> Report {
    let mut report = Report::default();
    let description = connector.describe();
    let exceptions = &description.exceptions;
    let time_max = options.case_time_max + description.consistency_delay * CONFORMANCE_WAITS_MAX;
    for (place, (name, case)) in every_case().enumerate() {
        if options.only.as_ref().is_some_and(|part| !name.contains(part.as_str())) {
            continue;
        }
        let tag = format!("{}c{place:02}", options.prefix);
        let bench = Bench { connector, fixture, options, tag, made: Mutex::default() };
        let ran = tokio::time::timeout(time_max, case(&bench)).await;
        let ending = match ran.unwrap_or_else(|_| Err(steps::too_slow(time_max))) {
            Ok(()) => Ending::Passed,
            Err(Stop::Failed(how)) => Ending::Failed { how },
            Err(Stop::NotRun(why)) => Ending::NotRun { why },
        };
        report.cases.push((name, ending.or_excused(exceptions.get(*name))));
        let swept = tokio::time::timeout(time_max, bench.sweep()).await;
        report.left.extend(swept.unwrap_or_else(|_| vec![format!("everything of `{name}`: it took too long")]));
    }
    report
}
