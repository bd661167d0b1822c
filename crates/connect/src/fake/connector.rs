//! The fake as a connector.

use tenure_model::{Attributes, NativeId, Observed, Value};

use super::world::find_in;
use super::{FakeTarget, Fault};
use crate::actions::Actions;
use crate::change::{Change, Operation, Write};
use crate::chaos::pretended;
use crate::connector::{Checked, Connector};
use crate::description::Description;
use crate::desired::Desired;
use crate::expectation::{Expectation, Verdict};
use crate::feed::{ChangeToken, Changed, Changes};
use crate::filter::{Filter, PushDown};
use crate::locator::Locator;
use crate::outcome::{Doubt, DoubtKind, Outcome};
use crate::plan::{self, Resolved};
use crate::query::{Batch, Completeness, ObjectClass, Page, PageToken, Query, Seen, SeenEntitlement};
use crate::refusal::{Refusal, RefusalClass};
use crate::surface::{Artifact, Reach, SeenArtifact};

impl Connector for FakeTarget {
    fn describe(&self) -> &Description {
        &self.inner.description
    }

    async fn check(&self) -> Result<Checked, Refusal> {
        Ok(Checked { peer: "a system in memory".into() })
    }

    async fn read(&self, query: &Query, page: &Page) -> Result<Batch, Refusal> {
        let all = match query.class {
            ObjectClass::Account => self.accounts(query),
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
        let changes = plan::changes(desired, now.as_ref(), &resolved)?;
        let class = self.inner.description.class(ObjectClass::Account);
        Ok(class.map_or_else(Vec::new, |class| plan::with_moves(changes, class)))
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

    async fn changes(&self, class: ObjectClass, since: Option<&ChangeToken>) -> Result<Changes, Refusal> {
        match class {
            ObjectClass::Account => self.changed_since(since),
            ObjectClass::Entitlement => Err(self.inner.description.unsupported("tell what changed of groups")),
        }
    }

    async fn artifacts(&self, account: &Locator, kind: Artifact) -> Result<Vec<SeenArtifact>, Refusal> {
        if !self.inner.description.surface.get(&kind).is_some_and(Reach::lists) {
            return Err(self.inner.description.unsupported(&format!("list the {kind}s of an account")));
        }
        let mut world = self.world();
        let accounts = world.read();
        let entry = find_in(accounts, account)?.and_then(|id| accounts.get(&id));
        Ok(entry
            .map_or_else(Vec::new, |entry| entry.artifacts.iter().filter(|one| one.kind == kind).cloned().collect()))
    }

    fn actions(&self) -> Option<&dyn Actions> {
        Some(self)
    }

    fn push_down(&self, filter: &Filter) -> PushDown {
        PushDown::split(filter, &|part| matches!(part, Filter::Equals { .. } | Filter::StartsWith { .. }))
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

    fn accounts(&self, query: &Query) -> Vec<Seen> {
        let at = self.inner.clock.now();
        let mut world = self.world();
        let all = world.read().iter().map(|(id, entry)| entry.observed(id, at));
        let only = query.only.as_ref();
        all.filter(|seen| only.is_none_or(|locator| answers(locator, seen.native_id.as_ref(), &seen.attributes)))
            .filter(|seen| query.filter.as_ref().is_none_or(|filter| filter.matches(&seen.attributes)))
            .map(Seen::Account)
            .collect()
    }

    fn changed_since(&self, since: Option<&ChangeToken>) -> Result<Changes, Refusal> {
        let at = self.inner.clock.now();
        let world = self.world();
        let next = ChangeToken::new(world.log.len().to_string());
        let Some(since) = since else { return Ok(Changes::Since { changed: Vec::new(), next, more: false }) };
        let from = since.as_str().parse::<usize>().map_err(|cause| {
            Refusal::new(RefusalClass::Stale, "the token is not ours; take a new one and read everything")
                .because(cause)
        })?;
        if from < world.forgotten || from > world.log.len() {
            return Ok(Changes::Reset { why: "what changed before was forgotten".into() });
        }
        let mut ids: Vec<_> = Vec::new();
        for id in world.log.iter().skip(from) {
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        let changed = ids.into_iter().map(|id| match world.accounts.get(id) {
            Some(entry) => Changed::Now(Seen::Account(entry.observed(id, at))),
            None => Changed::Gone(id.clone()),
        });
        Ok(Changes::Since { changed: changed.collect(), next, more: false })
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
            Ok(Some(seen)) if expectation.differences(&seen).is_empty() && self.nothing_left(&expectation) => {
                Outcome::Done { seen }
            }
            Ok(None) if matches!(change.write, Write::Delete) => {
                Outcome::Done { seen: self.nothing_there(&change.account) }
            }
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

    /// Whether the account has nothing of the kinds that should be gone.
    fn nothing_left(&self, expectation: &Expectation) -> bool {
        let world = self.world();
        let found = world.find(&expectation.account).ok().flatten();
        let entry = found.and_then(|id| world.accounts.get(&id));
        entry.is_none_or(|entry| !entry.artifacts.iter().any(|one| expectation.without.contains(&one.kind)))
    }

    /// What a connector that does not look would say.
    fn pretend(&self, change: &Change) -> Observed {
        let found = self.world().find(&change.account).ok().flatten();
        let seen = found.and_then(|id| self.world().observe(&id, self.inner.clock.now()));
        pretended(change, seen.unwrap_or_else(|| self.nothing_there(&change.account)))
    }

    pub(super) async fn wait_at_the_door(&self) {
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
