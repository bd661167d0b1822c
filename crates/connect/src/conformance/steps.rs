//! The steps that cases are made of. Each one stops with a sentence.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::future::Future;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tenure_model::{AccountState, Attributes, NativeId, Observed, Value};

use super::{Fixture, Options};
use crate::change::{Change, Operation, Write};
use crate::connector::AnyConnector;
use crate::description::{AttributeRule, ClassDescription, Description, Verb};
use crate::desired::Desired;
use crate::expectation::{Expectation, Verdict};
use crate::locator::Locator;
use crate::outcome::Outcome;
use crate::query::{Batch, ObjectClass, Page, Query, Seen, SeenEntitlement};
use crate::refusal::{Refusal, RefusalClass};

/// Why a case went no further.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Stop {
    /// Something was otherwise than it should be.
    Failed(String),
    /// The case does not concern this connector.
    NotRun(String),
}

impl From<String> for Stop {
    fn from(how: String) -> Self {
        Self::Failed(how)
    }
}

pub(super) type Step<T = ()> = Result<T, Stop>;

/// A failure in words.
pub(super) fn failed<T>(how: impl Into<String>) -> Step<T> {
    Err(Stop::Failed(how.into()))
}

/// A reason not to run.
pub(super) fn not_run<T>(why: impl Into<String>) -> Step<T> {
    Err(Stop::NotRun(why.into()))
}

pub(super) fn too_slow(limit: Duration) -> Stop {
    Stop::Failed(format!("expected an end within {} s, and there was none", limit.as_secs()))
}

/// Where a case works.
pub(super) struct Bench<'a> {
    pub(super) connector: &'a dyn AnyConnector,
    pub(super) fixture: &'a Fixture<'a>,
    pub(super) options: &'a Options,
    /// How everything that the case makes is called.
    pub(super) tag: String,
    /// What it may have made.
    pub(super) made: Mutex<Vec<Locator>>,
}

impl Bench<'_> {
    pub(super) fn description(&self) -> &Description {
        self.connector.describe()
    }

    pub(super) fn accounts(&self) -> Step<&ClassDescription> {
        self.description().class(ObjectClass::Account).ok_or_else(|| Stop::Failed("accounts are not described".into()))
    }

    /// The first attribute of accounts of this kind.
    pub(super) fn rule(&self, what: &str, fits: impl Fn(&AttributeRule) -> bool) -> Step<&AttributeRule> {
        let found = self.accounts()?.attributes.iter().find(|rule| fits(rule));
        found.ok_or_else(|| Stop::NotRun(format!("no attribute is described as {what}")))
    }

    /// Stops the case where the connector does not describe the verb.
    pub(super) fn needs(&self, verb: Verb) -> Step {
        if self.description().verbs.contains_key(&verb) {
            return Ok(());
        }
        not_run(format!("`{verb}` is not described"))
    }

    /// The attribute that can be set and cleared freely. Stops the case where there is none.
    pub(super) fn free(&self) -> Step<&str> {
        self.fixture.free_attribute.ok_or_else(|| Stop::NotRun("no attribute can be set and cleared freely".into()))
    }

    pub(super) fn name(&self, name: &str) -> String {
        format!("{}-{name}", self.tag)
    }

    /// The locator of the case's own account of this name.
    pub(super) fn account(&self, name: &str) -> Locator {
        let locator = Locator::attribute(self.fixture.identifying_attribute, self.name(name));
        self.mine(&locator);
        locator
    }

    /// Remembers something to take away at the end.
    pub(super) fn mine(&self, locator: &Locator) {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if !made.contains(locator) {
            made.push(locator.clone());
        }
    }

    pub(super) fn attributes(&self, account: &Locator, name: &str) -> Attributes {
        let mut attributes = (self.fixture.attributes)(name);
        if let Locator::Attribute { name, value } = account {
            attributes.insert(name.clone(), Value::from(value.as_str()));
        }
        attributes
    }

    pub(super) fn creation(&self, name: &str) -> Change {
        let account = self.account(name);
        let attributes = self.attributes(&account, &self.name(name));
        Change::new(account, Write::Create { attributes })
    }

    /// Makes an account of this name and hands back its locator and what was seen.
    pub(super) async fn create(&self, name: &str) -> Step<(Locator, Observed)> {
        let creation = self.creation(name);
        let seen = self.done(&creation).await?;
        Ok((creation.account, seen))
    }

    /// An account of the case's own, or, where none can be made, any that is there.
    pub(super) async fn somebody(&self) -> Step<(Locator, Observed)> {
        if self.description().verbs.contains_key(&Verb::Create) {
            return self.create("ada").await;
        }
        let page = self.read(&Query::accounts(), &Page::first()).await?;
        match page.objects.iter().find_map(Seen::account) {
            Some(seen) => Ok((Locator::Native(native(seen)?), seen.clone())),
            None => not_run("nobody is there, and `create` is not described"),
        }
    }

    /// The same for the same change of the same case, as for an attempt that is made again.
    pub(super) fn operation(&self, what: &impl Debug) -> Step<Operation> {
        let mut hasher = DefaultHasher::new();
        (&self.tag, format!("{what:?}")).hash(&mut hasher);
        let key = format!("{:016x}", hasher.finish()).parse().map_err(|bad| format!("{bad}"))?;
        Ok(Operation { key, generation: 1 })
    }

    /// One attempt, and where the options are patient as many more as it takes: what passes by
    /// itself is tried again, and a doubt is looked into first.
    pub(super) async fn apply(&self, change: &Change) -> Step<Outcome> {
        self.needs(change.write.verb())?;
        let operation = self.operation(change)?;
        let mut outcome = self.connector.apply(change, &operation).await;
        for _ in 0..self.options.tries {
            match &outcome {
                Outcome::Refused(refusal) if refusal.retry() => self.wait(refusal).await,
                Outcome::Unknown(_) => {
                    if let Verdict::Met { seen } = self.verify(&Expectation::after(change)).await {
                        return Ok(Outcome::Done { seen });
                    }
                }
                Outcome::Refused(_) | Outcome::Done { .. } => break,
            }
            outcome = self.connector.apply(change, &operation).await;
        }
        tokio::time::sleep(self.description().consistency_delay).await;
        Ok(outcome)
    }

    /// Applies twice, and demands each time that it was done, was seen, and is so by another look.
    pub(super) async fn done(&self, change: &Change) -> Step<Observed> {
        let first = self.done_once(change).await?;
        let second = self.done_once(change).await.map_err(|stop| match stop {
            Stop::Failed(how) => Stop::Failed(format!("made a second time under the same key: {how}")),
            Stop::NotRun(why) => Stop::NotRun(why),
        })?;
        if !matches!(change.write, Write::Delete) {
            same("the native id after the same write again", &second.native_id, &first.native_id)?;
            same("what is held after the same write again", &second.holds, &first.holds)?;
        }
        Ok(second)
    }

    async fn done_once(&self, change: &Change) -> Step<Observed> {
        let seen = match self.apply(change).await? {
            Outcome::Done { seen } => seen,
            Outcome::Refused(refusal) => return failed(format!("`{}` was refused: {refusal}", change.summary)),
            Outcome::Unknown(doubt) => return failed(format!("`{}` ended unknown: {}", change.summary, doubt.message)),
        };
        let expectation = Expectation::after(change);
        let differences = expectation.differences(&seen);
        if !differences.is_empty() {
            return failed(format!("`{}` was done and seen otherwise: {}", change.summary, differences.join(", ")));
        }
        self.met(&expectation).await?;
        Ok(seen)
    }

    /// Demands a refusal of this class.
    pub(super) async fn refused(&self, change: &Change, class: RefusalClass) -> Step {
        let refusal = self.refused_somehow(change).await?;
        same("the class of the refusal", &refusal.class, &class)
    }

    /// Demands a refusal that does not pass by itself.
    pub(super) async fn refused_somehow(&self, change: &Change) -> Step<Refusal> {
        match self.apply(change).await? {
            Outcome::Refused(refusal) if !refusal.retry() => Ok(refusal),
            Outcome::Refused(refusal) => {
                failed(format!("expected a refusal for good, came one to try again: {refusal}"))
            }
            Outcome::Done { .. } => failed(format!("expected a refusal of `{}`, and it was done", change.summary)),
            Outcome::Unknown(doubt) => {
                failed(format!("expected a refusal of `{}`, came a doubt: {}", change.summary, doubt.message))
            }
        }
    }

    async fn verify(&self, expectation: &Expectation) -> Verdict {
        let mut verdict = self.connector.verify(expectation).await;
        for _ in 0..self.options.tries {
            match &verdict {
                Verdict::Undecided { refusal } if refusal.retry() => self.wait(refusal).await,
                Verdict::Undecided { .. } | Verdict::Met { .. } | Verdict::Unmet { .. } => break,
            }
            verdict = self.connector.verify(expectation).await;
        }
        verdict
    }

    pub(super) async fn met(&self, expectation: &Expectation) -> Step {
        match self.verify(expectation).await {
            Verdict::Met { .. } => Ok(()),
            Verdict::Unmet { differences, .. } => failed(format!("verify says: {}", differences.join(", "))),
            Verdict::Undecided { refusal } => failed(format!("verify could not look: {refusal}")),
        }
    }

    pub(super) async fn unmet(&self, expectation: &Expectation) -> Step {
        match self.verify(expectation).await {
            Verdict::Unmet { .. } => Ok(()),
            Verdict::Met { .. } => failed(format!("verify says that it is so, and it is not: {expectation:?}")),
            Verdict::Undecided { refusal } => failed(format!("verify could not look: {refusal}")),
        }
    }

    /// Asks, and where the options are patient asks again while the refusal passes by itself.
    async fn patiently<T, F>(&self, ask: impl Fn() -> F) -> Result<T, Refusal>
    where
        F: Future<Output = Result<T, Refusal>>,
    {
        let mut answer = ask().await;
        for _ in 0..self.options.tries {
            match &answer {
                Err(refusal) if refusal.retry() => self.wait(refusal).await,
                Err(_) | Ok(_) => break,
            }
            answer = ask().await;
        }
        answer
    }

    /// Looks an account up.
    pub(super) async fn look(&self, account: &Locator) -> Result<Option<Observed>, Refusal> {
        self.patiently(|| self.connector.get(account)).await
    }

    /// One page.
    pub(super) async fn page(&self, query: &Query, page: &Page) -> Result<Batch, Refusal> {
        self.patiently(|| self.connector.read(query, page)).await
    }

    /// A plan.
    pub(super) async fn planned(&self, desired: &Desired) -> Result<Vec<Change>, Refusal> {
        self.patiently(|| self.connector.plan(desired)).await
    }

    /// Looks an account up, if somebody is there.
    pub(super) async fn find(&self, account: &Locator) -> Step<Option<Observed>> {
        self.look(account).await.map_err(|refusal| words("get")(refusal).into())
    }

    pub(super) async fn get(&self, account: &Locator) -> Step<Observed> {
        self.find(account).await?.ok_or_else(|| Stop::Failed(format!("expected `{account}`, and nobody is there")))
    }

    pub(super) async fn read(&self, query: &Query, page: &Page) -> Step<Batch> {
        self.page(query, page).await.map_err(|refusal| words("read")(refusal).into())
    }

    /// Every page, from the first to the last.
    pub(super) async fn read_all(&self, query: &Query, size: u32) -> Step<Vec<Batch>> {
        let mut page = Page::first_of(size);
        let mut batches = Vec::new();
        for _ in 0..self.options.pages_max {
            let batch = self.read(query, &page).await?;
            let next = batch.next.clone();
            batches.push(batch);
            match next {
                Some(token) => page = page.then(token),
                None => return Ok(batches),
            }
        }
        failed(format!("expected the last page within {}, and the reading goes on", self.options.pages_max))
    }

    pub(super) async fn plan(&self, desired: &Desired) -> Step<Vec<Change>> {
        self.planned(desired).await.map_err(|refusal| words("plan")(refusal).into())
    }

    pub(super) async fn plan_is_empty(&self, desired: &Desired) -> Step {
        let changes = self.plan(desired).await?;
        let summaries: Vec<&str> = changes.iter().map(|change| change.summary.as_str()).collect();
        same("the plan", &summaries, &Vec::new())
    }

    /// The fixture's first entitlement.
    pub(super) async fn first_group(&self) -> Step<SeenEntitlement> {
        self.entitlement(&self.fixture.entitlements[0]).await
    }

    /// The fixture's second entitlement.
    pub(super) async fn second_group(&self) -> Step<SeenEntitlement> {
        self.entitlement(&self.fixture.entitlements[1]).await
    }

    async fn entitlement(&self, locator: &Locator) -> Step<SeenEntitlement> {
        if !self.options.entitlements {
            return not_run("no two entitlements were named that may be given and taken");
        }
        let batch = self.read(&Query::entitlements().only(locator.clone()), &Page::first()).await?;
        let mut found = batch.objects.iter().filter_map(|seen| seen.entitlement());
        match (found.next(), found.next()) {
            (Some(only), None) => Ok(only.clone()),
            (None, _) => failed(format!("the entitlement `{locator}` of the fixture is not there")),
            (Some(_), Some(_)) => failed(format!("more than one entitlement answers to `{locator}`")),
        }
    }

    pub(super) async fn wait(&self, refusal: &Refusal) {
        tokio::time::sleep(refusal.retry_after.unwrap_or_default()).await;
    }

    /// Takes away what the case made, and says in words what is left.
    pub(super) async fn sweep(&self) -> Vec<String> {
        let made = std::mem::take(&mut *self.made.lock().unwrap_or_else(PoisonError::into_inner));
        let mut left = Vec::new();
        for account in made {
            if let Err(how) = self.sweep_one(&account).await {
                left.push(format!("`{account}`: {how}"));
            }
        }
        left
    }

    async fn sweep_one(&self, account: &Locator) -> Result<(), String> {
        let Ok(Some(seen)) = self.find(account).await else { return Ok(()) };
        if seen.state == AccountState::SoftDeleted {
            return Ok(());
        }
        let verbs: &BTreeMap<Verb, _> = &self.description().verbs;
        let write = match (verbs.contains_key(&Verb::Delete), verbs.contains_key(&Verb::Disable)) {
            (true, _) => Write::Delete,
            (false, true) => Write::Disable,
            (false, false) => return Err("it can neither be deleted nor disabled".into()),
        };
        if write == Write::Disable {
            for held in seen.holds {
                let write = Write::Revoke { entitlement: held.clone(), name: held.to_string() };
                // What stays held is told by the state of the account, which is disabled next.
                drop(self.apply(&Change::new(account.clone(), write)).await);
            }
        }
        let deleted = write == Write::Delete;
        match self.apply(&Change::new(account.clone(), write)).await {
            Ok(Outcome::Done { .. }) if deleted => Ok(()),
            Ok(Outcome::Done { .. }) => Err("it is disabled, because nothing can be deleted".into()),
            Ok(Outcome::Refused(refusal)) => Err(refusal.message),
            Ok(Outcome::Unknown(doubt)) => Err(doubt.message),
            Err(Stop::Failed(how) | Stop::NotRun(how)) => Err(how),
        }
    }
}

pub(super) fn grant(account: &Locator, group: &SeenEntitlement) -> Change {
    let write = Write::Grant { entitlement: group.native_id.clone(), name: group.name.clone() };
    Change::new(account.clone(), write)
}

pub(super) fn revoke(account: &Locator, group: &SeenEntitlement) -> Change {
    let write = Write::Revoke { entitlement: group.native_id.clone(), name: group.name.clone() };
    Change::new(account.clone(), write)
}

pub(super) fn disable(account: &Locator) -> Change {
    Change::new(account.clone(), Write::Disable)
}

pub(super) fn enable(account: &Locator) -> Change {
    Change::new(account.clone(), Write::Enable)
}

pub(super) fn delete(account: &Locator) -> Change {
    Change::new(account.clone(), Write::Delete)
}

pub(super) fn set(account: &Locator, name: &str, value: Value) -> Change {
    Change::new(account.clone(), Write::Set { attributes: [(name.to_owned(), value)].into() })
}

/// Demands the same, in words.
pub(super) fn same<T: PartialEq + Debug>(what: &str, now: &T, wanted: &T) -> Step {
    if now == wanted { Ok(()) } else { failed(format!("{what}: expected {wanted:?}, came {now:?}")) }
}

pub(super) fn state(seen: &Observed, wanted: AccountState) -> Step {
    same("the state", &seen.state, &wanted)
}

pub(super) fn native(seen: &Observed) -> Step<NativeId> {
    seen.native_id.clone().ok_or_else(|| Stop::Failed("an account was seen without a native id".to_owned()))
}

pub(super) fn words(what: &'static str) -> impl Fn(Refusal) -> String {
    move |refusal| format!("{what} was refused: {refusal}")
}
