//! What is done about what a reading found: a run takes it back, a human is asked, or it is only
//! told. The whole set is held against the brakes before the first run begins.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use tenure_engine::journal::{Urgency, private_lane};
use tenure_engine::message::{self, Busy, Start};
use tenure_model::{
    AccountId, Clock, ConnectionName, Drift, DriftKind, DriftPolicy, Ids, NoticeKind, Observation, PersonId, RunId,
    new_id,
};
use tenure_policy::brakes::{self, Brake, Removal};
use tenure_policy::drift::Restoring;
use tenure_policy::{Action, Change, PersonFacts, Plan, Rules};
use tenure_store::limits::PAGE_MAX;
use tenure_store::readings::Reading;
use tenure_store::{StoreError, Tx, drifts, notices};

use super::judge::Judged;
use crate::brakes::background;
use crate::cx::{House, send};
use crate::error::AppError;
use crate::estate::{disabling, restoring as restoring_graph};
use crate::limits::JUDGED_AT_ONCE;
use crate::notices::write;
use crate::people::facts;

/// What was done about it, in numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Told {
    /// Differences, and new accounts of nobody.
    pub(super) found: usize,
    restored: usize,
    asked: usize,
    orphans: usize,
    /// Why some of it is not taken back by itself.
    held: Option<String>,
}

/// What takes these differences of one account back.
pub(crate) fn restoring(facts: &PersonFacts, drifts: &[Drift], plan: &Plan, rules: &Rules) -> Vec<(Restoring, String)> {
    let Some(drift) = drifts.first() else { return Vec::new() };
    let Some(account) = facts.accounts.iter().find(|account| account.id == drift.account) else { return Vec::new() };
    let no_names = BTreeMap::new();
    let names = rules.targets.get(&drift.connection).map_or(&no_names, |target| &target.entitlements);
    tenure_policy::drift::restoring(&drift.connection, account, drifts, plan, names)
}

/// The same in the form that the brakes count.
pub(crate) fn as_plan(policy: &Plan, drift: &Drift, restoring: &[(Restoring, String)]) -> Plan {
    let change = |action, why: &String| Change { connection: drift.connection.clone(), action, why: vec![why.clone()] };
    let taken = |change: &&Change| change.connection == drift.connection && change.action.takes_away();
    let changes = restoring.iter().flat_map(|(restoring, why)| match restoring {
        Restoring::Disable => vec![change(Action::DisableAccount { account: drift.account }, why)],
        Restoring::Remove(native) => {
            let (entitlement, native_id) = (native.to_string(), native.clone());
            vec![change(Action::RemoveEntitlement { account: drift.account, entitlement, native_id }, why)]
        }
        Restoring::Align => policy.changes.iter().filter(taken).cloned().collect(),
        Restoring::Enable | Restoring::Add(_) | Restoring::Set(_) => Vec::new(),
    });
    Plan {
        changes: changes.collect(),
        desired: Vec::new(),
        closing: Vec::new(),
        findings: Vec::new(),
        ..policy.clone()
    }
}

/// Does what the document of the connection says.
pub(super) async fn act(
    house: &House,
    connection: &ConnectionName,
    reading: &Reading,
    judged: Judged,
) -> Result<Told, AppError> {
    let Judged { drifts, orphans, .. } = judged;
    let mut told = Told { found: drifts.len() + orphans.len(), orphans: orphans.len(), ..Told::default() };
    told.asked = drifts.iter().filter(|drift| drift.policy == DriftPolicy::Ask).count();
    // From the database and not from the reading: a node that died in between left some.
    let name = connection.clone();
    let waiting = house.store.read(move |tx| Box::pin(async move { drifts::list_waiting(tx, &name, PAGE_MAX).await }));
    let restore: Vec<Drift> = waiting.await.map_err(|error: StoreError| AppError::from(error))?;
    if told.found == 0 && restore.is_empty() {
        return Ok(told);
    }
    take_back(house, restore, &mut told).await?;
    of_nobody(house, connection, reading, orphans, &mut told).await?;
    tell(house, connection, &told).await?;
    Ok(told)
}

async fn take_back(house: &House, drifts: Vec<Drift>, told: &mut Told) -> Result<(), AppError> {
    let mut groups: BTreeMap<AccountId, Vec<Drift>> = BTreeMap::new();
    for drift in drifts {
        groups.entry(drift.account).or_default().push(drift);
    }
    let set = removals(house, &groups).await?;
    let limits = house.estate().brakes.clone();
    let seen = background(house, &set, &limits, None).await?;
    let held = brakes::check(&set, &limits, &seen).first().map(|held| Brake::sentence(&held.brake));
    let losing: BTreeSet<PersonId> = set.iter().map(|removal| removal.person).collect();
    let takes = |drift: &Drift| drift.person.is_some_and(|person| losing.contains(&person));
    let (held_back, going): (Vec<Vec<Drift>>, Vec<Vec<Drift>>) =
        groups.into_values().partition(|group| held.is_some() && group.iter().any(takes));
    told.restored += going.iter().map(Vec::len).sum::<usize>();
    told.asked += held_back.iter().map(Vec::len).sum::<usize>();
    told.held = held.filter(|_| !held_back.is_empty());
    for part in held_back.concat().chunks(JUDGED_AT_ONCE) {
        let asked: Vec<Drift> = part
            .iter()
            .map(|drift| Drift { policy: DriftPolicy::Ask, version: drift.version + 1, ..drift.clone() })
            .collect();
        let job = house.store.write(move |tx| {
            Box::pin(async move {
                for drift in &asked {
                    drifts::update(tx, drift).await?;
                }
                Ok::<_, StoreError>(())
            })
        });
        job.await?;
    }
    for part in going.chunks(JUDGED_AT_ONCE) {
        let (clock, ids) = (std::sync::Arc::clone(&house.clock), std::sync::Arc::clone(&house.ids));
        let groups = part.to_vec();
        let job = house.store.write(move |tx| {
            Box::pin(async move {
                for group in groups {
                    begin(tx, clock.as_ref(), ids.as_ref(), group).await?;
                }
                Ok::<_, StoreError>(())
            })
        });
        job.await?;
    }
    Ok(())
}

/// What taking the groups back would take away.
async fn removals(house: &House, groups: &BTreeMap<AccountId, Vec<Drift>>) -> Result<Vec<Removal>, AppError> {
    let mut set = Vec::new();
    let estate = house.estate();
    let (rules, now) = (house.rules(), house.clock.now());
    for group in groups.values() {
        let Some((drift, person)) = group.first().and_then(|drift| Some((drift, drift.person?))) else { continue };
        let own = std::sync::Arc::clone(&rules);
        let loaded = house.store.read(move |tx| Box::pin(async move { facts::load_for(tx, person, &own).await }));
        let Some(facts) = loaded.await.map_err(|error: StoreError| AppError::from(error))? else { continue };
        let policy = tenure_policy::plan(&facts, &rules, now);
        let plan = as_plan(&policy, drift, &restoring(&facts, group, &policy, &rules));
        set.extend(brakes::removals(&facts, &plan, &rules, &estate.brakes));
    }
    Ok(set)
}

/// Starts the run that takes back what differs on one account.
pub(crate) async fn begin(
    tx: &mut Tx,
    clock: &dyn Clock,
    ids: &dyn Ids,
    group: Vec<Drift>,
) -> Result<Option<RunId>, StoreError> {
    let Some(first) = group.first() else { return Ok(None) };
    let run: RunId = new_id(ids);
    let definition = restoring_graph();
    let start = Start {
        lane: first.person.map_or_else(|| private_lane(run), |person| person.to_string()),
        definition: definition.hash,
        name: definition.name,
        urgency: Urgency::Normal,
        // What is under way for the person ends first; it may well be what settles it.
        busy: Busy::Queue,
        input: json!({ "drifts": group.iter().map(|drift| drift.id).collect::<Vec<_>>() }),
    };
    send(tx, message::start(run, start, "reconcile", "restore", clock.now())).await?;
    for drift in &group {
        drifts::update(tx, &Drift { run: Some(run), version: drift.version + 1, ..drift.clone() }).await?;
    }
    Ok(Some(run))
}

/// Starts once more what was begun for a person and is still open: somebody let go what was held of
/// it.
pub(crate) async fn begin_again(
    tx: &mut Tx,
    clock: &dyn Clock,
    ids: &dyn Ids,
    person: PersonId,
) -> Result<(), StoreError> {
    let mut groups: BTreeMap<AccountId, Vec<Drift>> = BTreeMap::new();
    for drift in drifts::of_person(tx, person).await? {
        if drift.closing.is_none() && drift.run.is_some() {
            groups.entry(drift.account).or_default().push(drift);
        }
    }
    for group in groups.into_values() {
        begin(tx, clock, ids, group).await?;
    }
    Ok(())
}

/// Accounts of nobody: disabled where the document says so and they are not many.
async fn of_nobody(
    house: &House,
    connection: &ConnectionName,
    reading: &Reading,
    orphans: Vec<Observation>,
    told: &mut Told,
) -> Result<(), AppError> {
    let estate = house.estate();
    let policy = estate.connections.get(connection).map(|known| known.watching.policy(DriftKind::Orphan));
    let limits = &estate.brakes;
    let usable: Vec<Observation> = orphans.into_iter().filter(|seen| seen.state.may_be_usable()).collect();
    match policy.unwrap_or_default() {
        DriftPolicy::Report => return Ok(()),
        DriftPolicy::Ask => {
            told.asked += usable.len();
            return Ok(());
        }
        DriftPolicy::Restore => {}
    }
    let (protected, usable): (Vec<Observation>, Vec<Observation>) =
        usable.into_iter().partition(|seen| limits.protected.names(connection, &[&seen.name, seen.native_id.as_str()]));
    told.asked += protected.len();
    let most = limits.accounts_at_once(connection, reading.tally.read);
    if u64::try_from(usable.len()).unwrap_or(u64::MAX) > most {
        let sentence = format!(
            "{} accounts of nobody would be disabled at {connection}; more than {most} need a human's yes",
            usable.len()
        );
        told.asked += usable.len();
        told.held.get_or_insert(sentence);
        return Ok(());
    }
    told.restored += usable.len();
    let (clock, ids) = (std::sync::Arc::clone(&house.clock), std::sync::Arc::clone(&house.ids));
    let job = house.store.write(move |tx| {
        Box::pin(async move {
            for seen in &usable {
                end_use(tx, clock.as_ref(), ids.as_ref(), seen).await?;
            }
            Ok::<_, StoreError>(())
        })
    });
    Ok(job.await?)
}

/// Starts the run that ends the use of an account of nobody.
pub(crate) async fn end_use(
    tx: &mut Tx,
    clock: &dyn Clock,
    ids: &dyn Ids,
    seen: &Observation,
) -> Result<RunId, StoreError> {
    let run: RunId = new_id(ids);
    let definition = disabling();
    let start = Start {
        lane: private_lane(run),
        definition: definition.hash,
        name: definition.name,
        urgency: Urgency::Normal,
        busy: Busy::Queue,
        input: json!({ "connection": seen.connection, "nativeId": seen.native_id }),
    };
    send(tx, message::start(run, start, "reconcile", "disable", clock.now())).await?;
    Ok(run)
}

/// One notice for a reading, however much it found.
async fn tell(house: &House, connection: &ConnectionName, told: &Told) -> Result<(), AppError> {
    let number = |name: &str, count: usize| (name.to_owned(), count.to_string());
    let data = [
        ("connection".to_owned(), connection.to_string()),
        number("found", told.found),
        number("restored", told.restored),
        number("asked", told.asked),
        number("orphans", told.orphans),
        ("held".to_owned(), told.held.clone().unwrap_or_default()),
    ];
    let rows = write::of(house, NoticeKind::DriftFound, data.into(), None);
    let job = house.store.write(move |tx| {
        Box::pin(async move {
            for notice in &rows {
                notices::insert(tx, notice).await?;
            }
            Ok::<_, StoreError>(())
        })
    });
    Ok(job.await?)
}
