//! Who comes after: a task of somebody who has left, or is away with nobody who stands in, is
//! passed on, up the line of managers and in the end to whom the settings name.
//!
//! Never to somebody who may not do it. Whom we do not know as a person is left alone: a token
//! says nothing of whether its holder is still there.

use std::sync::Arc;

use jiff::Timestamp;
use tenure_ledger::{DetailKey, Hash};
use tenure_model::{
    Actor, Assignee, Engagement, EngagementState, HumanTask, NoticeKind, Person, Role, Standing, TaskEntryId, TaskKind,
    new_id, standing,
};
use tenure_store::fold::fold;
use tenure_store::tasks::{self, AfterPerson, TaskEntry};
use tenure_store::{StoreError, Tx, deputies, engagements};

use super::stand_in::is_open_to;
use super::{entry, tell};
use crate::cx::House;
use crate::error::AppError;
use crate::people::show::{KEYS, goes_by, named};
use crate::tickets::want::hand_over;
use crate::{limits, record};

/// The attribute that says who somebody's manager is.
pub(crate) const MANAGER: &str = "manager";

/// By this name it is told what becomes of tasks by themselves.
const WHO: &str = "tasks";

/// Looks through a page of what people are asked to do, and passes on what nobody is left to do.
/// Gives where the next look goes on; none: this one came to the end.
#[tracing::instrument(name = "app.tasks.succeed", skip_all)]
pub async fn look(house: &Arc<House>, after: Option<AfterPerson>) -> Result<Option<AfterPerson>, AppError> {
    let now = house.clock.now();
    let job = house.store.read(move |tx| {
        Box::pin(async move {
            let page = tasks::for_people(tx, after.as_ref(), limits::SUCCESSION_PAGE).await?;
            let last = page.last().filter(|_| page.len() == limits::SUCCESSION_PAGE);
            let next = last.map(|task| (task.assignee.to_string(), task.id));
            let mut stranded = Vec::new();
            for task in page {
                if is_stranded(tx, &task, now).await?.is_some() {
                    stranded.push(task.id);
                }
            }
            Ok::<_, AppError>((stranded, next))
        })
    });
    let (stranded, next) = job.await?;
    for task in stranded {
        let own = Arc::clone(house);
        let job = house.store.write(move |tx| {
            Box::pin(async move {
                let found = tasks::get(tx, task).await?.filter(|found| found.state.end().is_none());
                let Some(found) = found else { return Ok(()) };
                if let Some(given) = pass_on(&own, tx, &found).await? {
                    tell(&own, tx, NoticeKind::TaskOpened, &given).await?;
                    hand_over(&own, tx, &given).await?;
                }
                Ok::<_, AppError>(())
            })
        });
        job.await?;
    }
    Ok(next)
}

/// Passes a task on if nobody is left to do it, in the transaction of the caller, who tells the
/// outside of it. None: it stays where it is.
pub(super) async fn pass_on(house: &House, tx: &mut Tx, task: &HumanTask) -> Result<Option<HumanTask>, AppError> {
    let Some((person, absence)) = is_stranded(tx, task, house.clock.now()).await? else { return Ok(None) };
    let to = successor(house, tx, task, person).await?;
    let why = format!("{} {}", task.assignee, absence.words());
    let given = task.clone().reassigned(to)?;
    tasks::update(tx, &given).await?;
    let actor = Actor::system(WHO);
    if tasks::count_entries(tx, task.id).await? < limits::TASK_ENTRIES_MAX {
        let id: TaskEntryId = new_id(house.ids.as_ref());
        let (at, by, body) = (house.clock.now(), actor.name.clone(), format!("given to {}: {why}", given.assignee));
        tasks::add(tx, &TaskEntry { id, task: task.id, at, by, body, hash: None, media_type: None }, None).await?;
    }
    let told = entry(house, &actor, "task.succeeded", &given).with(DetailKey::Payload, Hash::of(why.as_bytes()));
    record::write(tx, house.ids.as_ref(), &told).await?;
    Ok(Some(given))
}

/// Why somebody is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Absence {
    Left,
    NeverCame,
    OnLeave,
}

impl Absence {
    fn words(self) -> &'static str {
        match self {
            Self::Left => "has left",
            Self::NeverCame => "never came",
            Self::OnLeave => "is on leave and nobody stands in",
        }
    }
}

/// Whom a task is for, and why they are not there, if nobody is left to do it.
async fn is_stranded(tx: &mut Tx, task: &HumanTask, now: Timestamp) -> Result<Option<(Person, Absence)>, StoreError> {
    let Assignee::Person(name) = &task.assignee else { return Ok(None) };
    let Some(person) = named(tx, name).await? else { return Ok(None) };
    let absence = with_deputies(tx, task, name, &person, now).await?;
    Ok(absence.map(|absence| (person, absence)))
}

/// Why somebody is not there, if nobody stands in who is there and may do it.
async fn with_deputies(
    tx: &mut Tx,
    task: &HumanTask,
    name: &str,
    person: &Person,
    now: Timestamp,
) -> Result<Option<Absence>, StoreError> {
    let absence = absent(&engagements::of_person(tx, person.id).await?, now);
    if absence != Some(Absence::OnLeave) {
        return Ok(absence);
    }
    for deputy in deputies::of(tx, name, now).await? {
        let is_there = match named(tx, &deputy.name).await? {
            Some(known) => absent(&engagements::of_person(tx, known.id).await?, now).is_none(),
            None => true,
        };
        if is_there && is_open_to(tx, task, &deputy).await? {
            return Ok(None);
        }
    }
    Ok(absence)
}

/// Whether somebody has left, or never came.
pub(crate) async fn has_gone(tx: &mut Tx, person: &Person, now: Timestamp) -> Result<bool, StoreError> {
    Ok(is_gone_by(&engagements::of_person(tx, person.id).await?, now))
}

/// The same of somebody with these engagements.
pub(crate) fn is_gone_by(engagements: &[Engagement], now: Timestamp) -> bool {
    matches!(absent(engagements, now), Some(Absence::Left | Absence::NeverCame))
}

fn absent(engagements: &[Engagement], now: Timestamp) -> Option<Absence> {
    let never = |engagement: &Engagement| engagement.state_at(now) == EngagementState::Rescinded;
    match standing(engagements, now) {
        Standing::Left => Some(Absence::Left),
        Standing::OnLeave => Some(Absence::OnLeave),
        Standing::None if !engagements.is_empty() && engagements.iter().all(never) => Some(Absence::NeverCame),
        Standing::None | Standing::Planned | Standing::Active => None,
    }
}

/// The first in the line of managers who is there and may do it; with none, whom the settings name.
async fn successor(house: &House, tx: &mut Tx, task: &HumanTask, person: Person) -> Result<Assignee, AppError> {
    let Assignee::Person(name) = &task.assignee else { return Ok(fallback(house)) };
    let key = KEYS.into_iter().find(|key| person.text(key).is_some_and(|text| fold(text) == fold(name)));
    let mut below = person;
    // Who manages each other in a circle are all gone, so the limit is where that ends.
    for _ in 0..limits::SUCCESSORS_MAX {
        let Some(said) = below.text(MANAGER).map(ToOwned::to_owned) else { break };
        let Some(above) = named(tx, &said).await? else { break };
        // By the key by which the one before was known; else as their own people name them.
        let name = key.and_then(|key| above.text(key)).unwrap_or(&said).to_owned();
        let is_own = task.kind != TaskKind::Work && task.about == Some(above.id);
        let is_barred = is_own || task.barred.iter().any(|barred| *barred == name || goes_by(&above, barred));
        if !is_barred && with_deputies(tx, task, &name, &above, house.clock.now()).await?.is_none() {
            return Ok(Assignee::Person(name));
        }
        below = above;
    }
    Ok(fallback(house))
}

/// Whom the settings name; a team that no document has is nobody, so then it is the operators.
pub(crate) fn fallback(house: &House) -> Assignee {
    match &house.tasks_fallback {
        Assignee::Team(team) if !house.estate().teams.contains_key(team) => {
            tracing::warn!(
                team = team.as_str(),
                "`tasks.fallback` names a team that is not there; operators are asked"
            );
            Assignee::Role(Role::Operator)
        }
        named => named.clone(),
    }
}
