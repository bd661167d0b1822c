//! Putting a plan into force: the plan that was looked at, or nothing.
//!
//! First everything is worked out again and held against what was kept; if anything it rests on
//! moved, it stops there. Then the documents are put into force, and the brakes look at the whole set.
//! Only then, page by page, what may be taken away is let go, what may not is held, and a run begins
//! for each person whom the plan touches. Every part can be done twice; a crash costs a page.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use tenure_ledger::{DetailKey, Fact, Hash, Word};
use tenure_model::{Actor, PersonId, PlanId};
use tenure_policy::authz::{Action, Thing};
use tenure_policy::brakes::{self, Brake, Limits, Removal};
use tenure_store::estates::EstateVersion;
use tenure_store::plans::{self, PlanPerson, PlanRow, PlanState};
use tenure_store::{StoreError, Tx, people, removals};

use crate::brakes::decide::look_again;
use crate::brakes::{Fate, background, hold, row};
use crate::cx::{Cx, House, send};
use crate::error::AppError;
use crate::limits::{PLAN_PAGE, PLAN_STEP_TIME};
use crate::people::settle::settle;
use crate::plans::compute::{Came, Work};
use crate::plans::outcome::Outcome;
use crate::plans::report::{HeldLine, Report, Tally};
use crate::plans::{Asked, begin};
use crate::record;
use crate::versions::follow::follow;
use crate::versions::take::take;

/// Asks that a plan be put into force. A durable run does it.
pub async fn apply(cx: &Cx, id: PlanId, reason: String) -> Result<PlanRow, AppError> {
    cx.allow(Action::ApplyPlan, &Thing::Plan)?;
    let (house, actor) = (Arc::clone(&cx.house), cx.actor.clone());
    let job = cx.house.store.write(move |tx| {
        Box::pin(async move {
            let plan = plans::get(tx, id).await?.ok_or_else(|| AppError::no("plan", id))?;
            may_begin(&house, &plan)?;
            let next = PlanRow {
                state: PlanState::Applying,
                progress: None,
                applied_by: Some(actor.name.clone()),
                note: Some(reason),
                ..plan
            };
            plans::update(tx, &next, PlanState::Ready).await?;
            tenure_store::journal::define(tx, vec![begin::applying()]).await?;
            send(tx, begin::letter(&house, id, begin::applying(), 0)).await?;
            let entry = record::entry(house.clock.as_ref(), &actor, "plan.applied").about(id);
            let digest = next.digest.clone().unwrap_or_default();
            let entry = entry.with(DetailKey::Payload, Fact::Hash(Hash::of(digest.as_bytes())));
            record::write(tx, house.ids.as_ref(), &entry).await?;
            Ok::<_, AppError>(next)
        })
    });
    let plan = job.await?;
    cx.house.nudge();
    Ok(plan)
}

fn may_begin(house: &House, plan: &PlanRow) -> Result<(), AppError> {
    let id = plan.id;
    if plan.state != PlanState::Ready {
        return Err(AppError::Conflict(format!(
            "`{id}` is {}, and only one that is ready can be applied",
            plan.state.word()
        )));
    }
    if plan.good_until < house.clock.now() {
        return Err(AppError::Conflict(format!("`{id}` was good until {}; make a new one", plan.good_until)));
    }
    let asked: Asked = serde_json::from_str(&plan.asked).map_err(|error| AppError::Corrupt(error.to_string()))?;
    if let Some(at) = asked.at {
        return Err(AppError::Conflict(format!("`{id}` shows {at}, which has not come; make one without a date")));
    }
    let report: Report = read(plan.report.as_deref())?;
    match report.over.first() {
        Some(over) => Err(AppError::Conflict(format!("`{id}` is past a bound that was asked for: {over}"))),
        None => Ok(()),
    }
}

fn read<T: serde::de::DeserializeOwned>(text: Option<&str>) -> Result<T, AppError> {
    serde_json::from_str(text.unwrap_or_default()).map_err(|error| AppError::Corrupt(error.to_string()))
}

/// Works at putting a plan into force for as long as one step may.
pub(crate) async fn work(house: &Arc<House>, id: PlanId) -> Result<Came, AppError> {
    let work = Work::of(house, id).await?;
    if work.plan.state != PlanState::Applying {
        return Ok(Came::Through);
    }
    let plan = if work.plan.version.is_some() {
        work.plan.clone()
    } else {
        match same_as_shown(house, &work).await? {
            Ok(report) => put(house, &work, report).await?,
            Err(moved) => {
                let next = PlanRow { state: PlanState::Moved, note: Some(moved), ..work.plan };
                update(house, next, PlanState::Applying).await?;
                return Ok(Came::Through);
            }
        }
    };
    if let Err(error) = follow(house).await {
        return Err(AppError::Conflict(error.to_string()));
    }
    spread(house, plan, work.limits().clone()).await
}

/// Works everything out again and holds it against what was shown. Gives the report with what the
/// brakes say now, or what moved.
async fn same_as_shown(house: &House, work: &Work) -> Result<Result<Report, String>, AppError> {
    let id = work.plan.id;
    if house.live.now().version != work.plan.base {
        return Ok(Err("another version of the estate was put into force since; make a new plan".to_owned()));
    }
    let mut tally = Tally::new(house.clock.now());
    let mut after = None;
    loop {
        let page = work.page(house, after).await?;
        let Some(last) = page.last().map(|looked| looked.facts.person.id) else { break };
        after = Some(last);
        for (row, outcome) in work.outcomes(house, &page) {
            tally.add(&outcome, &row.digest);
        }
    }
    if Some(tally.digest()) != work.plan.digest {
        return Ok(Err(what_moved(house, work, id).await?));
    }
    let mut report: Report = read(work.plan.report.as_deref())?;
    let seen = background(house, &tally.removals, work.limits(), None).await?;
    let held = brakes::check(&tally.removals, work.limits(), &seen);
    report.held = tally.report(report.documents.clone(), report.looked_at, &held).held;
    Ok(Ok(report))
}

/// The first person for whom it comes to something else, in a sentence.
async fn what_moved(house: &House, work: &Work, id: PlanId) -> Result<String, AppError> {
    let mut after = None;
    loop {
        let page = work.page(house, after).await?;
        let Some(last) = page.last().map(|looked| looked.facts.person.id) else { break };
        after = Some(last);
        let now: Vec<(PlanPerson, Outcome)> = work.outcomes(house, &page);
        for facts in page.iter().map(|looked| &looked.facts) {
            let person = facts.person.id;
            let job = house.store.read(move |tx| Box::pin(async move { plans::person(tx, id, person).await }));
            let shown = job.await.map_err(|error: StoreError| AppError::from(error))?.map(|shown| shown.digest);
            let found = now.iter().find(|(row, _)| row.person == person).map(|(row, _)| row.digest.clone());
            if shown != found {
                let name = &facts.person.display_name;
                return Ok(format!("what is known of {name} is not what it was; make a new plan"));
            }
        }
    }
    Ok("somebody whom the plan touches is not there any more; make a new plan".to_owned())
}

/// Puts the documents into force. What the brakes said of the whole set stays with the plan.
async fn put(house: &Arc<House>, work: &Work, report: Report) -> Result<PlanRow, AppError> {
    let own = Arc::clone(house);
    let (plan, files, definitions) = (work.plan.clone(), work.files.clone(), work.estate.definitions());
    let version = if files.is_empty() { plan.base } else { plan.base + 1 };
    let body = serde_json::to_string(&report).map_err(|error| AppError::Corrupt(error.to_string()))?;
    let now = house.clock.now();
    let next = PlanRow { version: Some(version), applied_at: Some(now), report: Some(body), ..plan };
    let kept = next.clone();
    let job = house.store.write(move |tx| {
        Box::pin(async move {
            if !files.is_empty() {
                let by = kept.applied_by.clone().unwrap_or_default();
                let reason = kept.note.clone().unwrap_or_default();
                let row = EstateVersion { version, hash: kept.hash.clone(), at: now, by: by.clone(), reason };
                take(&own, tx, &Actor::system(&by), &row, &files, definitions).await?;
            }
            Ok::<_, AppError>(plans::update(tx, &kept, PlanState::Applying).await?)
        })
    });
    job.await?;
    Ok(next)
}

/// Lets go, holds and begins, page by page.
async fn spread(house: &Arc<House>, mut plan: PlanRow, limits: Limits) -> Result<Came, AppError> {
    let report: Report = read(plan.report.as_deref())?;
    let held: Arc<Vec<HeldLine>> = Arc::new(report.held);
    let began: Timestamp = house.clock.now();
    loop {
        let (id, after) = (plan.id, plan.progress);
        let job = house.store.read(move |tx| Box::pin(async move { plans::people(tx, id, after, PLAN_PAGE).await }));
        let page: Vec<PlanPerson> = job.await.map_err(|error: StoreError| AppError::from(error))?;
        let Some(last) = page.last().map(|one| one.person) else { break };
        plan.progress = Some(last);
        let (own, held, limits, next) = (Arc::clone(house), Arc::clone(&held), limits.clone(), plan.clone());
        let job = house
            .store
            .write(move |tx| Box::pin(async move { one_page(&own, tx, &next, &page, &held, &limits).await }));
        job.await?;
        house.nudge();
        if house.clock.now().duration_since(began).unsigned_abs() > PLAN_STEP_TIME {
            return Ok(Came::More);
        }
    }
    let next = PlanRow { state: PlanState::Applied, ..plan };
    update(house, next, PlanState::Applying).await?;
    Ok(Came::Through)
}

async fn one_page(
    house: &House,
    tx: &mut Tx,
    plan: &PlanRow,
    page: &[PlanPerson],
    held: &[HeldLine],
    limits: &Limits,
) -> Result<(), AppError> {
    let by = Actor::system(plan.applied_by.as_deref().unwrap_or_default());
    let (estate, mut rows) = (house.estate(), Vec::new());
    let mut touched: BTreeMap<&str, Vec<PersonId>> = BTreeMap::new();
    for one in page {
        let outcome: Outcome = read(Some(&one.body))?;
        for removal in &outcome.removals {
            let brake = held.iter().map(|line| &line.brake).find(|brake| holds(brake, removal, limits));
            let fate = match brake {
                Some(brake) => Fate::Held(hold(house, tx, brake, Some(plan.id), &by).await?),
                None => Fate::Let,
            };
            rows.push(row(house, removal, fate));
        }
        if !outcome.values.is_empty()
            && let Some(known) = people::get(tx, one.person).await?
        {
            // Whoever looks at them next decides by what is known then.
            settle(house.ids.as_ref(), &estate, tx, known, house.clock.now()).await?;
        }
        let event = if outcome.presence == "over" { "employment.ended" } else { "person.changed" };
        touched.entry(event).or_default().push(one.person);
    }
    removals::insert(tx, &rows).await?;
    let mut begun = 0;
    for (event, people) in touched {
        begun += look_again(house, tx, &plan.id.to_string(), &people, event).await?;
    }
    plans::update(tx, plan, PlanState::Applying).await?;
    let mut entry = record::entry(house.clock.as_ref(), &by, "plan.spread").about(plan.id);
    entry.decision = Some(Word::or_hash(if held.is_empty() { "whole" } else { "in-part" }));
    entry = entry.with(DetailKey::Count, i64::try_from(begun).unwrap_or(i64::MAX));
    record::write(tx, house.ids.as_ref(), &entry).await?;
    Ok(())
}

/// Whether a brake that held of the whole set withholds this.
fn holds(brake: &Brake, removal: &Removal, limits: &Limits) -> bool {
    match brake {
        Brake::Protected { person, .. } => removal.person == *person && removal.protected.is_some(),
        Brake::LastAdmin { connection, entitlement } => {
            removal.connection == *connection && removal.administers.contains(entitlement)
        }
        Brake::TooMany { bound, connection, .. } => {
            let mut named = limits.bounds.iter().filter(|known| known.name == *bound);
            // A bound that is not known any more held once, and does so still.
            removal.connection == *connection && named.next().is_none_or(|known| known.is_about(removal))
        }
        Brake::Feed { .. } => true,
        Brake::Starts { .. } => false,
    }
}

async fn update(house: &House, plan: PlanRow, from: PlanState) -> Result<(), StoreError> {
    house.store.write(move |tx| Box::pin(async move { plans::update(tx, &plan, from).await })).await
}
