//! The steps that cases are made of. Each one fails with a sentence.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use tenure_model::{AccountState, Attributes, NativeId, Observed, Value};

use super::Fixture;
use crate::change::{Change, Operation, Write};
use crate::connector::AnyConnector;
use crate::desired::Desired;
use crate::expectation::{Expectation, Verdict};
use crate::locator::Locator;
use crate::outcome::Outcome;
use crate::query::{Page, Query, SeenEntitlement};
use crate::refusal::{Refusal, RefusalClass};

pub(super) type Step<T = ()> = Result<T, String>;

/// Where a case works.
pub(super) struct Bench<'a> {
    pub(super) connector: &'a dyn AnyConnector,
    pub(super) fixture: &'a Fixture<'a>,
    pub(super) case: &'static str,
}

impl Bench<'_> {
    /// The locator of the case's own account of this name.
    pub(super) fn account(&self, name: &str) -> Locator {
        Locator::attribute(self.fixture.identifying_attribute, format!("{} {name}", self.case))
    }

    /// The same for the same change of the same case, as for an attempt that is made again.
    fn operation(&self, change: &Change) -> Step<Operation> {
        let mut hasher = DefaultHasher::new();
        (self.case, format!("{change:?}")).hash(&mut hasher);
        let key = format!("{:016x}", hasher.finish()).parse().map_err(|bad| format!("{bad}"))?;
        Ok(Operation { key, generation: 1 })
    }

    pub(super) fn attributes(&self, account: &Locator, name: &str) -> Attributes {
        let mut attributes = (self.fixture.attributes)(name);
        if let Locator::Attribute { name, value } = account {
            attributes.insert(name.clone(), Value::from(value.as_str()));
        }
        attributes
    }

    /// Makes an account of this name and hands back its locator and what was seen.
    pub(super) async fn create(&self, name: &str) -> Step<(Locator, Observed)> {
        let account = self.account(name);
        let attributes = self.attributes(&account, &format!("{}-{name}", self.case));
        let seen = self.done(&Change::new(account.clone(), Write::Create { attributes })).await?;
        Ok((account, seen))
    }

    pub(super) async fn apply(&self, change: &Change) -> Step<Outcome> {
        Ok(self.connector.apply(change, &self.operation(change)?).await)
    }

    /// Applies and demands that it was done, was seen, and is so by another look.
    pub(super) async fn done(&self, change: &Change) -> Step<Observed> {
        let seen = match self.apply(change).await? {
            Outcome::Done { seen } => seen,
            Outcome::Refused(refusal) => return Err(format!("`{}` was refused: {refusal}", change.summary)),
            Outcome::Unknown(doubt) => return Err(format!("`{}` ended unknown: {}", change.summary, doubt.message)),
        };
        let expectation = Expectation::after(change);
        let differences = expectation.differences(&seen);
        if !differences.is_empty() {
            return Err(format!("`{}` was done and seen otherwise: {}", change.summary, differences.join(", ")));
        }
        self.met(&expectation).await?;
        Ok(seen)
    }

    pub(super) async fn refused(&self, change: &Change, class: RefusalClass) -> Step {
        match self.apply(change).await? {
            Outcome::Refused(refusal) if refusal.class == class => Ok(()),
            Outcome::Refused(refusal) => Err(format!("refused as {} and not as {class}: {refusal}", refusal.class)),
            Outcome::Done { .. } => Err(format!("`{}` was done", change.summary)),
            Outcome::Unknown(doubt) => Err(format!("`{}` ended unknown: {}", change.summary, doubt.message)),
        }
    }

    pub(super) async fn met(&self, expectation: &Expectation) -> Step {
        match self.connector.verify(expectation).await {
            Verdict::Met { .. } => Ok(()),
            Verdict::Unmet { differences, .. } => Err(format!("verify says: {}", differences.join(", "))),
            Verdict::Undecided { refusal } => Err(format!("verify could not look: {refusal}")),
        }
    }

    pub(super) async fn unmet(&self, expectation: &Expectation) -> Step {
        match self.connector.verify(expectation).await {
            Verdict::Unmet { .. } => Ok(()),
            Verdict::Met { .. } => Err(format!("verify says that it is so, and it is not: {expectation:?}")),
            Verdict::Undecided { refusal } => Err(format!("verify could not look: {refusal}")),
        }
    }

    pub(super) async fn get(&self, account: &Locator) -> Step<Observed> {
        let found = self.connector.get(account).await.map_err(words("get"))?;
        found.ok_or_else(|| format!("`{account}` is not there"))
    }

    pub(super) async fn plan(&self, desired: &Desired) -> Step<Vec<Change>> {
        self.connector.plan(desired).await.map_err(words("plan"))
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
        let query = Query::entitlements().only(locator.clone());
        let batch = self.connector.read(&query, &Page::first()).await.map_err(words("read"))?;
        let mut found = batch.objects.iter().filter_map(|seen| seen.entitlement());
        match (found.next(), found.next()) {
            (Some(only), None) => Ok(only.clone()),
            (None, _) => Err(format!("the entitlement `{locator}` of the fixture is not there")),
            (Some(_), Some(_)) => Err(format!("more than one entitlement answers to `{locator}`")),
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

pub(super) fn set(account: &Locator, name: &str, value: Value) -> Change {
    Change::new(account.clone(), Write::Set { attributes: [(name.to_owned(), value)].into() })
}

/// Demands the same, in words.
pub(super) fn same<T: PartialEq + std::fmt::Debug>(what: &str, now: &T, wanted: &T) -> Step {
    if now == wanted { Ok(()) } else { Err(format!("{what} is {now:?} and should be {wanted:?}")) }
}

pub(super) fn state(seen: &Observed, wanted: AccountState) -> Step {
    same("the state", &seen.state, &wanted)
}

pub(super) fn native(seen: &Observed) -> Step<NativeId> {
    seen.native_id.clone().ok_or_else(|| "an account was seen without a native id".to_owned())
}

pub(super) fn words(what: &'static str) -> impl Fn(Refusal) -> String {
    move |refusal| format!("{what} was refused: {refusal}")
}
