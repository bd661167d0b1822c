//! A connector around another that keeps to the pace of its system.
//!
//! Three things stand between a caller and the system. The [`gate`] lets in so many at once and so
//! many in a second, holds back a share of both for what takes access away, waits when the system
//! asks for it, and turns away whoever would make the queue too long. The [`breaker`] stops asking
//! a system that does not answer, and begins again with a read and never with a write. Neither
//! changes an answer: what the system says is handed on as it is.

mod actions;
mod breaker;
mod gate;
mod pace;
mod tickets;

use std::fmt;
use std::sync::Arc;

use futures::future::BoxFuture;
use tenure_model::{Clock, Observed};

use crate::actions::Actions;
use crate::change::{Change, Operation};
use crate::connector::{AnyConnector, Checked, Connector};
use crate::description::Description;
use crate::desired::Desired;
use crate::discovery::Discovery;
use crate::expectation::{Expectation, Usability, Verdict};
use crate::feed::{ChangeToken, Changes};
use crate::filter::{Filter, PushDown};
use crate::locator::Locator;
use crate::outcome::{Doubt, DoubtKind, Outcome, WriteFault};
use crate::pace::Allowance;
use crate::query::{Batch, ObjectClass, Page, Query};
use crate::refusal::{Refusal, RefusalClass};
use crate::surface::{Artifact, SeenArtifact};
use crate::tickets::Tickets;

use breaker::{Breaker, Standing};
use gate::Gate;
pub use pace::Pace;

/// A connector that keeps to a pace.
pub struct Governed {
    inner: Arc<dyn AnyConnector>,
    clock: Arc<dyn Clock>,
    gate: Gate,
    breaker: Breaker,
}

/// How a call reached the system, as far as the breaker cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reached {
    /// It answered, whatever it said.
    Answered,
    /// It did not.
    Failed,
}

/// Whether a call may go before others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lane {
    /// It takes access away, or looks whether that has happened.
    Urgent,
    /// Everything else.
    Ordinary,
}

impl Lane {
    fn of(urgent: bool) -> Self {
        if urgent { Self::Urgent } else { Self::Ordinary }
    }
}

impl Governed {
    /// Around this connector, at the pace that its description asks for.
    pub fn new(inner: Arc<dyn AnyConnector>, clock: Arc<dyn Clock>) -> Self {
        let pace = Pace::of(inner.describe());
        Self::at(inner, clock, pace)
    }

    /// Around this connector, at this pace.
    pub fn at(inner: Arc<dyn AnyConnector>, clock: Arc<dyn Clock>, pace: Pace) -> Self {
        let (gate, breaker) = (Gate::new(pace, Arc::clone(&clock)), Breaker::new(Arc::clone(&clock)));
        Self { inner, clock, gate, breaker }
    }

    /// Makes a call that reads.
    async fn reading<T>(
        &self,
        lane: Lane,
        call: impl Future<Output = Result<T, Refusal>> + Send,
    ) -> Result<T, Refusal> {
        let _trial = match self.breaker.standing() {
            Standing::Closed => None,
            Standing::Open { wait } => return Err(resting(wait)),
            Standing::Trial(trial) => Some(trial),
        };
        let _pass = self.gate.enter(lane).await?;
        let answer = call.await;
        self.heard(answer.as_ref().err(), reached(answer.as_ref().err()));
        answer
    }

    /// Makes a call that writes, and that says in this form how it ended.
    async fn writing<T>(&self, call: impl Future<Output = Result<T, WriteFault>> + Send) -> Result<T, WriteFault> {
        self.answering(Lane::Ordinary).await?;
        let _pass = self.gate.enter(Lane::Ordinary).await?;
        let done = call.await;
        match &done {
            Err(WriteFault::Refused(refusal)) => self.heard(Some(refusal), reached(Some(refusal))),
            Err(WriteFault::Doubt(doubt)) if doubt.kind == DoubtKind::LostResponse => self.heard(None, Reached::Failed),
            Ok(_) | Err(WriteFault::Doubt(_)) => self.heard(None, Reached::Answered),
        }
        done
    }

    /// Lets a write through only to a system that answers a read.
    async fn answering(&self, lane: Lane) -> Result<(), Refusal> {
        match self.breaker.standing() {
            Standing::Closed => return Ok(()),
            Standing::Open { wait } => return Err(resting(wait)),
            // The read that follows makes the trial; this one only showed that it is time.
            Standing::Trial(trial) => drop(trial),
        }
        self.reading(lane, self.inner.check()).await.map(|_| ())
    }

    /// Takes to heart what an answer says about the pace and the health of the system.
    fn heard(&self, refusal: Option<&Refusal>, reached: Reached) {
        match refusal {
            Some(refusal) if refusal.class == RefusalClass::Rate => self.gate.pause(refusal.retry_after),
            Some(_) | None => {}
        }
        if let Some(allowance) = self.inner.allowance() {
            let left = allowance.renews_at.duration_since(self.clock.now());
            self.gate.allow(&allowance, left.try_into().unwrap_or_default());
        }
        match reached {
            Reached::Answered => self.breaker.answered(),
            Reached::Failed => self.breaker.failed(),
        }
    }
}

/// The refusal while the breaker is open.
fn resting(wait: std::time::Duration) -> Refusal {
    let message = "the system did not answer several times, so it is left alone for a while; try again later";
    Refusal::new(RefusalClass::Maintenance, message).after(wait)
}

fn reached(refusal: Option<&Refusal>) -> Reached {
    match refusal {
        Some(refusal) if matches!(refusal.class, RefusalClass::Network | RefusalClass::Maintenance) => Reached::Failed,
        Some(_) | None => Reached::Answered,
    }
}

impl fmt::Debug for Governed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Governed").field("kind", &self.inner.describe().kind).finish_non_exhaustive()
    }
}

impl Connector for Governed {
    fn describe(&self) -> &Description {
        self.inner.describe()
    }

    async fn check(&self) -> Result<Checked, Refusal> {
        self.reading(Lane::Ordinary, self.inner.check()).await
    }

    async fn read(&self, query: &Query, page: &Page) -> Result<Batch, Refusal> {
        self.reading(Lane::Ordinary, self.inner.read(query, page)).await
    }

    async fn get(&self, locator: &Locator) -> Result<Option<Observed>, Refusal> {
        self.reading(Lane::Ordinary, self.inner.get(locator)).await
    }

    async fn plan(&self, desired: &Desired) -> Result<Vec<Change>, Refusal> {
        let urgent = match desired {
            Desired::Disabled { .. } | Desired::Deleted { .. } | Desired::Without { .. } => true,
            Desired::Entitlements { remove, .. } => !remove.is_empty(),
            Desired::Present { .. } | Desired::Enabled { .. } | Desired::Values { .. } | Desired::Password { .. } => {
                false
            }
        };
        self.reading(Lane::of(urgent), self.inner.plan(desired)).await
    }

    async fn apply(&self, change: &Change, operation: &Operation) -> Outcome {
        let lane = Lane::of(change.write.verb().takes_away());
        if let Err(refusal) = self.answering(lane).await {
            return Outcome::Refused(refusal);
        }
        let _pass = match self.gate.enter(lane).await {
            Ok(pass) => pass,
            Err(refusal) => return Outcome::Refused(refusal),
        };
        let outcome = self.inner.apply(change, operation).await;
        match &outcome {
            Outcome::Refused(refusal) => self.heard(Some(refusal), reached(Some(refusal))),
            Outcome::Unknown(Doubt { kind: DoubtKind::LostResponse, .. }) => self.heard(None, Reached::Failed),
            Outcome::Done { .. } | Outcome::Unknown(_) => self.heard(None, Reached::Answered),
        }
        outcome
    }

    async fn verify(&self, expectation: &Expectation) -> Verdict {
        let away = matches!(expectation.usability, Some(Usability::Unusable | Usability::Gone));
        let urgent = away || !expectation.lacks.is_empty() || !expectation.without.is_empty();
        let look: BoxFuture<'_, _> = Box::pin(async {
            match self.inner.verify(expectation).await {
                Verdict::Undecided { refusal } => Err(refusal),
                decided @ (Verdict::Met { .. } | Verdict::Unmet { .. }) => Ok(decided),
            }
        });
        let verdict = self.reading(Lane::of(urgent), look).await;
        verdict.unwrap_or_else(|refusal| Verdict::Undecided { refusal })
    }

    async fn changes(&self, class: ObjectClass, since: Option<&ChangeToken>) -> Result<Changes, Refusal> {
        self.reading(Lane::Ordinary, self.inner.changes(class, since)).await
    }

    async fn artifacts(&self, account: &Locator, kind: Artifact) -> Result<Vec<SeenArtifact>, Refusal> {
        self.reading(Lane::Urgent, self.inner.artifacts(account, kind)).await
    }

    fn push_down(&self, filter: &Filter) -> PushDown {
        self.inner.push_down(filter)
    }

    async fn discover(&self) -> Result<Discovery, Refusal> {
        self.reading(Lane::Ordinary, self.inner.discover()).await
    }

    fn allowance(&self) -> Option<Allowance> {
        self.inner.allowance()
    }

    fn tickets(&self) -> Option<&dyn Tickets> {
        self.inner.tickets().map(|_| self as &dyn Tickets)
    }

    fn actions(&self) -> Option<&dyn Actions> {
        self.inner.actions().map(|_| self as &dyn Actions)
    }
}
