//! What every connector has to do, as cases that run against any of them.
//!
//! A case uses the contract only, and a [`Witness`] that looks at the system past the connector.
//! Each case makes its own accounts, so that one failure does not cause another.

mod cases;
mod reading;
mod steps;

use std::fmt;

use futures::future::BoxFuture;
use tenure_model::Attributes;

use crate::connector::AnyConnector;
use crate::locator::Locator;

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
    /// An attribute that can be set and cleared freely.
    pub free_attribute: &'a str,
    /// The attribute that must be unique among names, with which a stranger's account collides.
    pub naming_attribute: &'a str,
    /// Two entitlements that the suite may give and take.
    pub entitlements: [Locator; 2],
    /// Who looks past the connector.
    pub witness: &'a dyn Witness,
}

/// How a case ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// As it should.
    Passed,
    /// Otherwise, and how.
    Failed(String),
}

/// What the suite found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Every case by name, in the order in which they ran.
    pub cases: Vec<(&'static str, Ending)>,
}

impl Report {
    /// Whether every case passed.
    pub fn is_green(&self) -> bool {
        self.failures().is_empty()
    }

    /// The names of the cases that failed.
    pub fn failures(&self) -> Vec<&'static str> {
        self.cases.iter().filter(|(_, ending)| *ending != Ending::Passed).map(|(name, _)| *name).collect()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, ending) in &self.cases {
            match ending {
                Ending::Passed => writeln!(f, "passed  {name}")?,
                Ending::Failed(how) => writeln!(f, "FAILED  {name}: {how}")?,
            }
        }
        write!(f, "{} cases, {} failed", self.cases.len(), self.failures().len())
    }
}

/// Runs every case against the connector, one after the other.
pub async fn run(connector: &dyn AnyConnector, fixture: &Fixture<'_>) -> Report {
    let mut cases = Vec::new();
    for (name, case) in cases::ALL {
        let bench = steps::Bench { connector, fixture, case: name };
        let ending = match case(&bench).await {
            Ok(()) => Ending::Passed,
            Err(how) => Ending::Failed(how),
        };
        cases.push((name, ending));
    }
    Report { cases }
}
