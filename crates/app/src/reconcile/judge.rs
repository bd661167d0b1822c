//! What it means that accounts are not as they were last seen: whose they are, what somebody else
//! changed, and what is kept of it. One transaction for each batch.
//!
//! An account on which a run acts at this moment is left for the next reading, and so is one that
//! we wrote to after the page was asked for: what was read of it is old.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use tenure_ledger::{DetailKey, Word};
use tenure_model::{
    Account, AccountState, Actor, ConnectionName, Differences, Drift, DriftKind, DriftPolicy, NativeId, Observation,
    Observed, Part, Person, PersonId, new_id,
};
use tenure_store::{StoreError, Tx, accounts, drifts, observations, people, runs};

use super::Sighting;
use crate::cx::House;
use crate::error::AppError;
use crate::record;
use crate::workflows::begin::{self, Cause, Names};
use crate::workflows::start::{Happened, Older};

/// What a batch came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Judged {
    pub(super) new: u64,
    pub(super) linked: u64,
    pub(super) changed: u64,
    pub(super) missing: u64,
    pub(super) left: u64,
    /// What was found that is to be asked about or taken back.
    pub(super) drifts: Vec<Drift>,
    /// Accounts of nobody that were not known before.
    pub(super) orphans: Vec<Observation>,
}

impl Judged {
    /// Both together.
    pub(super) fn add(&mut self, other: Self) {
        self.new += other.new;
        self.linked += other.linked;
        self.changed += other.changed;
        self.missing += other.missing;
        self.left += other.left;
        self.drifts.extend(other.drifts);
        self.orphans.extend(other.orphans);
    }
}

/// Judges a batch.
pub(super) async fn judge(
    house: &Arc<House>,
    connection: &ConnectionName,
    batch: Vec<Sighting>,
) -> Result<Judged, AppError> {
    if batch.is_empty() {
        return Ok(Judged::default());
    }
    let house_of_job = Bench::of(house, connection);
    let job = house.store.write(move |tx| Box::pin(async move { house_of_job.judge(tx, batch).await }));
    job.await.map_err(|error: StoreError| AppError::from(error))
}

/// What a job needs of the house.
struct Bench {
    connection: ConnectionName,
    house: Arc<House>,
    policies: BTreeMap<DriftKind, DriftPolicy>,
    /// The attribute that changes whenever somebody signs in.
    last_sign_in: Option<String>,
    /// How long a write may take to be seen there.
    delay: Duration,
    /// How accounts of the system name people: their attribute, and the person's.
    matching: Option<(String, String)>,
}

/// What is known of the accounts of a batch.
#[derive(Default)]
struct Files {
    before: BTreeMap<NativeId, Observation>,
    accounts: BTreeMap<NativeId, Account>,
    open: BTreeMap<NativeId, Vec<Drift>>,
    busy: BTreeSet<String>,
}

impl Bench {
    fn of(house: &Arc<House>, connection: &ConnectionName) -> Self {
        let estate = house.estate();
        let policies = estate.connections.get(connection).map(|known| known.watching.policies.clone());
        let last_sign_in = estate.connections.get(connection).and_then(|known| known.watching.last_sign_in.clone());
        let delay = house.connector(connection).map(|connector| connector.describe().consistency_delay);
        let target = estate.rules.targets.get(connection);
        let matching = target.and_then(|target| target.template.matched_key());
        Self {
            connection: connection.clone(),
            house: Arc::clone(house),
            policies: policies.unwrap_or_default(),
            last_sign_in,
            delay: delay.unwrap_or_default(),
            matching,
        }
    }

    async fn judge(&self, tx: &mut Tx, batch: Vec<Sighting>) -> Result<Judged, StoreError> {
        let files = self.files(tx, &batch).await?;
        let mut judged = Judged::default();
        let mut rows = Vec::with_capacity(batch.len());
        for sighting in batch {
            let native = sighting.seen.native_id.clone();
            let before = files.before.get(&native);
            if before.is_some_and(|before| before.hash == sighting.seen.hash) {
                continue;
            }
            let account = files.accounts.get(&native);
            if self.is_old(&sighting, before, account) || is_busy(&files, account) {
                judged.left += 1;
                continue;
            }
            let first_seen_at = before.map_or(sighting.seen.seen_at, |before| before.first_seen_at);
            let seen = Observation { first_seen_at, ..sighting.seen };
            *(if before.is_none() { &mut judged.new } else { &mut judged.changed }) += 1;
            let open = files.open.get(&native).map(Vec::as_slice).unwrap_or_default();
            let row = match account {
                Some(account) => self.of_ours(tx, account, before, seen, open, &mut judged).await?,
                None => self.of_nobody(tx, before, seen, &mut judged).await?,
            };
            rows.push(row);
        }
        observations::put_many(tx, &rows).await?;
        Ok(judged)
    }

    async fn files(&self, tx: &mut Tx, batch: &[Sighting]) -> Result<Files, StoreError> {
        let natives: Vec<NativeId> = batch.iter().map(|sighting| sighting.seen.native_id.clone()).collect();
        let mut files = Files::default();
        for before in observations::get_many(tx, &self.connection, &natives).await? {
            files.before.insert(before.native_id.clone(), before);
        }
        for account in accounts::find_many(tx, &self.connection, &natives).await? {
            if let Some(native) = account.native_id.clone() {
                files.accounts.insert(native, account);
            }
        }
        if files.accounts.is_empty() {
            return Ok(files);
        }
        for drift in drifts::open_of(tx, &self.connection, &natives).await? {
            files.open.entry(drift.native_id.clone()).or_default().push(drift);
        }
        let lanes: Vec<String> =
            files.accounts.values().filter_map(|account| account.person).map(|id| id.to_string()).collect();
        files.busy = runs::busy_lanes(tx, &lanes).await?.into_iter().collect();
        Ok(files)
    }

    /// Whether we know something newer than what was read.
    fn is_old(&self, sighting: &Sighting, before: Option<&Observation>, account: Option<&Account>) -> bool {
        let delay = SignedDuration::try_from(self.delay).unwrap_or(SignedDuration::MAX);
        let newer = |known: Timestamp| known.checked_add(delay).is_ok_and(|settled| settled > sighting.asked_at);
        before.is_some_and(|before| before.seen_at > sighting.asked_at)
            || account.and_then(|account| account.seen_at).is_some_and(newer)
    }

    /// An account that we know.
    async fn of_ours(
        &self,
        tx: &mut Tx,
        account: &Account,
        before: Option<&Observation>,
        seen: Observation,
        open: &[Drift],
        judged: &mut Judged,
    ) -> Result<Observation, StoreError> {
        let seen = Observation { account: Some(account.id), ..seen };
        let mut found = tenure_policy::drift::differences(account, before, &seen);
        if let (Some(name), Some(changed)) = (&self.last_sign_in, found.get_mut(&DriftKind::Attribute)) {
            changed.remove(&Part::Attribute(name.clone()));
        }
        if seen.state == AccountState::Gone {
            judged.missing += u64::from(found.contains_key(&DriftKind::Missing));
        }
        // What was open is told by what it was before all of it, and not twice.
        for drift in open {
            for differences in found.values_mut() {
                differences.retain(|part, _| !drift.differences.contains_key(part));
            }
            if let Some(next) = drift.seen(&seen, "tenure") {
                drifts::update(tx, &next).await?;
            }
        }
        for (kind, differences) in found.into_iter().filter(|(_, differences)| !differences.is_empty()) {
            judged.drifts.push(self.open(tx, account, kind, differences, seen.seen_at).await?);
        }
        let next = account.clone().observed(&observed(&seen));
        if changed(account, &next) {
            accounts::upsert(tx, &next).await?;
        }
        Ok(seen)
    }

    async fn open(
        &self,
        tx: &mut Tx,
        account: &Account,
        kind: DriftKind,
        differences: Differences,
        found_at: Timestamp,
    ) -> Result<Drift, StoreError> {
        let drift = Drift {
            id: new_id(self.house.ids.as_ref()),
            connection: self.connection.clone(),
            native_id: account.native_id.clone().unwrap_or_else(|| NativeId::new("")),
            account: account.id,
            person: account.person,
            kind,
            policy: self.policies.get(&kind).copied().unwrap_or_default(),
            differences,
            found_at,
            run: None,
            closing: None,
            version: 1,
        };
        drifts::insert(tx, &drift).await?;
        let mut entry = record::entry(self.house.clock.as_ref(), &Actor::system("reconcile"), "drift.found");
        entry.system = Some(self.connection.clone());
        entry.effect = Some(Word::or_hash(kind.word()));
        entry.decision = Some(Word::or_hash(drift.policy.word()));
        entry = entry.with(DetailKey::Account, account.id);
        entry = match account.person {
            Some(person) => entry.about(person),
            None => entry.about(drift.id),
        };
        record::write(tx, self.house.ids.as_ref(), &entry).await?;
        if let Some(person) = account.person {
            self.tell_workflows(tx, &drift, person).await?;
        }
        Ok(drift)
    }

    /// Starts what waits for it. What policy says of it is done all the same.
    async fn tell_workflows(&self, tx: &mut Tx, drift: &Drift, person: PersonId) -> Result<(), StoreError> {
        let body = json!({
            "drift": drift.id, "connection": drift.connection, "account": drift.account, "kind": drift.kind.word(),
            "policy": drift.policy.word(),
        });
        let happened = Happened {
            event: "drift.found".to_owned(),
            source: Some(drift.connection.to_string()),
            changed: drift.differences.keys().map(ToString::to_string).collect(),
            older: Older::GoOn,
            input: [("body".to_owned(), body)].into_iter().collect(),
            ..Happened::default()
        };
        let cause = Cause { source: "drift", external: &drift.id.to_string(), names: Names::New };
        begin::for_people(&self.house, tx, &[person], &happened, cause).await.map(drop)
    }

    /// An account that we do not know: somebody's by what it says of them, or nobody's.
    async fn of_nobody(
        &self,
        tx: &mut Tx,
        before: Option<&Observation>,
        seen: Observation,
        judged: &mut Judged,
    ) -> Result<Observation, StoreError> {
        if seen.state == AccountState::Gone {
            return Ok(seen);
        }
        let Some(person) = self.whose(tx, &seen).await? else {
            if before.is_none() {
                judged.orphans.push(seen.clone());
            }
            return Ok(seen);
        };
        let account = seen.owned(new_id(self.house.ids.as_ref()), person);
        accounts::upsert(tx, &account).await?;
        let mut entry = record::entry(self.house.clock.as_ref(), &Actor::system("reconcile"), "account.linked");
        entry.system = Some(self.connection.clone());
        entry = entry.about(person).with(DetailKey::Account, account.id);
        record::write(tx, self.house.ids.as_ref(), &entry).await?;
        judged.linked += 1;
        Ok(Observation { account: Some(account.id), ..seen })
    }

    /// The one person whom the account names, unless they have an account there already.
    async fn whose(&self, tx: &mut Tx, seen: &Observation) -> Result<Option<PersonId>, StoreError> {
        let Some((theirs, ours)) = &self.matching else { return Ok(None) };
        let Some(value) = seen.attributes.get(theirs).map(ToString::to_string) else { return Ok(None) };
        let found: Vec<Person> = people::find_by_key(tx, ours, &value).await?;
        let [person] = found.as_slice() else { return Ok(None) };
        let known = accounts::of_person(tx, person.id).await?;
        let there = |account: &Account| {
            account.connection == self.connection && !matches!(account.state, AccountState::Absent | AccountState::Gone)
        };
        Ok((!known.iter().any(there)).then_some(person.id))
    }
}

fn is_busy(files: &Files, account: Option<&Account>) -> bool {
    account.and_then(|account| account.person).is_some_and(|person| files.busy.contains(&person.to_string()))
}

fn observed(seen: &Observation) -> Observed {
    Observed {
        native_id: Some(seen.native_id.clone()),
        name: seen.name.clone(),
        state: seen.state,
        holds: seen.holds.clone(),
        attributes: seen.attributes.clone(),
        at: seen.seen_at,
    }
}

/// Whether anything but the moment and the version differs.
fn changed(before: &Account, after: &Account) -> bool {
    let plain = |account: &Account| Account { seen_at: None, version: 0, ..account.clone() };
    plain(before) != plain(after)
}
