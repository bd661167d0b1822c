//! The contract itself, in the form connectors are written in and the form they are kept in.

use std::future::{Future, ready};

use futures::FutureExt as _;
use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};
use tenure_model::Observed;

use crate::actions::Actions;
use crate::change::{Change, Operation};
use crate::description::Description;
use crate::desired::Desired;
use crate::discovery::Discovery;
use crate::expectation::{Expectation, Verdict};
use crate::feed::{ChangeToken, Changes};
use crate::filter::{Filter, PushDown};
use crate::locator::Locator;
use crate::outcome::Outcome;
use crate::pace::Allowance;
use crate::query::{Batch, ObjectClass, Page, Query};
use crate::refusal::Refusal;
use crate::surface::{Artifact, SeenArtifact};
use crate::tickets::Tickets;

/// What a test of the connection found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Checked {
    /// Who answered, in words for a human.
    pub peer: String,
}

/// A way to a connected system. Implement this; hold an [`AnyConnector`].
///
/// What has a body here is optional: the body says that the system cannot do it, or does not say,
/// as the [`Description`] then does too.
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

    /// Looks whether something is so, by another call than the write. What should be gone besides
    /// the account ([`Expectation::without`]) is looked for by the caller with
    /// [`artifacts`](Self::artifacts).
    fn verify(&self, expectation: &Expectation) -> impl Future<Output = Verdict> + Send;

    /// What changed since the token; with none, a token for now. Only for classes that have a
    /// [feed](Description::feeds).
    fn changes(
        &self,
        _class: ObjectClass,
        _since: Option<&ChangeToken>,
    ) -> impl Future<Output = Result<Changes, Refusal>> + Send {
        ready(Err(self.describe().unsupported("tell what changed")))
    }

    /// Everything of one kind that is on the account. Only for kinds that it
    /// [lists](crate::Reach::lists).
    fn artifacts(
        &self,
        _account: &Locator,
        kind: Artifact,
    ) -> impl Future<Output = Result<Vec<SeenArtifact>, Refusal>> + Send {
        ready(Err(self.describe().unsupported(&format!("list the {kind}s of an account"))))
    }

    /// Which part of a filter the system can answer itself. Asks nobody.
    fn push_down(&self, filter: &Filter) -> PushDown {
        PushDown::none(filter)
    }

    /// The system's own schema, and settings that would fit. Reads only.
    fn discover(&self) -> impl Future<Output = Result<Discovery, Refusal>> + Send {
        ready(Ok(Discovery { description: self.describe().clone(), suggestions: Vec::new() }))
    }

    /// What the system last said about our pace, if it says. Asks nobody.
    fn allowance(&self) -> Option<Allowance> {
        None
    }

    /// The tickets that the system keeps, if it is one that does.
    fn tickets(&self) -> Option<&dyn Tickets> {
        None
    }

    /// What the system does for its accounts besides keeping them, if it does.
    fn actions(&self) -> Option<&dyn Actions> {
        None
    }
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
    /// See [`Connector::apply`]. A write that is not [permitted](Description::permits) is refused
    /// before the connector hears of it.
    fn apply<'a>(&'a self, change: &'a Change, operation: &'a Operation) -> BoxFuture<'a, Outcome>;
    /// See [`Connector::verify`]. Met only if nothing is left of what should be gone either.
    fn verify<'a>(&'a self, expectation: &'a Expectation) -> BoxFuture<'a, Verdict>;
    /// See [`Connector::changes`].
    fn changes<'a>(
        &'a self,
        class: ObjectClass,
        since: Option<&'a ChangeToken>,
    ) -> BoxFuture<'a, Result<Changes, Refusal>>;
    /// See [`Connector::artifacts`].
    fn artifacts<'a>(
        &'a self,
        account: &'a Locator,
        kind: Artifact,
    ) -> BoxFuture<'a, Result<Vec<SeenArtifact>, Refusal>>;
    /// See [`Connector::push_down`].
    fn push_down(&self, filter: &Filter) -> PushDown;
    /// See [`Connector::discover`].
    fn discover(&self) -> BoxFuture<'_, Result<Discovery, Refusal>>;
    /// See [`Connector::allowance`].
    fn allowance(&self) -> Option<Allowance>;
    /// See [`Connector::tickets`].
    fn tickets(&self) -> Option<&dyn Tickets>;
    /// See [`Connector::actions`].
    fn actions(&self) -> Option<&dyn Actions>;
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
        match Connector::describe(self).permits(&change.write) {
            Ok(()) => Connector::apply(self, change, operation).boxed(),
            Err(refusal) => ready(Outcome::Refused(refusal)).boxed(),
        }
    }
    fn verify<'a>(&'a self, expectation: &'a Expectation) -> BoxFuture<'a, Verdict> {
        async move {
            let verdict = Connector::verify(self, expectation).await;
            let Verdict::Met { seen } = verdict else { return verdict };
            let mut differences = Vec::new();
            for kind in &expectation.without {
                match Connector::artifacts(self, &expectation.account, *kind).await {
                    Ok(left) if left.is_empty() => {}
                    Ok(left) => differences.push(format!("{} of kind {kind} is left", left.len())),
                    Err(refusal) => return Verdict::Undecided { refusal },
                }
            }
            if differences.is_empty() { Verdict::Met { seen } } else { Verdict::Unmet { seen, differences } }
        }
        .boxed()
    }
    fn changes<'a>(
        &'a self,
        class: ObjectClass,
        since: Option<&'a ChangeToken>,
    ) -> BoxFuture<'a, Result<Changes, Refusal>> {
        Connector::changes(self, class, since).boxed()
    }
    fn artifacts<'a>(
        &'a self,
        account: &'a Locator,
        kind: Artifact,
    ) -> BoxFuture<'a, Result<Vec<SeenArtifact>, Refusal>> {
        Connector::artifacts(self, account, kind).boxed()
    }
    fn push_down(&self, filter: &Filter) -> PushDown {
        Connector::push_down(self, filter)
    }
    fn discover(&self) -> BoxFuture<'_, Result<Discovery, Refusal>> {
        Connector::discover(self).boxed()
    }
    fn allowance(&self) -> Option<Allowance> {
        Connector::allowance(self)
    }
    fn tickets(&self) -> Option<&dyn Tickets> {
        Connector::tickets(self)
    }
    fn actions(&self) -> Option<&dyn Actions> {
        Connector::actions(self)
    }
}
