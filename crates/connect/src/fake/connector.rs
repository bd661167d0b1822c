//! The fake as a connector.

use tenure_model::{Attributes, NativeId, Observed, Value};

use super::world::find_in;
use super::{FakeTarget, Fault};
use crate::change::{Change, Operation, Write};
use crate::connector::{Checked, Connector};
use crate::description::Description;
use crate::desired::Desired;
use crate::expectation::{Expectation, Usability, Verdict};
use crate::locator::Locator;
use crate::outcome::{Doubt, DoubtKind, Outcome};
use crate::plan::{self, Resolved};
use crate::query::{Batch, Completeness, ObjectClass, Page, PageToken, Query, Seen, SeenEntitlement};
use crate::refusal::{Refusal, RefusalClass};

impl Connector for FakeTarget {
    fn describe(&self) -> &Description {
        &self.inner.description
    }

    async fn check(&self) -> Result<Checked, Refusal> {
        Ok(Checked { peer: "a system in memory".into() })
    }

    async fn read(&self, query: &Query, page: &Page) -> Result<Batch, Refusal> {
        let all = match query.class {
            ObjectClass::Account => self.accounts(query.only.as_ref()),
            ObjectClass::Entitlement => self.groups(query.only.as_ref()),
        };
        let from = page.after().map_or(Ok(0), |token| token.as_str().parse::<usize>()).map_err(|cause| {
            Refusal::new(RefusalClass::Stale, "the page token is not ours; read again from the start").because(cause)
        })?;
        let expected = u64::try_from(all.len()).ok();
        let size = usize::try_from(page.size()).unwrap_or(usize::MAX);
        let end = from.saturating_add(size);
        let next = (end < all.len()).then(|| PageToken::new(end.to_string()));
        let completeness = if next.is_some() { Completeness::Open } else { Completeness::Whole };
        let objects = all.into_iter().skip(from).take(size).collect();
        Ok(Batch { objects, next, completeness, expected })
    }

    async fn get(&self, locator: &Locator) -> Result<Option<Observed>, Refusal> {
        self.look(locator)
    }

    async fn plan(&self, desired: &Desired) -> Result<Vec<Change>, Refusal> {
        let now = self.look(desired.account())?;
        let mut resolved = Resolved::new();
        for locator in desired.entitlements() {
            let found = self.groups(Some(locator)).into_iter().find_map(|seen| seen.entitlement().cloned());
            resolved.extend(found.map(|group| (locator.clone(), group)));
        }
        plan::changes(desired, now.as_ref(), &resolved)
    }

    async fn apply(&self, change: &Change, operation: &Operation) -> Outcome {
        self.wait_at_the_door().await;
        let fault = self.world().next_fault();
        let wrote = match &fault {
            Some(Fault::Refuse(refusal)) => Err(refusal.clone()),
            Some(Fault::NoEffect | Fault::Lie) => {
                self.world().writes += 1;
                Ok(())
            }
            Some(Fault::LoseResponse) | None => self.world().write(change, operation),
        };
        if let Err(refusal) = wrote {
            return Outcome::Refused(refusal);
        }
        let summary = &change.summary;
        match fault {
            Some(Fault::LoseResponse) => {
                Outcome::Unknown(Doubt::new(DoubtKind::LostResponse, format!("no answer came to `{summary}`")))
            }
            Some(Fault::Lie) => Outcome::Done { seen: self.pretend(change) },
            Some(Fault::NoEffect | Fault::Refuse(_)) | None => self.read_back(change),
        }
    }

    async fn verify(&self, expectation: &Expectation) -> Verdict {
        match self.look(&expectation.account) {
            Ok(seen) => Verdict::over(expectation, seen.unwrap_or_else(|| self.nothing_there(&expectation.account))),
            Err(refusal) => Verdict::Undecided { refusal },
        }
    }
}

impl FakeTarget {
    fn look(&self, locator: &Locator) -> Result<Option<Observed>, Refusal> {
        let at = self.inner.clock.now();
        let mut world = self.world();
        let accounts = world.read();
        let found = find_in(accounts, locator)?;
        Ok(found.and_then(|id| accounts.get(&id).map(|entry| entry.observed(&id, at))))
    }

    fn nothing_there(&self, locator: &Locator) -> Observed {
        locator.nothing_there(self.inner.clock.now())
    }

    fn accounts(&self, only: Option<&Locator>) -> Vec<Seen> {
        let at = self.inner.clock.now();
        let mut world = self.world();
        let all = world.read().iter().map(|(id, entry)| entry.observed(id, at));
        all.filter(|seen| only.is_none_or(|locator| answers(locator, seen.native_id.as_ref(), &seen.attributes)))
            .map(Seen::Account)
            .collect()
    }

    fn groups(&self, only: Option<&Locator>) -> Vec<Seen> {
        let mut world = self.world();
        world.reads += 1;
        let fits = |group: &&SeenEntitlement| {
            let attributes = [("cn".to_owned(), Value::from(group.name.as_str()))].into();
            only.is_none_or(|locator| answers(locator, Some(&group.native_id), &attributes))
        };
        world.groups.values().filter(fits).cloned().map(Seen::Entitlement).collect()
    }

    fn read_back(&self, change: &Change) -> Outcome {
        let expectation = Expectation::after(change);
        let summary = &change.summary;
        match self.look(&change.account) {
            Ok(Some(seen)) if expectation.differences(&seen).is_empty() => Outcome::Done { seen },
            Ok(_) => Outcome::Unknown(Doubt::new(
                DoubtKind::NotSeen,
                format!("the system said yes to `{summary}`, and it is not so"),
            )),
            Err(refusal) => Outcome::Unknown(Doubt::new(
                DoubtKind::NotReadBack,
                format!("the system said yes to `{summary}`, and could not be read: {refusal}"),
            )),
        }
    }

    /// What a connector that does not look would say.
    fn pretend(&self, change: &Change) -> Observed {
        let found = self.world().find(&change.account).ok().flatten();
        let seen = found.and_then(|id| self.world().observe(&id, self.inner.clock.now()));
        let mut seen = seen.unwrap_or_else(|| self.nothing_there(&change.account));
        let expectation = Expectation::after(change);
        seen.state = match expectation.usability {
            Some(Usability::Unusable) => tenure_model::AccountState::Disabled,
            Some(Usability::Usable) | None => tenure_model::AccountState::Active,
        };
        if matches!(change.write, Write::Create { .. }) {
            seen.native_id = Some(NativeId::new("account-0"));
        }
        seen.attributes.extend(expectation.attributes);
        seen.holds.extend(expectation.holds);
        seen.holds.retain(|id| !expectation.lacks.contains(id));
        seen
    }

    async fn wait_at_the_door(&self) {
        let mut paused = self.inner.paused.subscribe();
        if *paused.borrow() {
            let _standing = Standing::at(self);
            // The sender lives in `self`, so the wait cannot end for want of one.
            let _open = paused.wait_for(|paused| !*paused).await;
        }
    }
}

/// Counts a write as waiting until it is dropped, even if the write is given up.
struct Standing<'a>(&'a FakeTarget);

impl<'a> Standing<'a> {
    fn at(target: &'a FakeTarget) -> Self {
        target.inner.waiting.send_modify(|count| *count += 1);
        Self(target)
    }
}

impl Drop for Standing<'_> {
    fn drop(&mut self) {
        self.0.inner.waiting.send_modify(|count| *count -= 1);
    }
}

fn answers(locator: &Locator, id: Option<&NativeId>, attributes: &Attributes) -> bool {
    match locator {
        Locator::Native(native) => id == Some(native),
        Locator::Attribute { name, value } => attributes.get(name).and_then(Value::as_text) == Some(value.as_str()),
    }
}
