//! The brake on workflows: one that suddenly begins too often goes on when a human says so.
//!
//! Once it holds, whatever would begin that workflow waits, so that nothing overtakes what came
//! before it; nothing is lost, and one notice tells of it. A yes begins what waits, in its order, and
//! counting begins anew; a no drops it. What must happen at once never waits. A newer word about
//! somebody takes the place of one that waits, as it does of runs that wait.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tenure_engine::journal::{Letter, Urgency};
use tenure_engine::message::{self, Busy, Start};
use tenure_flow::language::Breaker;
use tenure_model::{Actor, HeldId, RunId};
use tenure_policy::authz::{Action, Thing};
use tenure_policy::brakes::{Brake, STARTS};
use tenure_store::removals::{self, HeldSet, HeldState};
use tenure_store::starts::{self, HeldStart, StartState};
use tenure_store::{StoreError, Tx, journal, people};

use super::hold;
use crate::cx::{Cx, House};
use crate::error::AppError;
use crate::limits::{STARTS_PAGE, STARTS_PARTS};
use crate::workflows::begin::{Beginning, Cause};

/// Those of these that begin now. The others are held.
pub(crate) async fn admit(
    house: &House,
    tx: &mut Tx,
    beginnings: Vec<Beginning>,
    cause: Cause<'_>,
) -> Result<Vec<Beginning>, StoreError> {
    let newest = beginnings.iter().filter(|one| one.start.busy == Busy::Supersede);
    let lanes: Vec<String> = newest.map(|one| one.start.lane.clone()).collect();
    starts::overtake(tx, &lanes).await?;
    let mut groups: BTreeMap<String, Vec<Beginning>> = BTreeMap::new();
    for one in beginnings {
        groups.entry(one.start.name.clone()).or_default().push(one);
    }
    let (estate, mut admitted): (_, Vec<Beginning>) = (house.estate(), Vec::new());
    for (name, group) in groups {
        let breaker = estate.workflows.values().find(|known| known.name.as_str() == name).map(|known| known.breaker);
        match breaker {
            Some(breaker) => admitted.extend(of_workflow(house, tx, &name, breaker, group, cause).await?),
            None => admitted.extend(group),
        }
    }
    // Where the start that was to stop older runs is held, another one of the same word does so.
    let mut newest: BTreeSet<String> = lanes.into_iter().collect();
    newest.retain(|lane| !admitted.iter().any(|one| one.start.busy == Busy::Supersede && one.start.lane == *lane));
    for one in &mut admitted {
        if newest.remove(&one.start.lane) {
            one.start.busy = Busy::Supersede;
        }
    }
    Ok(admitted)
}

async fn of_workflow(
    house: &House,
    tx: &mut Tx,
    name: &str,
    breaker: Breaker,
    group: Vec<Beginning>,
    cause: Cause<'_>,
) -> Result<Vec<Beginning>, StoreError> {
    let now = house.clock.now();
    let brake = brake(name, breaker);
    let open = starts::open_set(tx, &brake.waits_as()).await?;
    let before = starts::count(tx, name, earlier(now, breaker)).await?;
    let room = if open.is_some() { 0 } else { breaker.starts.saturating_sub(before) };
    let room = usize::try_from(room).unwrap_or(usize::MAX);
    let (mut go, mut wait) = (Vec::new(), Vec::new());
    for one in group {
        let goes = one.start.urgency == Urgency::Urgent || go.len() < room;
        if goes { go.push(one) } else { wait.push(one) }
    }
    if let Some(first) = go.first() {
        starts::add(tx, name, part_of(now, breaker), go.len(), first.run).await?;
    }
    if !wait.is_empty() {
        let held = match open {
            Some(held) => held,
            None => hold(house, tx, &brake, None, &Actor::system("engine")).await?,
        };
        let rows: Vec<HeldStart> = wait.iter().map(|one| row(one, held, cause, now)).collect();
        starts::hold(tx, &rows).await?;
    }
    Ok(go)
}

fn brake(workflow: &str, breaker: Breaker) -> Brake {
    Brake::Starts { workflow: workflow.to_owned(), limit: breaker.starts, minutes: breaker.within.as_secs() / 60 }
}

/// The moment from which on it is counted.
fn earlier(now: Timestamp, breaker: Breaker) -> Timestamp {
    let within = SignedDuration::try_from(breaker.within).unwrap_or(SignedDuration::MAX);
    now.checked_sub(within).unwrap_or(Timestamp::MIN)
}

/// The beginning of the part of the time in which a start is counted.
fn part_of(now: Timestamp, breaker: Breaker) -> Timestamp {
    let part = i64::try_from((breaker.within / STARTS_PARTS).as_secs()).unwrap_or(i64::MAX).max(1);
    let second = now.as_second();
    Timestamp::from_second(second - second.rem_euclid(part)).unwrap_or(now)
}

fn row(one: &Beginning, held: HeldId, cause: Cause<'_>, now: Timestamp) -> HeldStart {
    HeldStart {
        run: one.run,
        held,
        person: one.person,
        workflow: one.start.name.clone(),
        lane: one.start.lane.clone(),
        source: cause.source.to_owned(),
        external: cause.external.to_owned(),
        // Names and plain values cannot fail to be written.
        body: serde_json::to_string(&one.start).unwrap_or_default(),
        at: now,
        state: StartState::Waiting,
    }
}

/// Somebody said yes: how often it began before does not count any more.
pub(super) async fn count_anew(tx: &mut Tx, set: &HeldSet) -> Result<(), StoreError> {
    if set.family != STARTS {
        return Ok(());
    }
    match serde_json::from_str(&set.brake) {
        Ok(Brake::Starts { workflow, .. }) => starts::forget(tx, &workflow).await.map(drop),
        Ok(_) | Err(_) => Ok(()),
    }
}

/// Begins, or drops, a page of what waits and was answered. Says how many.
pub async fn release(house: &Arc<House>) -> Result<usize, StoreError> {
    let answered = house.store.read(|tx| Box::pin(async move { starts::answered(tx).await })).await?;
    let Some((held, state)) = answered else { return Ok(0) };
    let now = house.clock.now();
    let job = house.store.write(move |tx| {
        Box::pin(async move {
            let rows = starts::waiting(tx, held, STARTS_PAGE).await?;
            let runs: Vec<RunId> = rows.iter().map(|row| row.run).collect();
            let became = if state == HeldState::Approved {
                let letters: Result<Vec<Letter>, StoreError> = rows.iter().map(|row| letter(row, now)).collect();
                journal::send(tx, &letters?).await?;
                StartState::Begun
            } else {
                StartState::Dropped
            };
            starts::settle(tx, &runs, became).await?;
            Ok::<_, StoreError>(runs.len())
        })
    });
    let count = job.await?;
    house.nudge();
    Ok(count)
}

fn letter(row: &HeldStart, now: Timestamp) -> Result<Letter, StoreError> {
    let start: Start = serde_json::from_str(&row.body).map_err(|error| StoreError::Inconsistent {
        table: "held_start",
        column: "body".to_owned(),
        id: row.run.to_string(),
        what: error.to_string(),
    })?;
    // It is an older word by now, and takes the place of nothing.
    let start = Start { busy: Busy::Queue, ..start };
    Ok(message::start(row.run, start, &row.source, &row.external, now))
}

/// What a set of starts holds, or held, with the names of the people, from after the cursor.
pub async fn list(
    cx: &Cx,
    held: HeldId,
    after: Option<RunId>,
    limit: usize,
) -> Result<Vec<(HeldStart, String)>, AppError> {
    cx.allow(Action::ReadHeld, &Thing::Held)?;
    let job = cx.house.store.read(move |tx| {
        Box::pin(async move {
            removals::set(tx, held).await?.ok_or_else(|| AppError::no("held set", held))?;
            let mut named = Vec::new();
            for row in starts::of_set(tx, held, after, limit).await? {
                let person = people::get(tx, row.person).await?;
                named.push((row, person.map(|person| person.display_name).unwrap_or_default()));
            }
            Ok(named)
        })
    });
    job.await
}

/// Forgets how often workflows began so long ago that no brake asks for it.
pub async fn tidy(house: &House) -> Result<u64, StoreError> {
    let most = SignedDuration::try_from(tenure_flow::limits::BREAKER_WITHIN_MAX).unwrap_or(SignedDuration::MAX);
    let before = house.clock.now().checked_sub(most).unwrap_or(Timestamp::MIN);
    house.store.write(move |tx| Box::pin(async move { starts::forget_before(tx, before).await })).await
}
