//! The contract itself, in the form connectors are written in and the form they are kept in.

use std::future::Future;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};
use tenure_model::Observed;

use crate::change::{Change, Operation};
use crate::description::Description;
use crate::desired::Desired;
use crate::expectation::{Expectation, Verdict};
use crate::locator::Locator;
use crate::outcome::Outcome;
use crate::query::{Batch, Page, Query};
use crate::refusal::Refusal;

/// What a test of the connection found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Checked {
    /// Who answered, in words for a human.
    pub peer: String,
}

/// A way to a connected system. Implement this; hold an [`AnyConnector`].
pub trait Connector: Send + Sync {
    /// What it can do.
    fn describe(&self) -> &Description;

    /// Whether the system can be reached and lets us in.
    fn check(&self) -> impl Future<Output = Result<Checked, Refusal>> + Send;

    /// A page of objects.
    fn read(&self, query: &Query, page: &Page) -> impl Future<Output = Result<Batch, Refusal>> + Send;

    /// One account, or none. More than one that answers to the locator is a refusal.
    fn get(&self, locator: &Locator) -> impl Future<Output = Result<Option<Observed>, Refusal>> + Send;

    /// The writes that would make it so. Reads only; empty when it is so already.
    fn plan(&self, desired: &Desired) -> impl Future<Output = Result<Vec<Change>, Refusal>> + Send;

    /// Makes one write and reads it back.
    fn apply(&self, change: &Change, operation: &Operation) -> impl Future<Output = Outcome> + Send;

    /// Looks whether something is so, by another call than the write.
    fn verify(&self, expectation: &Expectation) -> impl Future<Output = Verdict> + Send;
}

/// Any connector, behind a pointer. Every [`Connector`] is one; a caller imports only this trait.
pub trait AnyConnector: Send + Sync {
    /// See [`Connector::describe`].
    fn describe(&self) -> &Description;
    /// See [`Connector::check`].
    fn check(&self) -> BoxFuture<'_, Result<Checked, Refusal>>;
    /// See [`Connector::read`].
    fn read<'a>(&'a self, query: &'a Query, page: &'a Page) -> BoxFuture<'a, Result<Batch, Refusal>>;
    /// See [`Connector::get`].
    fn get<'a>(&'a self, locator: &'a Locator) -> BoxFuture<'a, Result<Option<Observed>, Refusal>>;
    /// See [`Connector::plan`].
    fn plan<'a>(&'a self, desired: &'a Desired) -> BoxFuture<'a, Result<Vec<Change>, Refusal>>;
    /// See [`Connector::apply`].
    fn apply<'a>(&'a self, change: &'a Change, operation: &'a Operation) -> BoxFuture<'a, Outcome>;
    /// See [`Connector::verify`].
    fn verify<'a>(&'a self, expectation: &'a Expectation) -> BoxFuture<'a, Verdict>;
}

impl<C: Connector> AnyConnector for C {
    fn describe(&self) -> &Description {
        Connector::describe(self)
    }
    fn check(&self) -> BoxFuture<'_, Result<Checked, Refusal>> {
        Connector::check(self).boxed()
    }
    fn read<'a>(&'a self, query: &'a Query, page: &'a Page) -> BoxFuture<'a, Result<Batch, Refusal>> {
        Connector::read(self, query, page).boxed()
    }
    fn get<'a>(&'a self, locator: &'a Locator) -> BoxFuture<'a, Result<Option<Observed>, Refusal>> {
        Connector::get(self, locator).boxed()
    }
    fn plan<'a>(&'a self, desired: &'a Desired) -> BoxFuture<'a, Result<Vec<Change>, Refusal>> {
        Connector::plan(self, desired).boxed()
    }
    fn apply<'a>(&'a self, change: &'a Change, operation: &'a Operation) -> BoxFuture<'a, Outcome> {
        Connector::apply(self, change, operation).boxed()
    }
    fn verify<'a>(&'a self, expectation: &'a Expectation) -> BoxFuture<'a, Verdict> {
        Connector::verify(self, expectation).boxed()
    }
}
