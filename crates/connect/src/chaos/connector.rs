//! The misbehaving connector, verb by verb.

use std::time::Duration;

use tenure_model::{Observed, Value};

use super::mischief::{cut, drifted, each_account, endless, garbled, pretended, renumbered};
use super::{Chaos, SLOW, Trouble};
use crate::change::{Change, Operation, Write};
use crate::connector::{Checked, Connector};
use crate::description::Description;
use crate::desired::Desired;
use crate::discovery::Discovery;
use crate::expectation::{Expectation, Verdict};
use crate::feed::{ChangeToken, Changes};
use crate::filter::{Filter, PushDown};
use crate::locator::Locator;
use crate::outcome::{Doubt, DoubtKind, Outcome};
use crate::pace::Allowance;
use crate::query::{Batch, ObjectClass, Page, PageToken, Query};
use crate::refusal::{Refusal, RefusalClass};
use crate::surface::{Artifact, SeenArtifact};

impl<C: Connector> Chaos<C> {
    /// What happens to every request on its way.
    async fn on_the_way(&self) -> Result<(), Refusal> {
        if self.strikes(Trouble::Hang) {
            std::future::pending::<()>().await;
        }
        if self.strikes(Trouble::Slow) {
            tokio::time::sleep(SLOW).await;
        }
        if self.strikes(Trouble::RateLimit) {
            let wait = Duration::from_secs(1);
            return Err(Refusal::new(RefusalClass::Rate, "too many requests; come back later").after(wait));
        }
        if self.strikes(Trouble::Maintenance) {
            return Err(Refusal::new(RefusalClass::Maintenance, "down for a moment; come back later"));
        }
        Ok(())
    }

    /// What a look finds, in the light of what was written before it.
    fn as_seen(&self, locator: &Locator, seen: Option<Observed>) -> Option<Observed> {
        if self.trouble == Trouble::StaleReads && self.state().before.contains_key(locator) {
            self.state().struck += 1;
            return self.state().before.get(locator).cloned().flatten();
        }
        if self.trouble == Trouble::Eventual && self.state().before.contains_key(locator) {
            self.state().struck += 1;
            return self.state().before.remove(locator).flatten();
        }
        let seen = seen?;
        if self.strikes(Trouble::HiddenAccount) {
            return None;
        }
        Some(self.spoilt(seen))
    }

    fn spoilt(&self, seen: Observed) -> Observed {
        if self.strikes(Trouble::Garbled) {
            return garbled(seen);
        }
        if self.strikes(Trouble::SchemaDrift) {
            return drifted(seen);
        }
        if self.strikes(Trouble::OtherId) {
            return renumbered(seen, self.struck());
        }
        seen
    }

    /// The write as it reaches the system.
    async fn deliver(&self, change: &Change, operation: &Operation) -> Outcome {
        if self.strikes(Trouble::DoubleDelivery) {
            drop(self.inner.apply(change, operation).await);
        }
        if let Write::Set { attributes } = &change.write {
            if let Some(other) = self.another_attribute(change, attributes).await {
                drop(self.inner.apply(&other, operation).await);
            }
            if self.strikes(Trouble::LostLock) {
                drop(self.inner.apply(&Change::new(change.account.clone(), Write::Enable), operation).await);
            }
        }
        self.inner.apply(change, operation).await
    }

    /// A change that clears what nobody spoke of.
    async fn another_attribute(&self, change: &Change, set: &tenure_model::Attributes) -> Option<Change> {
        if !self.strikes(Trouble::Overwrite) {
            return None;
        }
        let seen = self.inner.get(&change.account).await.ok().flatten()?;
        let own = |name: &&String| match &change.account {
            Locator::Attribute { name: own, .. } => *name == own,
            Locator::Native(_) => false,
        };
        let rules = &self.description.class(ObjectClass::Account)?.attributes;
        let free = |name: &&String| rules.iter().any(|rule| rule.name == **name && rule.write && !rule.required);
        let other = seen.attributes.keys().find(|name| !set.contains_key(*name) && !own(name) && free(name))?;
        let write = Write::Set { attributes: [(other.clone(), Value::Cleared)].into() };
        Some(Change::new(change.account.clone(), write))
    }
}

impl<C: Connector> Connector for Chaos<C> {
    fn describe(&self) -> &Description {
        &self.description
    }

    async fn check(&self) -> Result<Checked, Refusal> {
        self.inner.check().await
    }

    async fn read(&self, query: &Query, page: &Page) -> Result<Batch, Refusal> {
        self.on_the_way().await?;
        let later = page.after().is_some();
        if later && self.strikes(Trouble::PageTwoFails) {
            return Err(Refusal::new(RefusalClass::Maintenance, "the second page is not to be had"));
        }
        let batch = if later && self.strikes(Trouble::RepeatedPage) {
            let first = self.inner.read(query, &Page::first_of(page.size())).await?;
            let this = self.inner.read(query, page).await?;
            Batch { objects: first.objects, ..this }
        } else if page.after().is_some_and(|token| token.as_str() == "endless") {
            self.inner.read(query, &Page::first_of(page.size())).await?
        } else {
            self.inner.read(query, page).await?
        };
        if query.class == ObjectClass::Account && self.strikes(Trouble::PartialPage) {
            return Ok(cut(batch));
        }
        if self.strikes(Trouble::EndlessPages) {
            return Ok(endless(batch, PageToken::new("endless")));
        }
        if self.strikes(Trouble::WrongCount) {
            return Ok(Batch { expected: Some(1), ..batch });
        }
        Ok(each_account(batch, |seen| self.spoilt(seen)))
    }

    async fn get(&self, locator: &Locator) -> Result<Option<Observed>, Refusal> {
        self.on_the_way().await?;
        let seen = match self.inner.get(locator).await {
            Err(refusal) if self.strikes(Trouble::WrongClass) => {
                return Err(Refusal::new(RefusalClass::Maintenance, refusal.message));
            }
            seen => seen?,
        };
        if seen.is_none() && self.strikes(Trouble::Wildcard) {
            let batch = self.inner.read(&Query::accounts(), &Page::first()).await?;
            return Ok(batch.objects.iter().find_map(|seen| seen.account().cloned()));
        }
        Ok(self.as_seen(locator, seen))
    }

    async fn plan(&self, desired: &Desired) -> Result<Vec<Change>, Refusal> {
        self.on_the_way().await?;
        let changes = self.inner.plan(desired).await?;
        if let Some(first) = changes.first()
            && self.strikes(Trouble::EagerPlan)
            && let Ok(key) = "0e".parse()
        {
            drop(self.inner.apply(first, &Operation { key, generation: 0 }).await);
        }
        Ok(changes)
    }

    async fn apply(&self, change: &Change, operation: &Operation) -> Outcome {
        if let Err(refusal) = self.on_the_way().await {
            return Outcome::Refused(refusal);
        }
        let before = self.inner.get(&change.account).await.ok().flatten();
        if self.strikes(Trouble::EmptySuccess) {
            let at = before.as_ref().map_or(jiff::Timestamp::UNIX_EPOCH, |seen| seen.at);
            let seen = before.unwrap_or_else(|| change.account.nothing_there(at));
            return Outcome::Done { seen: pretended(change, seen) };
        }
        if before.is_some() && matches!(change.write, Write::Create { .. }) && self.strikes(Trouble::OnlyOnce) {
            return Outcome::Refused(Refusal::new(RefusalClass::Exists, "it is there already"));
        }
        let outcome = self.deliver(change, operation).await;
        self.state().before.insert(change.account.clone(), before);
        match outcome {
            Outcome::Done { .. } if self.strikes(Trouble::LostResponse) => {
                let message = format!("no answer came to `{}`", change.summary);
                Outcome::Unknown(Doubt::new(DoubtKind::LostResponse, message))
            }
            Outcome::Done { seen } => Outcome::Done { seen: self.spoilt(seen) },
            Outcome::Refused(refusal) if self.strikes(Trouble::WrongClass) => {
                Outcome::Refused(Refusal::new(RefusalClass::Maintenance, refusal.message))
            }
            outcome => outcome,
        }
    }

    async fn verify(&self, expectation: &Expectation) -> Verdict {
        if let Err(refusal) = self.on_the_way().await {
            return Verdict::Undecided { refusal };
        }
        let verdict = self.inner.verify(expectation).await;
        match verdict {
            Verdict::Unmet { seen, .. } if self.strikes(Trouble::BlindVerify) => Verdict::Met { seen },
            Verdict::Met { seen } | Verdict::Unmet { seen, .. } => {
                let at = seen.at;
                let there = seen.native_id.is_some().then_some(seen);
                let seen = self.as_seen(&expectation.account, there);
                Verdict::over(expectation, seen.unwrap_or_else(|| expectation.account.nothing_there(at)))
            }
            Verdict::Undecided { refusal } => Verdict::Undecided { refusal },
        }
    }

    async fn changes(&self, class: ObjectClass, since: Option<&ChangeToken>) -> Result<Changes, Refusal> {
        self.inner.changes(class, since).await
    }

    async fn artifacts(&self, account: &Locator, kind: Artifact) -> Result<Vec<SeenArtifact>, Refusal> {
        self.inner.artifacts(account, kind).await
    }

    fn push_down(&self, filter: &Filter) -> PushDown {
        self.inner.push_down(filter)
    }

    async fn discover(&self) -> Result<Discovery, Refusal> {
        self.inner.discover().await
    }

    fn allowance(&self) -> Option<Allowance> {
        self.inner.allowance()
    }
}
