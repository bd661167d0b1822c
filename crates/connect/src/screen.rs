//! A connector that stands before another: what is read comes from the system, what is written
//! stays here. For a rehearsal, in which everything happens but in the world.
//!
//! Later reads see what was kept, so that one step of a rehearsal sees what the step before it
//! did. The system hears reads and nothing else. An account that was not written is planned by its
//! own connector; one that was is planned as the contract says, over what was kept.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::FutureExt as _;
use futures::future::BoxFuture;
use serde_json::{Value as Json, json};
use tenure_model::{AccountState, Clock, ConnectionName, NativeId, Observed, Value};

use crate::actions::{Act, Actions, Sight};
use crate::change::{Change, Operation, Write, values};
use crate::connector::{AnyConnector, Checked, Connector};
use crate::description::Description;
use crate::desired::Desired;
use crate::expectation::{Expectation, Verdict};
use crate::locator::Locator;
use crate::outcome::{Outcome, WriteFault};
use crate::plan::{self, Resolved, not_there};
use crate::query::{Batch, ObjectClass, Page, Query};
use crate::refusal::Refusal;
use crate::surface::{Artifact, SeenArtifact};

/// A write that was kept from its system.
#[derive(Debug, Clone, PartialEq)]
pub struct KeptWrite {
    /// Of which connection.
    pub connection: ConnectionName,
    /// The account, by its name there.
    pub account: String,
    /// What would be written.
    pub what: Kept,
}

/// What is kept from a system.
#[derive(Debug, Clone, PartialEq)]
pub enum Kept {
    /// A write.
    Change(Change),
    /// Something that it would do for an account.
    Act(Act),
}

/// Is handed what a screen keeps, when it would happen.
pub type Keep = Arc<dyn Fn(KeptWrite) + Send + Sync>;

/// A screen before a connected system.
pub struct Screen {
    inner: Arc<dyn AnyConnector>,
    connection: ConnectionName,
    clock: Arc<dyn Clock>,
    keep: Keep,
    world: Mutex<World>,
}

/// The accounts as they would be, where that is otherwise than in the system.
#[derive(Debug, Default)]
struct World {
    accounts: BTreeMap<NativeId, Observed>,
    ended: BTreeSet<(NativeId, Artifact)>,
    /// What would be done for accounts, and whether it would not be taken back.
    acts: BTreeMap<(NativeId, String), bool>,
    made: usize,
}

impl Screen {
    /// Before this system.
    pub fn new(inner: Arc<dyn AnyConnector>, connection: ConnectionName, clock: Arc<dyn Clock>, keep: Keep) -> Self {
        Self { inner, connection, clock, keep, world: Mutex::default() }
    }

    /// The account as it would be.
    async fn look(&self, locator: &Locator) -> Result<Option<Observed>, Refusal> {
        if let Some(found) = lock(&self.world).find(locator) {
            return Ok(Some(found));
        }
        let seen = self.inner.get(locator).await?;
        // Its value may have been changed, or have become another's.
        let changed =
            |seen: &Observed| seen.native_id.as_ref().is_some_and(|id| lock(&self.world).accounts.contains_key(id));
        Ok(seen.filter(|seen| !changed(seen)))
    }

    async fn resolve(&self, desired: &Desired) -> Result<Resolved, Refusal> {
        let mut resolved = Resolved::new();
        for locator in desired.entitlements() {
            let query = Query::entitlements().only(locator.clone());
            let batch = self.inner.read(&query, &Page::first()).await?;
            let found = batch.objects.iter().find_map(|seen| seen.entitlement().cloned());
            resolved.extend(found.map(|held| (locator.clone(), held)));
        }
        Ok(resolved)
    }

    /// What it would be after the write.
    fn after(&self, change: &Change, now: Option<Observed>) -> Result<Observed, Refusal> {
        let missing = || not_there(&change.account);
        let mut seen = match (&change.write, now) {
            (Write::Create { .. }, None) => self.made(change),
            (Write::Delete, None) => return Ok(change.account.nothing_there(self.clock.now())),
            (_, now) => now.ok_or_else(missing)?,
        };
        match &change.write {
            Write::Create { attributes } | Write::Set { attributes } | Write::Move { attributes } => {
                for (name, value) in attributes {
                    put(&mut seen, name, value.clone());
                }
            }
            Write::Amend { attribute, add, remove } => {
                let mut all = seen.attributes.get(attribute).map(values).unwrap_or_default().to_vec();
                all.retain(|value| !remove.contains(value));
                let new: Vec<Value> = add.iter().filter(|value| !all.contains(value)).cloned().collect();
                all.extend(new);
                put(&mut seen, attribute, if all.is_empty() { Value::Cleared } else { Value::List(all) });
            }
            Write::Enable => seen.state = AccountState::Active,
            Write::Disable | Write::Restore => seen.state = AccountState::Disabled,
            Write::Delete => seen.state = AccountState::SoftDeleted,
            Write::Grant { entitlement, .. } => drop(seen.holds.insert(entitlement.clone())),
            Write::Revoke { entitlement, .. } => drop(seen.holds.remove(entitlement)),
            Write::SetPassword { .. } | Write::End { .. } => {}
        }
        seen.at = self.clock.now();
        Ok(seen)
    }

    fn made(&self, change: &Change) -> Observed {
        let mut world = lock(&self.world);
        world.made += 1;
        let native_id = Some(NativeId::new(format!("{REHEARSED}{}", world.made)));
        let class = self.inner.describe().class(ObjectClass::Account);
        let naming = class.map_or("", |class| class.naming_attribute.as_str());
        let name = match &change.write {
            Write::Create { attributes } => attributes.get(naming).map(ToString::to_string),
            _ => None,
        };
        let name = name.unwrap_or_else(|| change.account.to_string());
        Observed { native_id, name, state: AccountState::Active, ..change.account.nothing_there(self.clock.now()) }
    }

    /// Whether the write ends something of which there is nothing, as far as the system lists it.
    async fn is_nothing_to_end(&self, change: &Change) -> bool {
        let Write::End { artifact } = change.write else { return false };
        Connector::artifacts(self, &change.account, artifact).await.is_ok_and(|left| left.is_empty())
    }

    fn remember(&self, change: &Change, seen: &Observed) {
        let mut world = lock(&self.world);
        if let Some(id) = &seen.native_id {
            if let Write::End { artifact } = change.write {
                world.ended.insert((id.clone(), artifact));
            }
            world.accounts.insert(id.clone(), seen.clone());
        }
        drop(world);
        self.keep_from(seen, Kept::Change(change.clone()));
    }

    fn keep_from(&self, seen: &Observed, what: Kept) {
        (self.keep)(KeptWrite { connection: self.connection.clone(), account: seen.name.clone(), what });
    }

    /// The account as it would be, which must be there.
    async fn there(&self, act: &Act) -> Result<(NativeId, Observed), Refusal> {
        self.inner.describe().permits_act(act)?;
        let seen = self.look(&act.account).await?.ok_or_else(|| not_there(&act.account))?;
        let id = seen.native_id.clone().ok_or_else(|| not_there(&act.account))?;
        Ok((id, seen))
    }

    /// What would be seen of an action of this account.
    async fn sight(&self, id: &NativeId, act: &Act) -> Result<Sight, Refusal> {
        let seen = self.inner.describe().permits_act(act)?.unseen.is_none();
        let kept = lock(&self.world).acts.get(&(id.clone(), what_of(act))).copied();
        // Nobody knows an account that was only made here.
        let is_made = |value: &Json| value.as_str().is_some_and(|text| text.starts_with(REHEARSED));
        let is_new = is_rehearsed(id) || act.with.values().any(is_made);
        match (kept.or(is_new.then_some(false)), self.inner.actions()) {
            (Some(so), _) => Ok(Sight { so: seen.then_some(so), kept: json!({}) }),
            (None, Some(actions)) => actions.look(act).await,
            (None, None) => Err(self.inner.describe().unsupported("do anything for its accounts")),
        }
    }
}

/// How the ids begin of accounts that were only made here.
const REHEARSED: &str = "rehearsed-";

fn is_rehearsed(id: &NativeId) -> bool {
    id.as_str().starts_with(REHEARSED)
}

/// What an act is about, whether it is done or taken back.
fn what_of(act: &Act) -> String {
    format!("{} {}", act.action, json!(act.with))
}

impl Actions for Screen {
    fn look<'a>(&'a self, act: &'a Act) -> BoxFuture<'a, Result<Sight, Refusal>> {
        async move {
            let (id, _) = self.there(act).await?;
            self.sight(&id, act).await
        }
        .boxed()
    }

    fn act<'a>(&'a self, act: &'a Act, _: &'a Operation) -> BoxFuture<'a, Result<Sight, WriteFault>> {
        async move {
            let (id, seen) = self.there(act).await?;
            let (sight, wanted) = (self.sight(&id, act).await?, act.back.is_none());
            if sight.so == Some(wanted) {
                return Ok(sight);
            }
            lock(&self.world).acts.insert((id, what_of(act)), wanted);
            self.keep_from(&seen, Kept::Act(act.clone()));
            Ok(Sight { so: sight.so.map(|_| wanted), kept: sight.kept })
        }
        .boxed()
    }
}

impl World {
    fn find(&self, locator: &Locator) -> Option<Observed> {
        let answers = |(id, seen): &(&NativeId, &Observed)| match locator {
            Locator::Native(native) => native == *id,
            Locator::Attribute { name, value } => {
                seen.attributes.get(name).and_then(Value::as_text) == Some(value.as_str())
            }
        };
        self.accounts.iter().find(answers).map(|(_, seen)| seen.clone())
    }
}

impl Connector for Screen {
    fn describe(&self) -> &Description {
        self.inner.describe()
    }

    async fn check(&self) -> Result<Checked, Refusal> {
        self.inner.check().await
    }

    async fn read(&self, query: &Query, page: &Page) -> Result<Batch, Refusal> {
        self.inner.read(query, page).await
    }

    async fn get(&self, locator: &Locator) -> Result<Option<Observed>, Refusal> {
        self.look(locator).await
    }

    async fn plan(&self, desired: &Desired) -> Result<Vec<Change>, Refusal> {
        let Some(now) = lock(&self.world).find(desired.account()) else { return self.inner.plan(desired).await };
        let changes = plan::changes(desired, Some(&now), &self.resolve(desired).await?)?;
        let class = self.inner.describe().class(ObjectClass::Account);
        Ok(class.map_or_else(Vec::new, |class| plan::with_moves(changes, class)))
    }

    async fn apply(&self, change: &Change, _: &Operation) -> Outcome {
        let now = match self.look(&change.account).await {
            Ok(now) => now,
            Err(refusal) => return Outcome::Refused(refusal),
        };
        match self.after(change, now) {
            Ok(seen) => {
                if !self.is_nothing_to_end(change).await {
                    self.remember(change, &seen);
                }
                Outcome::Done { seen }
            }
            Err(refusal) => Outcome::Refused(refusal),
        }
    }

    async fn verify(&self, expectation: &Expectation) -> Verdict {
        match self.look(&expectation.account).await {
            Ok(seen) => {
                let nothing = || expectation.account.nothing_there(self.clock.now());
                Verdict::over(expectation, seen.unwrap_or_else(nothing))
            }
            Err(refusal) => Verdict::Undecided { refusal },
        }
    }

    fn actions(&self) -> Option<&dyn Actions> {
        self.inner.actions().map(|_| self as &dyn Actions)
    }

    async fn artifacts(&self, account: &Locator, kind: Artifact) -> Result<Vec<SeenArtifact>, Refusal> {
        let rehearsed = lock(&self.world).find(account);
        match rehearsed.and_then(|seen| seen.native_id) {
            Some(id) if lock(&self.world).ended.contains(&(id.clone(), kind)) => Ok(Vec::new()),
            Some(id) if is_rehearsed(&id) => Ok(Vec::new()),
            Some(_) | None => self.inner.artifacts(account, kind).await,
        }
    }
}

impl fmt::Debug for Screen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Screen").field("connection", &self.connection).finish_non_exhaustive()
    }
}

fn put(seen: &mut Observed, name: &str, value: Value) {
    if value == Value::Cleared {
        seen.attributes.remove(name);
    } else {
        seen.attributes.insert(name.to_owned(), value);
    }
}

fn lock<T>(kept: &Mutex<T>) -> MutexGuard<'_, T> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}
